"""Holds: runs that ask before they write, and what people answered (G28)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from modstamp.model import Direction
from modstamp.ports import Hold
from modstamp.state.rows import upsert
from modstamp.state.tables import holds


class Holds:
    """Of one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, mapping: str, direction: Direction) -> Hold | None:
        query = select(holds).where(holds.c.mapping == mapping, holds.c.direction == str(direction))
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else _hold(row)

    def all(self) -> list[Hold]:
        """Those who have waited longest first."""
        rows = self._connection.execute(select(holds).order_by(holds.c.asked_at, holds.c.mapping, holds.c.direction))
        return [_hold(row) for row in rows.mappings()]

    def put(self, hold: Hold) -> None:
        row: dict[str, Any] = {**asdict(hold), "direction": str(hold.direction), "counts": dict(hold.counts)}
        upsert(self._connection, holds, [row])

    def drop(self, mapping: str, direction: Direction) -> None:
        self._connection.execute(delete(holds).where(holds.c.mapping == mapping, holds.c.direction == str(direction)))


def _hold(row: RowMapping) -> Hold:
    return Hold(**{**row, "direction": Direction(row["direction"])})
