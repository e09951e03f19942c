"""Pending entries: records that a mapping still has to look at (G4, G6, G16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, case, delete, func, or_, select, update

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.ports import NamesOf
from modstamp.state.awaited import linked
from modstamp.state.clock import Clock
from modstamp.state.links import Links
from modstamp.state.rows import Row, among, insertion, parameters, read, upsert
from modstamp.state.tables import pending

_EDITS = pending.c["columns"]


class Pendings:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock, links: Links) -> None:
        self._connection = connection
        self._now = now
        self._links = links

    def wake(self, mapping: TypeMapping, direction: Direction, names_of: NamesOf) -> int:
        """A parent is named as `model.awaited` does, by its id on the source's side of the direction."""
        of_mapping = _entries(mapping.name, direction)
        query = select(pending.c.waits_for).distinct().where(*of_mapping, pending.c.waits_for.is_not(None))
        awaited = self._connection.scalars(query).all()
        there = linked(self._links, mapping.connection, direction.source, awaited, names_of)
        if not there:
            return 0
        woken = update(pending).where(*of_mapping, among(self._connection, pending.c.waits_for, there))
        return self._connection.execute(woken.values(waits_for=None, reason=None)).rowcount

    def due(self, mapping: str, direction: Direction, limit: int | None) -> pd.DataFrame:
        """Entries with a time before which they are not to be taken are left out until then."""
        query = (
            select(pending.c.record_id, pending.c.counter, _EDITS, pending.c.deleted, pending.c.reason)
            .where(
                *_entries(mapping, direction),
                pending.c.waits_for.is_(None),
                or_(pending.c.not_before.is_(None), pending.c.not_before <= self._now()),
            )
            .order_by(pending.c.since, pending.c.record_id)
            .limit(limit)
        )
        return _with_edits(read(self._connection, query))

    def lock(self, mapping: str, direction: Direction, ids: Sequence[str], *, lock: bool = True) -> pd.DataFrame:
        """Locked in the order of record ids, so that none deadlock."""
        query = (
            select(pending.c.record_id, pending.c.counter, _EDITS)
            .where(*_entries(mapping, direction), among(self._connection, pending.c.record_id, ids))
            .order_by(pending.c.record_id)
        )
        return _with_edits(read(self._connection, query.with_for_update() if lock else query))

    def drop(self, mapping: str, direction: Direction, entries: pd.DataFrame) -> None:
        """An entry that was raised since it was read stays, as does one whose counter was never read (None)."""
        # Not one DELETE per entry: on a table without statistics PostgreSQL may search for each by a poor index.
        current = self.lock(mapping, direction, entries["record_id"].tolist())
        unchanged = _versions(current) & _versions(entries)
        done = among(self._connection, pending.c.record_id, [record for record, _ in unchanged])
        self._connection.execute(delete(pending).where(*_entries(mapping, direction), done))

    def leave(self, mapping: str, direction: Direction, entries: pd.DataFrame) -> None:
        """Oldest first by when an entry was first left: further reasons do not send it back in the queue."""
        rows = parameters(pending, entries, ("record_id", "reason", "waits_for"))
        self._put(mapping, direction, [{**row, "not_before": None} for row in rows])

    def postpone(
        self, mapping: str, direction: Direction, entries: pd.DataFrame, least: timedelta, longest: timedelta
    ) -> None:
        """Each time for as long as the entry has been there already, so that the times between grow twofold."""
        rows, now = parameters(pending, entries, ("record_id", "reason")), self._now()
        query = select(pending.c.record_id, pending.c.since).where(
            *_entries(mapping, direction),
            among(self._connection, pending.c.record_id, [row["record_id"] for row in rows]),
        )
        waited = {record: now - since for record, since in self._connection.execute(query)}
        for row in rows:
            wait = min(max(waited.get(row["record_id"], least), least), longest)
            row |= {"waits_for": None, "not_before": now + wait}
        self._put(mapping, direction, rows)

    def _put(self, mapping: str, direction: Direction, rows: list[Row]) -> None:
        common = {"mapping": mapping, "direction": str(direction), "counter": 1, "since": self._now()}
        new = insertion(self._connection, pending).excluded
        keeps_waiting = new.waits_for.is_(None) & pending.c.waits_for.is_not(None)
        upsert(
            self._connection,
            pending,
            sorted(({**common, **row} for row in rows), key=lambda row: row["record_id"]),
            {
                "counter": pending.c.counter + 1,
                "since": pending.c.since,
                "waits_for": func.coalesce(new.waits_for, pending.c.waits_for),
                "reason": case((keeps_waiting, pending.c.reason), else_=new.reason),
            },
        )


def _entries(mapping: str, direction: Direction) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return pending.c.mapping == mapping, pending.c.direction == str(direction)


def _versions(entries: pd.DataFrame) -> set[tuple[str, int | None]]:
    return set(zip(entries["record_id"].tolist(), entries["counter"].tolist(), strict=True))


def _with_edits(entries: pd.DataFrame) -> pd.DataFrame:
    """An entry that no edit made has no columns."""
    entries["columns"] = entries["columns"].map(lambda edits: edits or {}).astype(object)
    return entries
