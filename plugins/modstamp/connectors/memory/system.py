"""The world behind the in-memory connector: what is stored, who changed it when, and what can go wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from modstamp.connectors.memory.rules import Rule, check
from modstamp.errors import RejectedRecordError
from modstamp.model import TypeDescription, Value, Values

PERSON = "person"


class Fault(StrEnum):
    """What happens to the next write request of a client."""

    REFUSED = "refused"  # the service is not available: nothing is done, and the client knows it
    LOST_BEFORE = "lost before"  # never arrives; the client gets no answer
    LOST_AFTER = "lost after"  # is done; the client gets no answer
    SLOW = "slow"  # is done, becomes visible late, and the client gets no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one transaction left of a record. The stamp is a whole second of the server's clock."""

    fields: Values
    stamp: datetime
    by: str
    created_at: datetime
    created_by: str
    deleted: bool = False
    moved_to: str | None = None  # ``Type:id``


@dataclass(slots=True)
class _Record:
    shown: Version | None = None  # None: the transaction that creates it is not visible yet
    coming: Version | None = None
    visible_at: datetime | None = None
    hidden: bool = False

    def settle(self, clock: datetime) -> None:
        if self.coming and self.visible_at and self.visible_at <= clock:
            self.shown, self.coming, self.visible_at = self.coming, None, None

    def newest(self) -> Version | None:
        return self.coming or self.shown


class MemorySystem:
    """The records of some types. All methods act as a person unless `by` names another user.

    `late` (seconds) is how long after its stamp a change becomes visible to readers, as when a transaction stays open.
    A write waits for the one before it on the same record, so that one becomes visible first.
    """

    def __init__(self, *types: TypeDescription, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.types = {description.name: description for description in types}
        self.clock = start
        self.rewrites: dict[tuple[str, str], Callable[[Value], Value]] = {}  # by (type, field): what the server stores
        self.defaults: dict[tuple[str, str], Value] = {}  # by (type, field): what a create without a value gets
        self.rules: list[Rule] = []
        self.locked: set[tuple[str, str]] = set()  # (type, id) whose row another transaction holds
        self.faults: deque[tuple[Fault, float]] = deque()  # for the next write requests; seconds of lateness for SLOW
        self.reachable = True
        self._records: dict[str, dict[str, _Record]] = {name: {} for name in self.types}
        self._created = 0

    def advance(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def create(self, type_name: str, values: Values, *, by: str = PERSON, late: float = 0) -> str:
        """Raises `RejectedRecordError`, as `edit` does, when a rule of the system refuses the values."""
        empty = {name: self.defaults.get((type_name, name)) for name in self.types[type_name].fields}
        kept = self._accepted(type_name, None, {**empty, **values}, values)
        self._created += 1
        record_id = f"{type_name}-{self._created:07d}"
        self._records[type_name][record_id] = _Record()
        stamp = self._stamp()
        version = Version(fields=kept, stamp=stamp, by=by, created_at=stamp, created_by=by)
        self._store(type_name, record_id, version, late)
        return record_id

    def edit(self, type_name: str, record_id: str, values: Values, *, by: str = PERSON, late: float = 0) -> None:
        old = self._live(type_name, record_id)
        kept = self._accepted(type_name, record_id, {**old.fields, **values}, values)
        self._store(type_name, record_id, replace(old, fields=kept, stamp=self._stamp(), by=by), late)

    def delete(self, type_name: str, record_id: str, *, by: str = PERSON, late: float = 0) -> None:
        """Into the recycle bin: a reader of changes meets it as deleted, which is the proof."""
        old = self._live(type_name, record_id)
        self._store(type_name, record_id, replace(old, deleted=True, stamp=self._stamp(), by=by), late)

    def restore(self, type_name: str, record_id: str, *, by: str = PERSON, late: float = 0) -> None:
        old = self._newest(type_name, record_id)
        version = replace(old, deleted=False, moved_to=None, stamp=self._stamp(), by=by)
        self._store(type_name, record_id, version, late)

    def merge(self, type_name: str, winner: str, loser: str, *, by: str = PERSON, late: float = 0) -> None:
        """The loser goes into the recycle bin and names the winner, whose own values stay and whose stamp moves."""
        stamp, kept = self._stamp(), self._live(type_name, winner)
        gone = replace(self._live(type_name, loser), deleted=True, moved_to=f"{type_name}:{winner}")
        self._store(type_name, loser, replace(gone, stamp=stamp, by=by), late)
        self._store(type_name, winner, replace(kept, stamp=stamp, by=by), late)

    def convert(
        self, type_name: str, record_id: str, into: str, *, existing: str | None = None, by: str = PERSON
    ) -> str:
        """The record stays, and names the one of type `into` that it became.

        That is a new one, which takes the fields that both types have, or an existing one, whose stamp alone moves.
        """
        old = self._live(type_name, record_id)
        shared = {name: value for name, value in old.fields.items() if name in self.types[into].fields}
        made = existing or self.create(into, shared, by=by)
        self._store(into, made, replace(self._live(into, made), stamp=self._stamp(), by=by), 0)
        self._store(type_name, record_id, replace(old, moved_to=f"{into}:{made}", stamp=self._stamp(), by=by), 0)
        return made

    def purge(self, type_name: str, record_id: str) -> None:
        """Out of the recycle bin: nothing proves any longer that the record was ever there."""
        del self._records[type_name][record_id]

    def hide(self, type_name: str, record_id: str, *, hidden: bool = True) -> None:
        """Take away, or give back, the clients' right to see a record. It leaves no stamp."""
        self._records[type_name][record_id].hidden = hidden

    def recalculate(self, type_name: str, record_id: str, values: Values) -> None:
        """A formula, or a field of a parent, shows other values by now. It leaves no stamp."""
        old = self._live(type_name, record_id)
        self._store(type_name, record_id, replace(old, fields={**old.fields, **values}), 0)

    def drop_field(self, type_name: str, name: str) -> None:
        """The field is deleted, or our permission to see it is lost."""
        description = self.types[type_name]
        fields = {key: field for key, field in description.fields.items() if key != name}
        self.types[type_name] = replace(description, fields=fields)

    def rows(self, type_name: str) -> Mapping[str, Values]:
        """What every live record holds at last, visible to clients or not."""
        found = ((record_id, record.newest()) for record_id, record in self._records[type_name].items())
        return {record_id: version.fields for record_id, version in found if version and not version.deleted}

    def deleted(self, type_name: str) -> Mapping[str, Values]:
        """What the recycle bin holds."""
        found = ((record_id, record.newest()) for record_id, record in self._records[type_name].items())
        return {record_id: version.fields for record_id, version in found if version and version.deleted}

    def visible(self, type_name: str) -> Iterator[tuple[str, Version]]:
        """What a client can read now, deleted records included."""
        for record_id in self._records[type_name]:
            version = self.read(type_name, record_id)
            if version:
                yield record_id, version

    def read(self, type_name: str, record_id: str) -> Version | None:
        """One record as a client can read it now."""
        record = self._records[type_name].get(record_id)
        if record is None or record.hidden:
            return None
        record.settle(self.clock)
        return record.shown

    def _stamp(self) -> datetime:
        return self.clock.replace(microsecond=0)

    def _newest(self, type_name: str, record_id: str) -> Version:
        record = self._records[type_name].get(record_id)
        version = record.newest() if record else None
        if version is None:
            raise RejectedRecordError("NOT_FOUND", "the requested resource does not exist")
        return version

    def _live(self, type_name: str, record_id: str) -> Version:
        version = self._newest(type_name, record_id)
        if version.deleted:
            raise RejectedRecordError("ENTITY_IS_DELETED", "entity is deleted")
        return version

    def _accepted(self, type_name: str, record_id: str | None, whole: Values, sent: Values) -> Values:
        """The record's new values after the server's own rewriting, if every rule accepts them."""
        kept = dict(whole)
        for name in sent:
            rewrite = self.rewrites.get((type_name, name))
            kept[name] = rewrite(kept[name]) if rewrite else kept[name]
        others = {other: values for other, values in self.rows(type_name).items() if other != record_id}
        check(self.types[type_name], kept, sent, others, self.rules)
        return kept

    def _store(self, type_name: str, record_id: str, version: Version, late: float) -> None:
        record = self._records[type_name][record_id]
        if record.coming:
            record.shown = record.coming
        record.coming, record.visible_at = version, self.clock + timedelta(seconds=late)
        record.settle(self.clock)
