"""Choices: records of which a person has said that they match nothing that is there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from modstamp.model import Direction
from modstamp.state.clock import Clock
from modstamp.state.rows import among, upsert
from modstamp.state.tables import choices


class Choices:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def put(self, mapping: str, direction: Direction, record_id: str, who: str) -> None:
        key = {"mapping": mapping, "direction": str(direction), "record_id": record_id}
        upsert(self._connection, choices, [{**key, "chosen_by": who, "chosen_at": self._now()}])

    def among(self, mapping: str, direction: Direction, ids: Sequence[str]) -> set[str]:
        """Those of these records that are to be made anew."""
        mine = (choices.c.mapping == mapping) & (choices.c.direction == str(direction))
        query = select(choices.c.record_id).where(mine, among(self._connection, choices.c.record_id, ids))
        return set(self._connection.scalars(query))

    def drop(self, mapping: str, direction: Direction, ids: Sequence[str]) -> None:
        mine = (choices.c.mapping == mapping) & (choices.c.direction == str(direction))
        self._connection.execute(delete(choices).where(mine, among(self._connection, choices.c.record_id, ids)))
