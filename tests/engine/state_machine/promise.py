"""The promise of guarantees.md, checked against what people did once edits have stopped and both systems answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from modstamp.engine.judge import NOT_VISIBLE
from modstamp.model import Direction, Side, Value
from tests.engine.state_machine.memory import BOTH, FIELDS, IN, Edit, rewritten, sends
from tests.engine.state_machine.office import Office
from tests.engine.state_machine.people import HOLD, LONG, PRIVATE, REFUSED
from tests.fixtures.world import LEAD

_ROUNDS = 8
_TOLERANCE = 2.0


def keep(office: Office) -> None:
    """Let both sides come to rest, and hold what they hold against the promise."""
    office.tell("--- quiet")
    office.calm_down()
    _come_to_rest(office)
    promise = Promise(office)
    promise.check()
    office.memory.settle(promise.unsettled)
    office.people.remember()
    office.tell("--- checked")


def _come_to_rest(office: Office) -> None:
    """Runs until a whole round writes nothing and ends no link: it must come, and it leaves nothing to do."""
    world = office.world
    for _ in range(_ROUNDS):
        world.system.advance(100)
        left_open = world.sql(
            "SELECT mapping FROM sync_cursors WHERE upper IS NOT NULL"
        )  # the next poll reads that only
        before = (world.prospects(), len(world.hooks.sent), world.links())
        office.whole(Direction.POLLING)
        office.whole(Direction.PUSHING)
        after = (world.prospects(), len(world.hooks.sent), world.links())
        if after == before and not left_open and not _work(office):
            return
    raise AssertionError(f"both sides do not come to rest: {_work(office)}")


def _work(office: Office) -> list[Any]:
    """What is left to do. A hidden record is looked at again and again."""
    world = office.world
    intents = world.sql("SELECT link_id, operation FROM sync_intents")
    pending = world.sql("SELECT direction, record_id, reason FROM sync_pending")
    return [*intents, *(each for each in pending if not (office.memory.unseen and each[-1] == NOT_VISIBLE))]


@dataclass
class Promise:
    """One look at both sides. `unsettled`: names of records that wait for a person, with a reason that is true."""

    office: Office
    unsettled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        world = self.office.world
        self.memory, self.mapping = self.office.memory, world.mapping
        self.rows: dict[Side, dict[str, Any]] = {Side.INTERNAL: {**world.prospects()}, Side.EXTERNAL: {**world.leads()}}
        self.bin = world.system.deleted(LEAD)
        self.waiting: dict[tuple[str, Direction], tuple[str, str]] = {}
        for direction, record, kind, reason in world.waiting():
            name = self.name_of(record, Direction(direction).source)
            self.waiting[name, Direction(direction)] = (kind, reason)

    def name_of(self, record: str, side: Side) -> str:
        row = self.rows[side].get(record) or (self.bin.get(record) if side is Side.EXTERNAL else None) or {}
        return str(row.get("last_name" if side is Side.INTERNAL else "LastName", f"? {record}"))

    def check(self) -> None:
        self.check_reasons()
        self.check_doubles()
        self.check_existence()
        self.check_deletes()
        self.check_spared()
        for mine, theirs in self.office.world.links():
            self.check_pair(mine, theirs)
        self.check_one_sided_edits()

    # What was not done has a reason that is true

    def check_reasons(self) -> None:
        for (name, direction), (kind, reason) in self.waiting.items():
            self.unsettled.add(name)
            assert self.is_true(name, direction, kind), f"{name} waits without cause ({direction}, {kind}): {reason}"

    def is_true(self, name: str, direction: Direction, kind: str) -> bool:
        if name.startswith("? "):
            return kind == "held" or bool(self.memory.unseen)  # of a record that is gone without proof
        row = self.row(name, direction.source) or {}
        if kind == "rejected":
            title = str(row.get("title") or row.get("Title") or "")
            if direction is Direction.PUSHING:
                return title.endswith(REFUSED)
            return title.endswith(LONG) or self.has_rival(name, row.get("Email"))
        if kind == "withheld":
            return row.get("description") == PRIVATE or row.get("Company") == HOLD
        if kind == "held":
            return name in self.memory.unseen | self.memory.muddled
        return self.vague(name)

    def has_rival(self, name: str, mail: Value) -> bool:
        """Its key belongs to an internal record that is linked elsewhere, or it is linked itself and not to that."""
        linked = {mine: self.name_of(theirs, Side.EXTERNAL) for mine, theirs in self.office.world.links()}
        known = name in linked.values()
        rivals = (record for record, row in self.rows[Side.INTERNAL].items() if mail and row["email"] == mail)
        return any(linked[record] != name if record in linked else known for record in rivals)

    def vague(self, name: str) -> bool:
        """Of records that have, or had, others like them, several outcomes are right."""
        memory = self.memory
        keyless = any(
            not row["email" if side is Side.INTERNAL else "Email"] for side in Side for row in self.named(name, side)
        )
        return name in memory.muddled | memory.unseen or keyless

    def named(self, name: str, side: Side) -> list[Any]:
        return [row for record, row in self.rows[side].items() if self.name_of(record, side) == name]

    def row(self, name: str, side: Side) -> Any:
        return next(iter(self.named(name, side)), None)

    def waits(self, name: str, *directions: Direction) -> bool:
        return any((name, direction) in self.waiting for direction in directions or Direction)

    # Every record exists once on each side

    def check_doubles(self) -> None:
        for side in Side:
            counts = Counter(self.name_of(record, side) for record in self.rows[side])
            doubled = {name: n for name, n in self.with_namesakes(counts).items() if n > self.allowed(name)}
            assert not doubled, f"doubled on the {side} side: {doubled}"
            twice = {name: n for name, n in counts.items() if n > 1 and not self.waits(name) and not self.vague(name)}
            assert not twice, f"twice on the {side} side: {twice}"

    def with_namesakes(self, counts: Counter[str]) -> Counter[str]:
        """Who takes over another's link takes its name too, so that all of these are counted together, under ""."""
        together: Counter[str] = Counter()
        for name, number in counts.items():
            together["" if name in self.memory.muddled else name] += number
        return together

    def allowed(self, name: str) -> int:
        memory = self.memory
        return memory.created[name] if name else sum(memory.created[each] for each in memory.muddled)

    def check_existence(self) -> None:
        memory = self.memory
        here = {side: {self.name_of(record, side) for record in self.rows[side]} for side in Side}
        for name in memory.fresh - memory.disturbed - memory.unseen:
            if name in memory.muddled and memory.created[name] == 1:
                continue  # it took over another's record, or gave up its own
            for direction in Direction:
                if name in here[direction.source] and name not in here[direction.target]:
                    assert self.absence_explained(name, direction), f"{name} is not on the {direction.target} side"
            assert name in here[Side.INTERNAL] | here[Side.EXTERNAL], f"{name} is lost"
        self.check_links(here[Side.INTERNAL] & here[Side.EXTERNAL])

    def absence_explained(self, name: str, direction: Direction) -> bool:
        if not self.mapping.toggles(direction).create.on:
            self.unsettled.add(name)
        return self.waits(name, direction) or name in self.unsettled

    def check_links(self, on_both: set[str]) -> None:
        """Whoever is on both sides once is linked."""
        linked = {self.name_of(mine, Side.INTERNAL) for mine, _ in self.office.world.links()}
        for name in on_both - linked - self.memory.muddled - self.memory.unseen:
            tombstoned = name in self.memory.disturbed
            assert tombstoned or self.waits(name), f"{name} is on both sides and not linked"

    def check_deletes(self) -> None:
        """What one person deleted, and nobody else had touched, is gone on the other side if deletes may travel."""
        for name, side in self.memory.deleted.items():
            if name in self.memory.unseen or self.memory.changed:
                continue
            direction = Direction.POLLING if side is Side.EXTERNAL else Direction.PUSHING
            toggle = self.mapping.toggles(direction).delete
            there = self.named(name, side.other)
            if toggle.on and toggle.when is None:
                assert not there or self.waits(name), f"{name} was deleted on the {side} side and lives on"
            if not toggle.on:
                assert there, f"{name} was deleted by a sync that may not delete"

    def check_spared(self) -> None:
        for record, name in self.memory.spared.items():
            assert record in self.rows[Side.INTERNAL], (
                f"{name} was deleted because its counterpart became another record"
            )

    # Both sides agree on every field that travels

    def check_pair(self, mine: str, theirs: str) -> None:
        internal, external = self.rows[Side.INTERNAL].get(mine), self.rows[Side.EXTERNAL].get(theirs)
        name, other = self.name_of(mine, Side.INTERNAL), self.name_of(theirs, Side.EXTERNAL)
        names = {name, other}
        if internal is None or external is None or names & self.memory.unseen:
            return  # gone without proof (G12)
        waits = any(self.waits(each) for each in names)
        assert name == other or names & self.memory.muddled or waits, f"{names} are linked"
        for what in FIELDS:
            self.check_field(name, what, internal[what], external[FIELDS[what]], waits=waits)

    def check_field(self, name: str, what: str, mine: Value, theirs: Value, *, waits: bool) -> None:
        key = (name, what)
        agree = rewritten(mine) == rewritten(theirs)
        where = f"{name} {what}: {mine!r} inside, {theirs!r} outside"
        if not agree:
            if name in self.memory.muddled | self.memory.disturbed and self.stays_apart(key, mine, theirs):
                self.memory.held.add(key)
            renamed = name in self.memory.muddled and what not in BOTH  # what is known of it stands under another name
            if self.off(what):
                self.unsettled.add(name)
            excused = key in self.memory.against | self.memory.held or renamed or waits or self.off(what)
            assert excused, f"{where}: the sides differ"
        edits = self.memory.edits.get(key, {})
        if not edits or name in self.memory.disturbed | self.memory.muddled:
            return
        known = {rewritten(edit.value) for edit in edits.values()}
        if agree and key not in self.memory.against:
            assert rewritten(mine) in known, f"{where}: not what was edited last: {edits}"
        if agree and self.is_plain_conflict(name, what, edits):
            winner = self.winner(name, what, edits)
            assert rewritten(mine) == rewritten(edits[winner].value), f"{where}: {winner} should have won {edits}"

    def stays_apart(self, key: tuple[str, str], mine: Value, theirs: Value) -> bool:
        """No side wins at a first link, or one whose value may not travel; or nobody gave who was made anew a value."""
        _, what = key
        if mine and theirs:
            winner = {"crm": Side.EXTERNAL, "engagement": Side.INTERNAL}.get(self.mapping.first_link)
            return winner is None or not sends(what, winner)
        side = Side.INTERNAL if mine else Side.EXTERNAL
        return not sends(what, side) and side.other not in self.memory.edits.get(key, {})

    def is_plain_conflict(self, name: str, what: str, edits: dict[Side, Edit]) -> bool:
        """Both sides of a linked record were given a new value before any run began."""
        before = self.office.people.earlier
        fresh = all(edit.calm and before.get((side, name, what)) != edit.value for side, edit in edits.items())
        return fresh and len(edits) == 2 and name in self.office.people.linked and not self.memory.changed

    def off(self, what: str) -> bool:
        """The field, or the updates by which it would travel."""
        if what not in {each.internal for each in self.mapping.fields}:
            return True
        ways = list(Direction) if what in BOTH else [Direction.POLLING if what in IN else Direction.PUSHING]
        return not all(self.mapping.toggles(way).update.on for way in ways)

    def winner(self, name: str, what: str, edits: dict[Side, Edit]) -> Side:
        field_mapping = next(each for each in self.mapping.fields if each.internal == what)
        policy = field_mapping.conflict or self.mapping.conflict
        if policy == "newest":
            all_edits = [sides for (record, _), sides in self.memory.edits.items() if record == name]
            outside = max(sides[Side.EXTERNAL].at for sides in all_edits if Side.EXTERNAL in sides)
            behind = (edits[Side.INTERNAL].at - outside).total_seconds()
            return Side.INTERNAL if behind > _TOLERANCE else Side.EXTERNAL
        return Side.EXTERNAL if policy == "crm" else Side.INTERNAL

    def check_one_sided_edits(self) -> None:
        """An edit made on one side only is still there on that side, whatever else happened or did not."""
        memory = self.memory
        for (name, what), edits in memory.edits.items():
            if len(edits) > 1 or name in memory.disturbed | memory.muddled or (name, what) in memory.against:
                continue
            (side, edit), *_ = edits.items()
            row = self.row(name, side)
            if row is not None:
                shown = row[what if side is Side.INTERNAL else FIELDS[what]]
                text = f"{name} {what} was edited on the {side} side only, to {edit.value!r}, and is {shown!r} there"
                assert rewritten(shown) == rewritten(edit.value), text
