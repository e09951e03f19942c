"""What records name and what has no link: they were sent without it, and are looked at again once it has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Side
from modstamp.ports import NamesOf
from modstamp.state.awaited import linked
from modstamp.state.clock import Clock
from modstamp.state.links import Links
from modstamp.state.rows import among, insertion
from modstamp.state.tables import missing


class Missing:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock, links: Links) -> None:
        self._connection = connection
        self._now = now
        self._links = links

    def keep(self, mapping: str, found: Mapping[str, Sequence[str]]) -> None:
        """What was missing before stays since then."""
        mine = (missing.c.mapping == mapping) & among(self._connection, missing.c.record_id, list(found))
        known = {(row.record_id, row.awaited) for row in self._connection.execute(select(missing).where(mine))}
        wanted = {(record, each) for record, awaited in found.items() for each in awaited}
        for record, awaited in sorted(known - wanted):
            gone = (missing.c.record_id == record) & (missing.c.awaited == awaited)
            self._connection.execute(delete(missing).where(missing.c.mapping == mapping, gone))
        rows = [{"record_id": record, "awaited": awaited} for record, awaited in sorted(wanted - known)]
        if rows:
            common = {"mapping": mapping, "since": self._now()}
            statement = insertion(self._connection, missing).on_conflict_do_nothing()
            self._connection.execute(statement, [{**common, **row} for row in rows])

    def since(self, mapping: str, ids: Sequence[str]) -> dict[str, datetime]:
        """Record → since when the first of what it misses is missing."""
        mine = (missing.c.mapping == mapping) & among(self._connection, missing.c.record_id, ids)
        query = select(missing.c.record_id, func.min(missing.c.since, type_=missing.c.since.type))
        rows = self._connection.execute(query.where(mine).group_by(missing.c.record_id))
        return {row[0]: row[1] for row in rows}

    def linked_by_now(self, mapping: TypeMapping, names_of: NamesOf) -> list[str]:
        """Ids on both sides of the colon are those of the internal side."""
        query = select(missing.c.awaited).distinct().where(missing.c.mapping == mapping.name)
        awaited = self._connection.scalars(query).all()
        there = linked(self._links, mapping.connection, Side.INTERNAL, awaited, names_of)
        if not there:
            return []
        concerned = (missing.c.mapping == mapping.name) & among(self._connection, missing.c.awaited, there)
        return sorted(self._connection.scalars(select(missing.c.record_id).distinct().where(concerned)))
