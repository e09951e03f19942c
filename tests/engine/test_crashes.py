"""The end of the process, by SIGKILL, between any two steps of a run (G17, G18): nothing is lost, nothing is doubled.

The run is a child process. The outside system survives it in a file, written whenever the child has changed it.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modstamp.connectors.memory import MemorySystem
from modstamp.model import Action, Direction, Outcome
from tests.fixtures.hooks import Hooks
from tests.fixtures.world import LEAD, MAPPING, World, build

ON = {"create": True, "update": True, "delete": True}
POINTS, FEW = 20, 6


class Kept(Hooks):
    """Tells of its calls too, and keeps the system in a file as soon as it was written to."""

    def __init__(self, world: World, file: Path) -> None:
        super().__init__(world.connector)
        self.world = world
        self.file = file

    def _happen(self, when: str, method: str) -> None:
        self.world.reach(f"{when} {method}")

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        self.world.reach("before push")
        outcomes = self.inner.push(type_name, actions, read_back)
        self.file.write_bytes(pickle.dumps(self.world.system))
        self.world.reach("after push")
        return outcomes


class Office:
    """A world that survives the processes that work in it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        toggles = {"inbound": ON, "outbound": ON}
        self.world = build(engine, folder, {**MAPPING, **toggles}, inbound_batch=3, outbound_batch=4)
        self.world.connector.batch_size = 2
        self.world.with_one_clock()
        self.file = folder / "system"
        self.world.hooks = Kept(self.world, self.file)
        self.rounds = 0

    def edit(self, direction: Direction) -> None:
        """Two new records, two edits and a delete on the side from which the run reads."""
        self.rounds += 1
        names = [f"{direction}-{self.rounds}-{number}" for number in range(2)]
        if direction is Direction.POLLING:
            first, second, third, *_ = self.world.leads()
            self.world.edit_lead(first, Phone=names[0])
            self.world.edit_lead(second, Phone=names[1])
            self.world.system.delete(LEAD, third)
            for name in names:
                self.world.lead(Email=f"{name}@example.com", LastName=name)
        else:
            first, second, third, *_ = self.world.prospects()
            self.world.edit_prospect(first, phone=names[0])
            self.world.edit_prospect(second, phone=names[1])
            self.world.delete_prospect(third)
            for name in names:
                self.world.prospect(email=f"{name}@example.com", last_name=name)

    def run(self, direction: Direction, reach: Callable[[str], None]) -> None:
        self.world.reach = reach
        (self.world.poll if direction is Direction.POLLING else self.world.push)()

    def killed_at(self, direction: Direction, step: int) -> bool:
        """Run in a process that ends before its nth step; False when it took fewer."""
        self.file.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            self._work_until(direction, step)
        _, status = os.waitpid(child, 0)
        if self.file.exists():
            system: MemorySystem = pickle.loads(self.file.read_bytes())  # noqa: S301 - our own
            self.world.system = self.world.connector.system = system
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    def _work_until(self, direction: Direction, step: int) -> None:
        """In the child, which never returns to pytest."""
        taken = 0

        def reach(_: str) -> None:
            nonlocal taken
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            self.world.engine.dispose(close=False)  # its connections belong to the parent
            self.run(direction, reach)
        except BaseException:  # noqa: BLE001 - the child's last words
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def recover(self) -> None:
        self.world.reach = lambda _: None
        for _ in range(2):
            self.world.later()
            self.world.poll()
            self.world.push()


def _by_name(world: World) -> tuple[dict[str, tuple[object, ...]], dict[str, tuple[object, ...]]]:
    """Inside and outside: last name → the fields that travel both ways."""
    inside: dict[str, tuple[object, ...]] = {
        str(row["last_name"]): (row["email"], row["phone"]) for row in world.prospects().values()
    }
    outside: dict[str, tuple[object, ...]] = {
        str(row["LastName"]): (row["Email"], row["Phone"]) for row in world.leads().values()
    }
    return inside, outside


def _check(world: World, source: dict[str, tuple[object, ...]]) -> None:
    inside, outside = _by_name(world)
    assert inside == outside == source
    assert Counter(row["last_name"] for row in world.prospects().values()).most_common(1)[0][1] == 1
    assert Counter(row["LastName"] for row in world.leads().values()).most_common(1)[0][1] == 1
    assert len(world.links()) == len(inside)
    assert world.pending("polling") + world.pending("pushing") == []
    assert world.sql("SELECT count(*) FROM sync_intents") == [(0,)]
    assert world.waiting() == []


def _kill(engine: Engine, folder: Path, direction: Direction, points: int) -> None:
    office = Office(engine, folder)
    world = office.world
    for number in range(2 * points + 8):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
    office.recover()
    office.edit(direction)
    steps: list[str] = []
    office.run(direction, steps.append)
    office.recover()
    killed = 0
    for point in range(points):
        world.later(60)
        office.edit(direction)
        source = _by_name(world)[0 if direction is Direction.PUSHING else 1]
        killed += office.killed_at(direction, 1 + point * (len(steps) - 1) // (points - 1))
        office.recover()
        _check(world, source)
    assert killed >= points - 1


@pytest.mark.guarantee("G17")
@pytest.mark.guarantee("G18")
@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("direction", list(Direction))
def test_a_killed_run_loses_and_doubles_nothing(postgresql: Engine, tmp_path: Path, direction: Direction) -> None:
    _kill(postgresql, tmp_path, direction, FEW)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("direction", list(Direction))
def test_a_run_killed_at_twenty_points(postgresql: Engine, tmp_path: Path, direction: Direction) -> None:
    _kill(postgresql, tmp_path, direction, POINTS)
