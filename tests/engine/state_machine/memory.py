"""What people did, noted without asking the engine: the promise is measured against this.

A record is known by its last name, which a person gives it once and nobody edits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from modstamp.model import Side, Value

BOTH = {
    "email": "Email",
    "title": "Title",
    "phone": "Phone",
    "first_name": "FirstName",
}  # internal field → external field
IN, OUT = {"city": "Company"}, {"description": "Description"}
FIELDS = {**BOTH, **IN, **OUT}


def rewritten(value: Value) -> Value:
    """What the server keeps of a phone; used to compare all fields, as no test value differs in case or blanks only."""
    return value.strip().lower() if isinstance(value, str) else value


def sends(name: str, side: Side) -> bool:
    """May this side's value of the field travel?"""
    return name in BOTH or (name in IN) == (side is Side.EXTERNAL)


@dataclass(frozen=True, slots=True)
class Edit:
    """The last value that people gave a field on one side. `calm`: no run had begun since the last quiet period."""

    value: Value
    at: datetime
    calm: bool


@dataclass
class Memory:
    """All of it is about the time since the last quiet period, but for what is said to be for ever."""

    created: Counter[str] = field(default_factory=Counter)  # by people, on either side, for ever
    edits: dict[tuple[str, str], dict[Side, Edit]] = field(default_factory=dict)  # (record, field) → side → last edit
    fresh: set[str] = field(default_factory=set)  # created
    disturbed: set[str] = field(default_factory=set)  # deleted or restored
    muddled: set[str] = field(default_factory=set)  # had a namesake by key or by name, for ever
    deleted: dict[str, Side] = field(default_factory=dict)  # deleted once and on one side, with the other half there
    unseen: set[str] = field(default_factory=set)  # hidden, or purged for ever
    against: set[tuple[str, str]] = field(default_factory=set)  # edited where the field does not travel from, for ever
    held: set[tuple[str, str]] = field(default_factory=set)  # differ since their first link, for ever
    spared: dict[str, str] = field(default_factory=dict)  # internal id → name: no delete may have reached it
    begun: int = 0  # runs
    changed: bool = False  # the mapping

    def create(self, name: str) -> None:
        self.created[name] += 1
        self.fresh.add(name)
        if self.created[name] > 1:
            self.muddled.add(name)

    def edit(self, name: str, what: str, side: Side, value: Value, at: datetime) -> None:
        self.held.discard((name, what))
        if not sends(what, side):
            self.against.add((name, what))
            return
        self.against.discard((name, what))
        self.edits.setdefault((name, what), {})[side] = Edit(value, at, calm=not self.begun)
        if self.deleted.get(name) is side.other:
            del self.deleted[name]

    def disturb(self, name: str) -> None:
        self.spared = {}
        self.disturbed.add(name)
        self.deleted.pop(name, None)

    def delete(self, name: str, side: Side, *, alone: bool) -> None:
        """`alone`: nobody has touched the record since the last quiet period, when its two halves were linked."""
        self.disturb(name)
        for what in {**IN, **OUT}:  # whoever is made anew is not given these
            self.edits.get((name, what), {}).pop(side, None)
        if alone:
            self.deleted[name] = side

    def become(self, loser: str, survivor: str, internal_id: str | None) -> None:
        """One record became another, which is no deletion. `internal_id`: of what the loser was linked to."""
        self.disturb(loser)
        self.disturb(survivor)
        self.muddled |= {loser, survivor}
        if internal_id is not None:
            self.spared[internal_id] = loser

    def touched(self, name: str) -> bool:
        """By anybody, since the last quiet period."""
        return name in self.disturbed | self.fresh | self.muddled | self.unseen or any(
            record == name for record, _ in self.edits
        )

    def settle(self, unsettled: set[str]) -> None:
        """A quiet period is over. What waits for a person keeps its edits: they may travel later."""
        self.edits = {key: edits for key, edits in self.edits.items() if key[0] in unsettled and edits}
        self.edits = {
            key: {side: Edit(edit.value, edit.at, calm=False) for side, edit in edits.items()}
            for key, edits in self.edits.items()
        }
        self.fresh = (self.fresh - self.disturbed) & unsettled
        self.disturbed, self.deleted, self.spared = set(), {}, {}
        self.begun, self.changed = 0, False
