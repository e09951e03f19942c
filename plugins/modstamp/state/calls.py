"""The meter: every request to an outside service is written down as it happens (G27, OSF-083 to 087).

Each call is committed on its own, so that it counts even when the work around it is rolled back. On SQLite, where one
transaction writes at a time, a call must therefore not be made inside a transaction; the engine makes none there (G18).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select

from modstamp.model import Call
from modstamp.state.clock import Clock, system_time
from modstamp.state.rows import insertion
from modstamp.state.tables import calls
from modstamp.state.tables import usage as usage_table

_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a service said of the calls that all applications made in the last 24 hours, and when it said so."""

    used: int
    maximum: int
    at: datetime


def record_call(engine: Engine, call: Call, mapping: str | None = None, run_id: str | None = None) -> None:
    """Write down a call, and what its answer said of the service's limit: `used` and `maximum` in its detail."""
    with engine.begin() as connection:
        connection.execute(
            insert(calls).values(
                at=call.at,
                connection=call.connection,
                mapping=mapping,
                run_id=run_id,
                kind=call.kind,
                counted=call.counted,
                seconds=call.seconds,
                status=call.status,
            )
        )
        if "used" in call.detail:
            _keep_report(connection, call)


def usage(engine: Engine, connection: str, since: datetime) -> int:
    """Calls that the service charged us for since then, made by any process."""
    return _counted(engine, calls.c.connection == connection, calls.c.at >= since)


def last_report(engine: Engine, connection: str) -> Report | None:
    """What any process heard last; None: nothing yet."""
    with engine.connect() as opened:
        row = opened.execute(select(usage_table).where(usage_table.c.connection == connection)).one_or_none()
    return None if row is None else Report(used=row.used_by_all, maximum=row.maximum, at=row.at)


class Meter:
    """The callbacks that a connector gets, for one connection; `during` names the run that its calls belong to."""

    def __init__(self, engine: Engine, connection: str, clock: Clock = system_time) -> None:
        self._engine = engine
        self._connection = connection
        self._clock = clock
        self._run_id: str | None = None
        self._mapping: str | None = None

    @contextmanager
    def during(self, run_id: str, mapping: str) -> Iterator[None]:
        self._run_id, self._mapping = run_id, mapping
        try:
            yield
        finally:
            self._run_id, self._mapping = None, None

    def record(self, call: Call) -> None:
        record_call(self._engine, call, self._mapping, self._run_id)

    def usage(self) -> int:
        """Our counted calls of the last 24 hours."""
        return usage(self._engine, self._connection, self._clock() - _DAY)

    def usage_of(self, prefix: str) -> int:
        """The same, of those that were made by runs whose ids begin like this."""
        mine = calls.c.run_id.startswith(prefix, autoescape=True)
        return _counted(self._engine, calls.c.connection == self._connection, mine, calls.c.at >= self._clock() - _DAY)

    def last_report(self) -> Report | None:
        return last_report(self._engine, self._connection)

    def counted(self, run_id: str) -> int:
        """Counted calls of one run, over all of its steps."""
        return _counted(self._engine, calls.c.run_id == run_id)


def _keep_report(connection: Connection, call: Call) -> None:
    """Unless a later answer is known already: processes do not write down in the order in which they were answered."""
    report = {"used_by_all": call.detail["used"], "maximum": call.detail["maximum"], "at": call.at}
    statement = insertion(connection, usage_table).values(connection=call.connection, **report)
    newer = usage_table.c.at <= call.at
    connection.execute(
        statement.on_conflict_do_update(index_elements=[usage_table.c.connection], set_=report, where=newer)
    )


def _counted(engine: Engine, *conditions: ColumnElement[bool]) -> int:
    with engine.connect() as connection:
        query = select(func.coalesce(func.sum(calls.c.counted), 0)).where(*conditions)
        return int(connection.execute(query).scalar_one())
