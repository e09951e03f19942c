"""Cursors: how far the external side of a mapping has been read (G2, G3)."""

from __future__ import annotations

from sqlalchemy import Connection, select

from modstamp.ports import Cursor
from modstamp.state.rows import upsert
from modstamp.state.tables import cursors


class Cursors:
    """Of one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, mapping: str) -> Cursor:
        """An empty cursor for a mapping that was never read."""
        row = self._connection.execute(select(cursors).where(cursors.c.mapping == mapping)).one_or_none()
        if row is None:
            return Cursor()
        after = None if row.after_stamp is None else (row.after_stamp, row.after_id)
        return Cursor(cursor=row.cursor, lower=row.lower, upper=row.upper, after=after, done=row.done or {})

    def put(self, mapping: str, cursor: Cursor) -> None:
        """All of it, the checkpoint included."""
        stamp, record_id = cursor.after or (None, None)
        window = {"cursor": cursor.cursor, "lower": cursor.lower, "upper": cursor.upper, "done": dict(cursor.done)}
        upsert(self._connection, cursors, [{"mapping": mapping, **window, "after_stamp": stamp, "after_id": record_id}])
