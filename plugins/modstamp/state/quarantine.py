"""Quarantine: where records wait with a reason, one entry per mapping, direction and record (G26)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, delete, select

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.state.clock import Clock
from modstamp.state.links import family_key
from modstamp.state.rows import among, parameters, read, upsert
from modstamp.state.tables import links, quarantine

_STORED = ("record_id", "kind", "code", "reason", "detail", "stamp", "hash", "mapping_hash", "run_id")
_SHOWN = ("record_id", "kind", "code", "reason", "detail", "stamp", "hash")


class Quarantine:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def put(self, mapping: str, direction: Direction, rows: pd.DataFrame) -> None:
        """A record that waits already keeps the time since when it has been waiting."""
        common = {"mapping": mapping, "direction": str(direction), "since": self._now()}
        values = [{**common, **row} for row in parameters(quarantine, rows, _STORED)]
        upsert(self._connection, quarantine, values, {"since": quarantine.c.since})

    def release(self, mapping: str, direction: Direction, ids: Sequence[str]) -> int:
        """How many of these records were waiting."""
        return self._connection.execute(delete(quarantine).where(*self._of(mapping, direction, ids))).rowcount

    def waiting(self, mapping: str, direction: Direction, ids: Sequence[str]) -> pd.DataFrame:
        """Those of these records that wait."""
        query = select(*(quarantine.c[name] for name in _SHOWN)).where(*self._of(mapping, direction, ids))
        return read(self._connection, query.order_by(quarantine.c.record_id))

    def withheld(self, mapping: str, direction: Direction, after: str, limit: int) -> list[str]:
        """In the order of ids, so that one page follows the other."""
        query = select(quarantine.c.record_id).where(
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(direction),
            quarantine.c.kind == "withheld",
            quarantine.c.record_id > after,
        )
        return list(self._connection.scalars(query.order_by(quarantine.c.record_id).limit(limit)))

    def held_for(self, mapping: str, direction: Direction) -> dict[str, list[str]]:
        """Ambiguous records → the ids that they matched; a target's own refusal as a duplicate is not among them."""
        return self._told(mapping, direction, "ambiguous", "candidates")

    def matched_by(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Ambiguous external records → internal field → the value by which they were matched."""
        return self._said(mapping, Direction.POLLING, "ambiguous", "match")

    def became(self, mapping: str) -> dict[str, str]:
        """Held internal records → ``Type:id`` of what their counterpart became (G12)."""
        found: dict[str, str] = self._told(mapping, Direction.PUSHING, "held", "became")
        return found

    def lacking(self, mapping: str, direction: Direction) -> dict[str, dict[str, str]]:
        """Rejected records → internal field → the value that named no record."""
        return self._said(mapping, direction, "rejected", "lacks")

    def taken(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Rejected external records → internal field → the value that another record has."""
        return self._said(mapping, Direction.POLLING, "rejected", "taken")

    def sent(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Records that the target refused → external field → the value that was sent."""
        return self._told(mapping, Direction.PUSHING, "rejected", "sent")

    def release_linked_elsewhere(self, mapping: TypeMapping) -> int:
        """Records that another mapping of the family has linked; returns how many were waiting."""
        linked = select(links.c.id).where(
            links.c.family == family_key(*mapping.family),
            links.c.mapping != mapping.name,
            links.c.internal_id == quarantine.c.record_id,
            links.c.state != "tombstone",
        )
        waiting = delete(quarantine).where(
            quarantine.c.mapping == mapping.name,
            quarantine.c.direction == str(Direction.PUSHING),
            linked.exists(),
        )
        return self._connection.execute(waiting).rowcount

    def _said(self, mapping: str, direction: Direction, kind: str, key: str) -> dict[str, Any]:
        """As `_told`, without those of which it says nothing."""
        return {record: values for record, values in self._told(mapping, direction, kind, key).items() if values}

    def _told(self, mapping: str, direction: Direction, kind: str, key: str) -> dict[str, Any]:
        """Records of one kind → what their detail says under a key, where it says something."""
        query = select(quarantine.c.record_id, quarantine.c.detail).where(
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(direction),
            quarantine.c.kind == kind,
        )
        rows = self._connection.execute(query.order_by(quarantine.c.record_id))
        return {row.record_id: row.detail[key] for row in rows if key in row.detail}

    def unmatched(self, mapping: str, direction: Direction, after: str, limit: int) -> pd.DataFrame:
        """In the order of ids, so that one page follows the other."""
        query = select(*(quarantine.c[name] for name in _SHOWN)).where(
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(direction),
            quarantine.c.kind.in_(["ambiguous", "held"]),
            quarantine.c.record_id > after,
        )
        return read(self._connection, query.order_by(quarantine.c.record_id).limit(limit))

    def of_cause(self, mapping: str, direction: Direction, code: str | None, after: str, limit: int) -> list[str]:
        """Ids in their order, so that pages neither overlap nor leave any out."""
        query = select(quarantine.c.record_id).where(
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(direction),
            quarantine.c.record_id > after,
        )
        if code is not None:
            query = query.where(quarantine.c.code == code)
        return list(self._connection.scalars(query.order_by(quarantine.c.record_id).limit(limit)))

    def _of(self, mapping: str, direction: Direction, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
        return (
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(direction),
            among(self._connection, quarantine.c.record_id, ids),
        )
