"""What runs know of a mapping, and the links and entries that a change of it concerns, whole sets at a time (G30)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from modstamp import ports
from modstamp.model import Direction, Side
from modstamp.sqltypes import Instant
from modstamp.state.clock import Clock
from modstamp.state.rows import among, insertion, upsert
from modstamp.state.tables import changes, intents, links, mappings, pending, quarantine

_BASES = {Side.INTERNAL: links.c.internal_base, Side.EXTERNAL: links.c.external_base}
_LIVE = (links.c.state == "live", links.c.internal_id.is_not(None), links.c.external_id.is_not(None))


class Adoption:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def known(self, mapping: str) -> dict[str, Any] | None:
        """What the mapping said when a run last began; None: none ever did. Who asks next waits for this one's end."""
        first = insertion(self._connection, mappings).values(name=mapping, document={}, changed_at=self._now())
        self._connection.execute(first.on_conflict_do_nothing())
        query = select(mappings.c.document).where(mappings.c.name == mapping).with_for_update()
        return self._connection.execute(query).scalar_one() or None

    def kept(self, mapping: str) -> dict[str, Any] | None:
        """The same, for those who only look."""
        query = select(mappings.c.document).where(mappings.c.name == mapping)
        return self._connection.execute(query).scalar_one_or_none() or None

    def keep(self, mapping: str, document: Mapping[str, Any]) -> None:
        row = {"name": mapping, "document": dict(document), "changed_at": self._now()}
        upsert(self._connection, mappings, [row])

    def lock_links(self, mapping: str) -> None:
        """In the order in which every other transaction locks them, so that none deadlock."""
        query = select(links.c.id).where(links.c.mapping == mapping).order_by(links.c.id).with_for_update()
        self._connection.execute(query).close()

    def forget(self, mapping: str, affected: ports.Affected) -> int:
        """Drop the bases of one field; returns of how many links, tombstones included."""
        without_internal, without_external = self._without(affected.internal), self._without(affected.external)
        has = or_(self._has(Side.INTERNAL, affected.internal), self._has(Side.EXTERNAL, affected.external))
        statement = update(links).where(links.c.mapping == mapping, has, self._concerned(affected))
        return self._connection.execute(
            statement.values(
                {
                    links.c.internal_base: without_internal(links.c.internal_base),
                    links.c.decisions: without_internal(links.c.decisions),
                    links.c.external_base: without_external(links.c.external_base),
                    links.c.unconfirmed: without_external(links.c.unconfirmed),
                }
            )
        ).rowcount

    def look_at_linked(
        self, mapping: str, direction: Direction, reason: str, affected: ports.Affected | None = None
    ) -> int:
        """Entries for linked records, of all or of those `affected`; returns how many."""
        record = links.c.internal_id if direction is Direction.PUSHING else links.c.external_id
        concerned = true() if affected is None else self._concerned(affected)
        rows = select(record).where(links.c.mapping == mapping, *_LIVE, concerned)
        return self._look_at(mapping, direction, reason, rows.order_by(record))

    def look_at_quarantined(self, mapping: str, direction: Direction, reason: str) -> int:
        """Entries for every record that waits in quarantine, as the mapping that judged it was another one (G26)."""
        rows = select(quarantine.c.record_id).where(
            quarantine.c.mapping == mapping, quarantine.c.direction == str(direction)
        )
        return self._look_at(mapping, direction, reason, rows.order_by(quarantine.c.record_id))

    def stop_waiting(self, mapping: str) -> None:
        """Nothing waits for what an earlier mapping made it wait for; who still has to will wait anew."""
        waiting = update(pending).where(pending.c.mapping == mapping, pending.c.waits_for.is_not(None))
        self._connection.execute(waiting.values(waits_for=None, reason=None))

    def unsettle(self, mapping: str, internal_names: Sequence[str], *, rekeyed: bool) -> None:
        """Writes that are under way shall move no base of these fields. `rekeyed`: their match keys mean nothing."""
        rows = self._connection.execute(
            select(intents.c.id, intents.c.internal_values, intents.c.match_key).where(intents.c.mapping == mapping)
        ).all()
        for row in rows:  # one call's worth of rows at most
            values = {name: value for name, value in row.internal_values.items() if name not in internal_names}
            statement = update(intents).where(intents.c.id == row.id)
            self._connection.execute(
                statement.values(internal_values=values, match_key=None if rekeyed else row.match_key)
            )

    def note(self, actor: str, entries: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Entries of Activity: verb, object, detail."""
        moment = self._now()
        rows = [
            {"at": moment, "actor": actor, "verb": verb, "object": what, "detail": dict(detail)}
            for verb, what, detail in entries
        ]
        if rows:
            self._connection.execute(insert(changes), rows)

    def _look_at(self, mapping: str, direction: Direction, reason: str, records: Any) -> int:
        found = records.subquery()
        (record,) = found.c
        constant = (literal(mapping), literal(str(direction)), literal(1), literal(reason))
        rows = select(*constant[:2], record, *constant[2:], bindparam("now", self._now(), Instant)).where(true())
        names = ["mapping", "direction", "record_id", "counter", "reason", "since"]
        statement = insertion(self._connection, pending).from_select(names, rows)
        raised = {"counter": pending.c.counter + 1, "waits_for": None, "not_before": None}
        keys = [column.name for column in pending.primary_key]
        return self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=raised)).rowcount

    def _concerned(self, affected: ports.Affected) -> ColumnElement[bool]:
        if affected.where is None:
            return true()
        names = {Side.INTERNAL: affected.internal, Side.EXTERNAL: affected.external}
        return or_(*(self._holds(side, names[side], values) for side, values in affected.where.items()))

    def _holds(self, side: Side, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        """Whether the base of that side has one of these texts for the field."""
        base = _BASES[side]
        if self._is_postgresql:
            return among(self._connection, cast(base, postgresql.JSONB).op("->>")(cast(name, Text)).cast(Text), values)
        entries = func.json_each(base).table_valued("key", "value")
        here = and_(entries.c.key == name, among(self._connection, entries.c.value, values))
        return select(entries.c.key).where(here).exists()

    def _has(self, side: Side, name: str) -> ColumnElement[bool]:
        base = _BASES[side]
        if self._is_postgresql:
            return func.jsonb_exists(cast(base, postgresql.JSONB), cast(name, Text))
        entries = func.json_each(base).table_valued("key")
        return select(entries.c.key).where(entries.c.key == name).exists()

    def _without(self, name: str) -> Any:
        """A function of a JSON column: the same without this key."""
        if self._is_postgresql:
            return lambda base: cast(base, postgresql.JSONB).op("-")(cast(name, Text))
        # A merge patch: a null takes the key out, whatever signs are in it.
        patch = literal(json.dumps({name: None}), Text)
        return lambda base: func.json_patch(base, patch, type_=sqlite.JSON)

    @property
    def _is_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"
