"""People, runs and everything that comes between: one world in which a story is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modstamp.connectors.memory import Fault
from modstamp.engine import run
from modstamp.engine.handoff import Handoff, RunOptions
from modstamp.errors import FatalError, LimitReachedError, RetryableError
from modstamp.mapping.strict import section
from modstamp.model import Direction, Operation
from tests.engine.state_machine.light import LightWorld
from tests.engine.state_machine.memory import Memory
from tests.engine.state_machine.people import HOLD, PRIVATE, People, chosen

Happening = Callable[[], None]
STALL = 70.0  # longer than a lease
CONDITIONS = {
    Direction.POLLING: {"field": "Company", "operator": "is not", "value": HOLD},
    Direction.PUSHING: {"field": "description", "operator": "is not", "value": PRIVATE},
}
_BETWEEN = ("begin", "committed", "grant", "give back")  # no transaction of ours that writes is open


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Surprise:
    """Something that happens at a step of a run: the nth time that one of this name is taken ("" means any)."""

    step: str
    times: int
    happening: Happening
    kills: bool = False

    def due(self, step: str) -> bool:
        if self.step in ("", step) and self.times:
            self.times -= 1
        return not self.times and (self.kills or step in _BETWEEN or step.startswith(("before", "after", "within")))


@dataclass
class Office:
    """`running`: extracted and transformed, to be loaded. `stale`: handoffs that were loaded, or left behind."""

    world: LightWorld
    memory: Memory = field(default_factory=Memory)
    running: list[Handoff] = field(default_factory=list)
    stale: list[Handoff] = field(default_factory=list)
    surprises: deque[Surprise] = field(default_factory=deque)
    depth: int = 0

    def __post_init__(self) -> None:
        self.people = People(self.world, self.memory)
        self.world.reach = self._reach
        self.world.expects = self._expects

    def tell(self, *words: object) -> None:
        self.people.tell(*words)

    def _reach(self, step: str) -> None:
        if self.surprises and self.surprises[0].due(step):
            surprise = self.surprises.popleft()
            self.tell("at", step, "{")
            self.depth += 1
            try:
                surprise.happening()
            finally:
                self.depth -= 1
                self.tell("}")

    def _expects(self, step: str) -> bool:
        return bool(self.surprises) and self.surprises[0].step in ("", step)

    # Runs

    def guard(self, happening: Happening) -> None:
        """A run may end early; the next ones go on."""
        try:
            happening()
        except (RetryableError, FatalError, LimitReachedError, Killed) as error:
            self.tell("ended by", repr(error)[:90])

    def start(self, direction: Direction, limit: int | None = None) -> None:
        self._start(direction, f"run-{next(self.world.numbers)}", limit)

    def _start(self, direction: Direction, run_id: str, limit: int | None = None) -> None:
        self.memory.begun += 1
        self.tell("start", direction, run_id, limit)
        handoff = run.start(self.world.environment, direction, RunOptions(limit=limit), run_id)
        self.running.append(run.transform(self.world.environment, handoff))

    def start_again(self, number: int) -> None:
        """The task is repeated though the first one has done its work."""
        if self.running:
            handoff = chosen(self.running, number)
            self.running.remove(handoff)
            self.stale.append(handoff)
            self._start(handoff.direction, handoff.run_id)

    def finish(self, number: int) -> None:
        if self.running:
            handoff = chosen(self.running, number)
            self.running.remove(handoff)
            self.stale = [*self.stale, handoff][-3:]
            self._finish(handoff)

    def finish_stale(self, number: int) -> None:
        """The task is repeated, or one that was given up goes on."""
        if self.stale:
            self._finish(chosen(self.stale, number))

    def _finish(self, handoff: Handoff) -> None:
        self.tell("load", handoff.direction, handoff.run_id, handoff.token)
        summary = run.finish(self.world.environment, Handoff.from_dict(handoff.as_dict()))
        self.tell("loaded", handoff.run_id, dict(summary.counts), summary.message)

    def whole(self, direction: Direction, limit: int | None = None) -> None:
        known = len(self.running)
        self.start(direction, limit)
        if len(self.running) > known:
            self.finish(-1)

    def look(self, direction: Direction) -> None:
        """A dry run: nothing changes."""
        before = self._everything()
        run_id = f"dry-{next(self.world.numbers)}"
        handoff = run.start(self.world.environment, direction, RunOptions(dry_run=True), run_id)
        run.finish(self.world.environment, run.transform(self.world.environment, handoff))
        assert self._everything() == before

    def _everything(self) -> tuple[Any, ...]:
        world = self.world
        tables = ("sync_links", "sync_pending", "sync_intents", "sync_quarantine", "sync_cursors", "prospects")
        return dict(world.leads()), len(world.hooks.sent), *(world.sql(f"SELECT * FROM {name}") for name in tables)  # noqa: S608

    # The mapping

    def change(self, **values: Any) -> None:
        self.tell("change", values)
        self.memory.changed = True
        self.world.change_mapping(**values)

    def switch(self, direction: Direction, operation: Operation, *, on: bool) -> None:
        toggles = self.world.mapping.toggles(direction).model_dump(mode="json")
        toggles[operation] = {**toggles[operation], "on": on}
        self.change(**{section(direction): toggles})

    def withhold(self, direction: Direction, *, on: bool) -> None:
        """Put a condition on creates and updates, or take it away."""
        toggles = self.world.mapping.toggles(direction).model_dump(mode="json")
        when = CONDITIONS[direction] if on else None
        changed = {name: {**toggles[name], "when": when} for name in ("create", "update")}
        self.change(**{section(direction): {**toggles, **changed}})

    def map_field(self, name: str, *, mapped: bool) -> None:
        """Take a field out of the mapping, or put it back."""
        fields = self.world.whole.model_dump(mode="json")["fields"]
        self.change(fields=[each for each in fields if mapped or each["internal"] != name])

    # Trouble

    def surprise(self, step: str, times: int, happening: Happening) -> None:
        self.surprises.append(Surprise(step, times, happening))

    def kill(self, step: str, times: int) -> None:
        self.surprises.append(Surprise(step, times, self._killed, kills=True))

    def _killed(self) -> None:
        raise Killed

    def beside(self, happening: Happening) -> Happening:
        """Another process, whose end is not this one's."""
        return lambda: self.guard(happening)

    def stall(self, seconds: float = STALL) -> None:
        self.tell("stall", seconds)
        self.world.system.advance(seconds)

    def fault(self, fault: Fault, late: float) -> None:
        self.tell("fault", fault)
        self.world.system.faults.append((fault, late))

    def allow(self, calls: int | None) -> None:
        self.tell("calls left", calls)
        connector = self.world.connector
        connector.maximum = None if calls is None else connector.calls + calls

    def calm_down(self) -> None:
        """All trouble is over, and whoever was at work is gone."""
        self.running.clear()
        self.stale.clear()
        self.surprises.clear()
        self.world.system.faults.clear()
        self.world.system.locked.clear()
        self.world.system.reachable = True
        self.world.hooks.missing.clear()
        self.allow(None)
