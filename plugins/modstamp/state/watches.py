"""Watches: which mappings hear of which table, by triggers or by a column (G4, G31)."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from modstamp.ports import ChangeColumn
from modstamp.state.tables import watches


class Watches:
    """Of one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def change_column(self, mapping: str) -> ChangeColumn | None:
        """None: triggers tell."""
        query = select(watches.c.change_column, watches.c.read_until, watches.c.seen).where(
            watches.c.mapping == mapping, watches.c.change_column.is_not(None)
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else ChangeColumn(name=row[0], read_until=row[1], seen=row[2] or {})

    def keep(self, mapping: str, read: ChangeColumn) -> None:
        statement = update(watches).where(watches.c.mapping == mapping)
        self._connection.execute(statement.values(read_until=read.read_until, seen=dict(read.seen)))
