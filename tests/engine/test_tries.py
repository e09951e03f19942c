"""Tries of one run that outlive the next one: Airflow has given a task up, and it still works (G22)."""

from __future__ import annotations

import pytest

from modstamp.engine import run
from modstamp.engine.handoff import Handoff, RunOptions
from modstamp.errors import LimitReachedError
from modstamp.model import Direction
from tests.fixtures.world import World

pytestmark = pytest.mark.guarantee("G22")


def _extract(world: World, direction: Direction) -> Handoff:
    """Every try of a run has its id."""
    return run.start(world.environment, direction, RunOptions(), "the run")


def test_a_try_that_lives_on_writes_over_no_part_of_the_next_one(world: World) -> None:
    """It read its page before a record became visible, and stages it after the next try has staged its own."""
    world.lead(Email="first@example.com", LastName="first")
    world.system.create("Lead", {"Email": "late@example.com", "LastName": "late"}, late=5)
    world.system.advance(1)
    tries: list[Handoff] = []

    def next_try() -> None:
        world.system.advance(10)
        tries.append(_extract(world, Direction.POLLING))

    world.hooks.after("pull", next_try)
    _extract(world, Direction.POLLING)
    world.load(world.prepare(tries[0]))

    assert sorted(row["last_name"] for row in world.prospects().values()) == ["first", "late"]


def test_a_try_that_meets_a_limit_removes_no_part_of_the_next_one(world: World) -> None:
    world.poll()
    world.prospect(email="new@example.com", last_name="new")
    old, new = (world.prepare(_extract(world, Direction.PUSHING)) for _ in range(2))

    def limit() -> None:
        raise LimitReachedError("no calls are left")

    world.hooks.before("find", limit)
    world.load(old)
    world.load(new)

    assert [row["LastName"] for row in world.leads().values()] == ["new"]


def test_a_load_that_is_repeated_after_its_end_does_nothing_and_says_so(world: World) -> None:
    """Its answer got lost on the way to Airflow, which asks for it once more."""
    world.lead(Email="first@example.com", LastName="first")
    world.system.advance(1)
    handoff = world.prepare(_extract(world, Direction.POLLING))
    done = world.load(handoff)

    again = world.load(handoff)

    assert again.counts == done.counts
    assert "this run was loaded before, and completed; nothing was done again" in again.message
    assert world.sql("SELECT status FROM sync_runs") == [("completed",)]
