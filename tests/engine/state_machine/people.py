"""What people do on both sides. Records and fields are chosen by numbers, so that every choice fits every moment."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from modstamp.errors import RejectedRecordError
from modstamp.model import Side, Value, Values
from tests.engine.state_machine.light import LightWorld
from tests.engine.state_machine.memory import BOTH, FIELDS, OUT, Memory
from tests.fixtures.world import CONTACT, LEAD

Item = TypeVar("Item")

REFUSED, LONG, PRIVATE, HOLD = "!", "x" * 130, "private", "hold"
KINDS = ("plain", "plain", "plain", "blank", "refused", "long", "private", "back")


def refuse_marked(type_name: str, values: Values) -> str | None:
    """A rule of the external system's administrator."""
    return "this title is not wanted" if type_name == LEAD and str(values.get("Title")).endswith(REFUSED) else None


def chosen(items: Sequence[Item], number: int) -> Item:
    return items[number % len(items)]


@dataclass
class People:
    """Each method is one thing that somebody does; it does nothing where there is nothing to do it to."""

    world: LightWorld
    memory: Memory
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    earlier: dict[tuple[Side, str, str], Value] = field(default_factory=dict)  # values at the last quiet period
    linked: dict[str, str] = field(default_factory=dict)  # name → internal id, of those linked at the last quiet period
    hidden: dict[str, str] = field(default_factory=dict)  # external id → name
    story: list[str] = field(default_factory=list)

    def tell(self, *words: object) -> None:
        self.story.append(f"{self.world.system.clock:%H:%M:%S.%f} " + " ".join(map(str, words)))

    def inside(self) -> dict[str, tuple[str, Mapping[str, Value]]]:
        """Name → (id, row); of several with one name the last."""
        return {str(row["last_name"]): (record, row) for record, row in self.world.prospects().items()}

    def outside(self) -> dict[str, tuple[str, Mapping[str, Value]]]:
        return {str(row["LastName"]): (record, row) for record, row in self.world.leads().items()}

    # Creating

    def create(self, side: Side, *, key: bool, late: float = 0) -> None:
        name = f"n{next(self.numbers)}"
        self._create(side, name, f"{name}@example.com" if key else None, late)

    def create_twin(self, side: Side, number: int) -> None:
        """The counterpart of a record that only the other side has, made by hand: a create like ours, but not ours."""
        here, there = (self.inside(), self.outside()) if side is Side.INTERNAL else (self.outside(), self.inside())
        key = "Email" if side is Side.INTERNAL else "email"
        gone = {str(row["LastName"]) for row in self.world.system.deleted(LEAD).values()}
        rows = self.world.prospects() if side is Side.INTERNAL else self.world.leads()
        known = {row["email" if side is Side.INTERNAL else "Email"] for row in rows.values()}
        alone = [
            (name, row[key])
            for name, (_, row) in there.items()
            if name not in {*here, *gone, *self.memory.disturbed} and row[key] and row[key] not in known
        ]
        if alone:
            name, mail = chosen(alone, number)
            self._create(side, name, str(mail), 0, Title=f"T{next(self.numbers)}")

    def create_namesake(self, number: int) -> None:
        """A second external record with the key of one that is linked."""
        linked = [(name, row) for name, (_, row) in self.outside().items() if name in self.linked and row["Email"]]
        if linked:
            original, row = chosen(linked, number)
            name = f"n{next(self.numbers)}"
            self.memory.muddled |= {original, name}
            self._create(Side.EXTERNAL, name, str(row["Email"]), 0)

    def insert_again(self, number: int) -> None:
        """Delete an internal row and insert it anew: to the engine, another record with the same key."""
        rows = [(name, record, row) for name, (record, row) in self.inside().items() if row["email"]]
        if rows:
            name, record, row = chosen(rows, number)
            self.memory.disturb(name)
            self.world.delete_prospect(record)
            self._create(Side.INTERNAL, name, str(row["email"]), 0, Title=f"A{next(self.numbers)}")

    def _create(self, side: Side, name: str, mail: str | None, late: float, **more: str) -> None:
        self.tell("create", side, name, mail, late, more)
        self.memory.create(name)
        if side is Side.INTERNAL:
            values = {internal: more[external] for internal, external in FIELDS.items() if external in more}
            self.world.prospect(email=mail, last_name=name, **values)
        else:
            self.world.system.create(LEAD, {"Email": mail, "LastName": name, **more}, late=late)
        for internal, external in FIELDS.items():
            if external in more:
                self.memory.edit(name, internal, side, more[external], self.world.system.clock)

    # Editing

    def edit(self, side: Side, number: int, what: str, kind: str, late: float = 0) -> None:
        rows = self.inside() if side is Side.INTERNAL else self.outside()
        if self._unanswered():
            rows = {name: row for name, row in rows.items() if self._tells(side, name, what, row[1])}
        if not rows:
            return
        name, (record, _) = chosen(list(rows.items()), number)
        value = self._value(side, name, what, kind)
        if side is Side.INTERNAL:
            self.world.edit_prospect(record, **{what: value})
        else:
            try:
                self.world.system.edit(LEAD, record, {FIELDS[what]: value}, late=late)
            except RejectedRecordError:
                return
            value = self.world.leads()[record][FIELDS[what]]
        self.tell("edit", side, name, what, repr(value), late)
        if value == self.earlier.get((side, name, what)) and what not in BOTH:
            self.memory.against.add((name, what))  # for the engine nothing was edited that could repair the other side
            return
        self.memory.edit(name, what, side, value, self.world.system.clock.replace(microsecond=0))

    def _value(self, side: Side, name: str, what: str, kind: str) -> Value:
        fresh = f" V{next(self.numbers)} "
        if what == "email":
            return f"{fresh.strip()}@example.com"
        special: dict[str, Value] = {"blank": None}
        if what == "title":
            special |= {"refused": fresh.strip() + REFUSED, "long": fresh + LONG if side is Side.EXTERNAL else fresh}
        if what in {"description", "city"}:
            special |= {"private": PRIVATE if what == "description" else HOLD}
        if kind == "back":
            return self.earlier.get((side, name, what), fresh)
        return special.get(kind, fresh)

    def _tells(self, side: Side, name: str, what: str, row: Mapping[str, Value]) -> bool:
        """After the edit, would something be left by which a record is known whose creation has no answer yet?"""
        if side is Side.INTERNAL or self.world.mapping.own_key:
            return what != "email"
        if what == "email":
            rest = sum(bool(row[external]) for internal, external in {**BOTH, **OUT}.items() if internal != "email")
            return rest + bool(row["LastName"]) > 1 and all(record != name for record, _ in self.memory.edits)
        return bool(row["Email"]) and (name, "email") not in self.memory.edits

    def _unanswered(self) -> bool:
        return self.world.sql("SELECT count(*) FROM sync_intents") != [(0,)]

    # Deleting

    def delete(self, side: Side, number: int) -> None:
        rows = self.inside() if side is Side.INTERNAL else self.outside()
        if rows:
            name, (record, _) = chosen(list(rows.items()), number)
            alone = name in self.linked and not self.memory.touched(name)
            self.memory.delete(name, side, alone=alone)
            self.tell("delete", side, name, record)
            if side is Side.INTERNAL:
                self.world.delete_prospect(record)
            else:
                self.world.system.delete(LEAD, record)

    def restore(self, number: int) -> None:
        alive = self.outside()
        gone = [(r, row) for r, row in self.world.system.deleted(LEAD).items() if row["LastName"] not in alive]
        if gone:
            record, row = chosen(gone, number)
            self.memory.disturb(str(row["LastName"]))
            self.tell("restore", row["LastName"], record)
            self.world.system.restore(LEAD, record)

    def merge(self, number: int, other: int) -> None:
        """Two leads become one."""
        rows = self._known_leads()
        if len(rows) > 1:
            winner, (survivor, _) = chosen(rows, number)
            loser, (gone, _) = chosen([each for each in rows if each[0] != winner], other)
            self.tell("merge", loser, "into", winner)
            self.world.system.merge(LEAD, survivor, gone)
            self.memory.become(loser, winner, self._counterpart(loser))

    def convert(self, number: int) -> None:
        """A lead becomes a contact, which no mapping reads."""
        rows = self._known_leads()
        if rows:
            name, (record, _) = chosen(rows, number)
            self.tell("convert", name)
            self.world.system.convert(LEAD, record, CONTACT)
            self.memory.become(name, name, self._counterpart(name))

    def _counterpart(self, name: str) -> str | None:
        """The internal id that a record was linked to, unless a person has deleted it since."""
        record = self.linked.get(name)
        return record if record in self.world.prospects() else None

    def _known_leads(self) -> list[tuple[str, tuple[str, Mapping[str, Value]]]]:
        """None of them was created by a write that has no answer yet."""
        return [] if self._unanswered() else list(self.outside().items())

    def purge(self, number: int) -> None:
        gone = list(self.world.system.deleted(LEAD).items())
        if gone:
            record, row = chosen(gone, number)
            self.memory.disturb(str(row["LastName"]))
            self.memory.unseen.add(str(row["LastName"]))
            self.tell("purge", row["LastName"], record)
            self.world.system.purge(LEAD, record)

    def hide(self, number: int) -> None:
        rows = [(name, record) for name, (record, _) in self.outside().items() if name in self.linked]
        if rows:  # one whose creation has no answer yet could not be found again
            name, record = chosen(rows, number)
            self.memory.unseen.add(name)
            self.hidden[record] = name
            self.tell("hide", name)
            self.world.system.hide(LEAD, record)

    def show(self, number: int) -> None:
        """And edit it, as being shown again leaves no trace that a poll could see."""
        rows = [(record, name) for record, name in self.hidden.items() if record in self.world.leads()]
        if rows:
            record, name = chosen(rows, number)
            del self.hidden[record]
            if name not in self.hidden.values():
                self.memory.unseen.discard(name)
            self.memory.disturb(name)
            self.tell("show", name)
            self.world.system.hide(LEAD, record, hidden=False)
            self.world.system.edit(LEAD, record, {"Title": f"S{next(self.numbers)}"})

    # Quiet

    def begin(self) -> None:
        """Some records that are linked before the story begins."""
        for side in (Side.INTERNAL, Side.EXTERNAL):
            self.create(side, key=True)

    def remember(self) -> None:
        """What both sides hold now, and what is linked."""
        inside, outside = self.world.prospects(), self.world.leads()
        self.linked = {inside[mine]["last_name"]: mine for mine, theirs in self.world.links() if mine in inside}
        self.earlier = {}
        for row in inside.values():
            self.earlier |= {(Side.INTERNAL, row["last_name"], name): row[name] for name in FIELDS}
        for values in outside.values():
            name = str(values["LastName"])
            self.earlier |= {(Side.EXTERNAL, name, mine): values[theirs] for mine, theirs in FIELDS.items()}
