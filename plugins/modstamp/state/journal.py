"""What is written down: the log, the history of values, what validation found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, func, select

from modstamp.model import Direction
from modstamp.state.clock import Clock
from modstamp.state.rows import add, read, upsert
from modstamp.state.tables import actions, history, validations

_GIVEN_LATER = {"id", "at"}


class Journal:
    """Of one open transaction: what is rolled back was never done, and is not written down."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def log(self, rows: pd.DataFrame) -> None:
        """One row per record that was written, and one per record that was not done, with its reason (G29)."""
        self._append(actions, rows)

    def history(self, rows: pd.DataFrame) -> None:
        """Every field that was written, and every value that lost (G14)."""
        self._append(history, rows)

    def writes_of(self, run_id: str, mapping: str, side: str, after: int, links: int) -> pd.DataFrame:
        """Whole links at a time, so that none is met twice."""
        mine = (history.c.run_id == run_id) & (history.c.mapping == mapping) & (history.c.side == side)
        page = select(history.c.link_id).distinct().where(mine, history.c.link_id > after)
        page = page.order_by(history.c.link_id).limit(links)
        query = select(history.c.link_id, history.c.field, history.c.old, history.c.new)
        return read(self._connection, query.where(mine, history.c.link_id.in_(page)).order_by(history.c.id))

    def count_writes(self, run_id: str) -> int:
        query = select(func.count()).select_from(history).where(history.c.run_id == run_id)
        return self._connection.execute(query).scalar_one()

    def count_done(self, run_id: str, statuses: Sequence[str]) -> dict[str, int]:
        mine = (actions.c.run_id == run_id) & actions.c.status.in_(statuses)
        query = select(actions.c.status, func.count().label("number")).where(mine).group_by(actions.c.status)
        return {row.status: row.number for row in self._connection.execute(query)}

    def validation(self, run_id: str, mapping: str, direction: Direction, document: Mapping[str, Any]) -> None:
        """A step that runs again replaces what it had found."""
        row = {"run_id": run_id, "mapping": mapping, "direction": str(direction), "at": self._now()}
        upsert(self._connection, validations, [{**row, "document": dict(document)}])

    def _append(self, table: Table, rows: pd.DataFrame) -> None:
        names = [column.name for column in table.columns if column.name not in _GIVEN_LATER]
        add(self._connection, table, rows, names, {"at": self._now()})
