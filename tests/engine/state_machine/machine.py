"""The state machine (guarantees.md, section 5): hypothesis invents stories, shrinks those that break the promise."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from modstamp.connectors.memory import Fault
from modstamp.model import Direction, Operation, Side
from tests.engine.state_machine import promise
from tests.engine.state_machine.light import Ground
from tests.engine.state_machine.memory import FIELDS, rewritten
from tests.engine.state_machine.office import CONDITIONS, Happening, Office
from tests.engine.state_machine.people import KINDS, refuse_marked
from tests.fixtures.world import KEY, LEAD, MAPPING

ON = {"create": True, "update": True, "delete": True}

numbers = st.integers(0, 3)
sides = st.sampled_from(list(Side))
directions = st.sampled_from(list(Direction))
lateness = st.sampled_from([0, 0, 0, 8])
fields = st.sampled_from(list(FIELDS))
kinds = st.sampled_from(KINDS)
limits = st.sampled_from([None, None, None, 1])
pauses = st.sampled_from([0, 1, 3, 12, 0.4])
steps = st.sampled_from(
    [
        "after push",
        "before push",
        "within push",
        "after get",
        "before get",
        "after find",
        "after pull",
        "committed",
        "begin",
        "commit",
        "",
    ]
)
times = st.integers(1, 4)

# What people and other processes do, as data: (method, arguments); also right in the middle of a run.
by_people = st.one_of(
    st.tuples(st.just("edit"), st.tuples(sides, numbers, fields, kinds)),
    st.tuples(st.just("create"), st.tuples(sides)),
    st.tuples(st.just("delete"), st.tuples(sides, numbers)),
    st.tuples(st.just("restore"), st.tuples(numbers)),
    st.tuples(st.just("merge"), st.tuples(numbers, numbers)),
)
by_others = st.one_of(
    st.tuples(st.just("whole"), st.tuples(directions)),
    st.tuples(st.just("start"), st.tuples(directions)),
    st.tuples(st.just("finish"), st.tuples(numbers)),
    st.tuples(st.just("finish_stale"), st.tuples(numbers)),
)
stalls = st.sampled_from([0, 0, 20, 70])

toggles = st.sampled_from([ON, {**ON, "delete": False}])
SEEN: Counter[str] = Counter()


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    inbound: dict[str, Any] = dict(draw(toggles))
    outbound: dict[str, Any] = dict(draw(toggles))
    for toggles_of, direction in ((inbound, Direction.POLLING), (outbound, Direction.PUSHING)):
        if draw(st.booleans()):
            toggles_of |= {name: {"on": True, "when": CONDITIONS[direction]} for name in ("create", "update")}
    return {
        **MAPPING,
        "inbound": inbound,
        "outbound": outbound,
        "conflict": draw(st.sampled_from(["newest", "crm", "engagement"])),
        "first_link": draw(st.sampled_from(["crm", "engagement", "hold"])),
        "own_key": draw(st.sampled_from([None, KEY])),
        "after_delete": draw(st.sampled_from(["leave", "recreate"])),
    }


class SyncMachine(RuleBasedStateMachine):
    """Each rule is one thing that people, a run or fate does. Subclasses give it the ground to stand on."""

    ground: Ground

    @initialize(
        mapping=mappings(),
        reads_back=st.booleans(),
        batch=st.sampled_from([200, 1, 2]),
        page=st.sampled_from([2000, 1, 2]),
        inbound_batch=st.sampled_from([200, 1, 2]),
    )
    def open(self, mapping: dict[str, Any], *, reads_back: bool, batch: int, page: int, inbound_batch: int) -> None:
        world = self.ground.world(mapping, inbound_batch=inbound_batch)
        world.connector.reads_back = reads_back
        world.connector.batch_size, world.connector.page_size = batch, page
        world.system.rewrites[LEAD, "Phone"] = rewritten
        world.system.rules.append(refuse_marked)
        self.office = Office(world)
        self.people = self.office.people
        SEEN["examples"] += 1
        self._do(lambda: promise.keep(self.office))
        self._do(self.people.begin)
        self.quiet()

    def _do(self, happening: Happening) -> None:
        SEEN["steps"] += 1
        self.quiet_since = False
        try:
            self.office.guard(happening)
        except BaseException as error:
            self._tell(error)
            raise

    def _tell(self, error: BaseException) -> None:
        mapping = self.office.world.mapping
        story = "\n".join(self.people.story)
        error.add_note(f"{mapping.conflict} {mapping.first_link} {mapping.after_delete}\n{story}")

    def _named(self, happening: tuple[str, tuple[Any, ...]]) -> Happening:
        name, arguments = happening
        options = {"key": True} if name == "create" else {}
        owner = self.people if hasattr(self.people, name) else self.office
        return lambda: getattr(owner, name)(*arguments, **options)

    # People

    @rule(side=sides, key=st.booleans(), late=lateness)
    def create(self, side: Side, *, key: bool, late: float) -> None:
        self._do(lambda: self.people.create(side, key=key, late=late))

    @rule(side=sides)
    def create_plain(self, side: Side) -> None:
        self._do(lambda: self.people.create(side, key=True))

    @rule(side=sides, number=numbers)
    def create_twin(self, side: Side, number: int) -> None:
        self._do(lambda: self.people.create_twin(side, number))

    @rule(number=numbers)
    def create_namesake(self, number: int) -> None:
        self._do(lambda: self.people.create_namesake(number))

    @rule(number=numbers)
    def insert_again(self, number: int) -> None:
        self._do(lambda: self.people.insert_again(number))

    @rule(side=sides, number=numbers, what=fields, kind=kinds, late=lateness)
    def edit(self, side: Side, number: int, what: str, kind: str, late: float) -> None:
        self._do(lambda: self.people.edit(side, number, what, kind, late))

    @rule(number=numbers, what=fields)
    def edit_both(self, number: int, what: str) -> None:
        self._do(lambda: self.people.edit(Side.INTERNAL, number, what, "plain"))
        self._do(lambda: self.people.edit(Side.EXTERNAL, number, what, "plain"))

    @rule(side=sides, number=numbers)
    def delete(self, side: Side, number: int) -> None:
        self._do(lambda: self.people.delete(side, number))

    @rule(number=numbers)
    def restore(self, number: int) -> None:
        self._do(lambda: self.people.restore(number))

    @rule(number=numbers, other=numbers)
    def merge(self, number: int, other: int) -> None:
        self._do(lambda: self.people.merge(number, other))

    @rule(number=numbers)
    def convert(self, number: int) -> None:
        self._do(lambda: self.people.convert(number))

    @rule(number=numbers)
    def purge(self, number: int) -> None:
        self._do(lambda: self.people.purge(number))

    @rule(number=numbers)
    def hide(self, number: int) -> None:
        self._do(lambda: self.people.hide(number))

    @rule(number=numbers)
    def show(self, number: int) -> None:
        self._do(lambda: self.people.show(number))

    # Runs

    @rule(direction=directions, limit=limits)
    def whole(self, direction: Direction, limit: int | None) -> None:
        self._do(lambda: self.office.whole(direction, limit))

    @rule(direction=directions)
    def start(self, direction: Direction) -> None:
        self._do(lambda: self.office.start(direction))

    @rule(number=numbers)
    def finish(self, number: int) -> None:
        self._do(lambda: self.office.finish(number))

    @rule(number=numbers)
    def start_again(self, number: int) -> None:
        self._do(lambda: self.office.start_again(number))

    @rule(number=numbers)
    def finish_stale(self, number: int) -> None:
        self._do(lambda: self.office.finish_stale(number))

    @rule(direction=directions, other=directions, before=st.lists(by_people, max_size=2), after=by_people)
    def overlap(
        self,
        direction: Direction,
        other: Direction,
        before: list[tuple[str, tuple[Any, ...]]],
        after: tuple[str, tuple[Any, ...]],
    ) -> None:
        """People and another run between the reading and the writing of one."""
        self._do(lambda: self.office.start(direction))
        for happening in before:
            self._do(self._named(happening))
        self._do(lambda: self.office.whole(other))
        self._do(self._named(after))
        self._do(lambda: self.office.finish(-1))

    @rule(direction=directions)
    def look(self, direction: Direction) -> None:
        if not self.office.surprises:
            self._do(lambda: self.office.look(direction))

    # The mapping

    @rule(policy=st.sampled_from(["newest", "crm", "engagement"]))
    def change_policy(self, policy: str) -> None:
        self._do(lambda: self.office.change(conflict=policy))

    @rule(direction=directions, operation=st.sampled_from(list(Operation)), on=st.booleans())
    def switch(self, direction: Direction, operation: Operation, *, on: bool) -> None:
        self._do(lambda: self.office.switch(direction, operation, on=on))

    @rule(direction=directions, on=st.booleans())
    def withhold(self, direction: Direction, *, on: bool) -> None:
        self._do(lambda: self.office.withhold(direction, on=on))

    @rule(mapped=st.booleans())
    def map_field(self, *, mapped: bool) -> None:
        self._do(lambda: self.office.map_field("first_name", mapped=mapped))

    # Trouble, now or in the middle of the next run

    @rule(fault=st.sampled_from(list(Fault)), late=st.sampled_from([0, 5, 15]))
    def fault(self, fault: Fault, late: float) -> None:
        self._do(lambda: self.office.fault(fault, late))

    @rule(step=steps, nth=times)
    def kill(self, step: str, nth: int) -> None:
        self._do(lambda: self.office.kill(step, nth))

    @rule(nth=st.integers(1, 60))
    def kill_anywhere(self, nth: int) -> None:
        self._do(lambda: self.office.kill("", nth))

    @rule(step=steps, nth=times, happening=by_people)
    def meddle(self, step: str, nth: int, happening: tuple[str, tuple[Any, ...]]) -> None:
        self._do(lambda: self.office.surprise(step, nth, self._named(happening)))

    @rule(step=steps, nth=times, happening=by_others, stall=stalls)
    def interfere(self, step: str, nth: int, happening: tuple[str, tuple[Any, ...]], stall: float) -> None:
        other = self.office.beside(self._named(happening))

        def together() -> None:
            self.office.stall(stall)
            other()

        self._do(lambda: self.office.surprise(step, nth, together))

    @rule(calls=st.sampled_from([0, 1, 2, 3, 5, None]))
    def limit(self, calls: int | None) -> None:
        self._do(lambda: self.office.allow(calls))

    @rule(reachable=st.booleans())
    def reach(self, *, reachable: bool) -> None:
        self.office.world.system.reachable = reachable

    @rule(number=numbers)
    def leave_out(self, number: int) -> None:
        """Pages leave a record out though they count it."""
        rows = list(self.office.world.leads())
        self.office.world.hooks.missing = {rows[number % len(rows)]} if rows else set()

    @rule(seconds=pauses)
    def wait(self, seconds: float) -> None:
        self.office.world.system.advance(seconds)

    @precondition(lambda self: not self.quiet_since)
    @rule()
    def quiet(self) -> None:
        self._do(lambda: promise.keep(self.office))
        self.quiet_since = True

    def teardown(self) -> None:
        if hasattr(self, "office") and not self.quiet_since:
            self.quiet()
