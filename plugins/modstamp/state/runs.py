"""Runs: one pass of one mapping in one direction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select

from modstamp.model import Direction
from modstamp.ports import RunRecord
from modstamp.state.rows import upsert
from modstamp.state.tables import runs

_RECENT = 50  # runs
_TELLING = 1_000  # records; a small run is mostly start and end
_FIELDS = tuple(runs.c[name] for name in RunRecord.__dataclass_fields__)


class Runs:
    """Of one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, run: RunRecord) -> None:
        row = {field.name: getattr(run, field.name) for field in _FIELDS}
        counts, reasons = dict(run.counts), {kind: dict(found) for kind, found in run.reasons.items()}
        upsert(self._connection, runs, [{**row, "direction": str(run.direction), "counts": counts, "reasons": reasons}])

    def get(self, run_id: str) -> RunRecord | None:
        row = self._connection.execute(select(*_FIELDS).where(runs.c.id == run_id)).one_or_none()
        return None if row is None else _record(row)

    def rows_per_second(self, mapping: str, direction: Direction) -> float | None:
        mine = (runs.c.mapping == mapping) & (runs.c.direction == str(direction)) & (runs.c.status == "completed")
        query = select(runs.c.counts, runs.c.seconds).where(mine).order_by(runs.c.started_at.desc()).limit(_RECENT)
        found = [(counts.get("seen", 0), seconds) for counts, seconds in self._connection.execute(query)]
        telling = [(seen, seconds) for seen, seconds in found if seen >= _TELLING]
        return sum(seen for seen, _ in telling) / sum(seconds for _, seconds in telling) if telling else None

    def latest(self) -> list[RunRecord]:
        """The newest sync of each mapping and direction, in their order."""
        newest_first = func.row_number().over(
            partition_by=(runs.c.mapping, runs.c.direction), order_by=(runs.c.started_at.desc(), runs.c.id.desc())
        )
        ranked = select(runs.c.id, newest_first.label("place")).where(runs.c.kind == "sync").subquery()
        query = select(*_FIELDS).join(ranked, ranked.c.id == runs.c.id).where(ranked.c.place == 1)
        return [_record(row) for row in self._connection.execute(query.order_by(runs.c.mapping, runs.c.direction))]


def _record(row: Row[*tuple[Any, ...]]) -> RunRecord:
    values = dict(row._mapping)  # noqa: SLF001  # documented by SQLAlchemy; the underscore avoids column names
    return RunRecord(**{**values, "direction": Direction(values["direction"])})
