"""A window that takes several runs is held as one would be, and is approved as a whole (G28, G3)."""

from __future__ import annotations

import pytest

from modstamp.engine.handoff import Summary
from tests.engine.test_brakes import answer, hold, limit, pairs
from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G28")


def _pairs(world: World, count: int, rows: int) -> list[str]:
    """Linked, with nothing of them in the next window; from then on runs take so many rows."""
    leads = pairs(world, count)
    world.poll()
    limit(world, run_rows=rows)
    return leads


def _drop(world: World, leads: list[str]) -> None:
    """One a second, so that a slice may end between any two."""
    for lead in leads:
        world.system.delete(LEAD, lead)
        world.system.advance(1)


def _until_the_end(world: World) -> Summary:
    """Runs until one is held or the window is read."""
    summary = world.poll()
    while summary.unfinished:
        summary = world.poll()
    return summary


def test_deletes_add_up_over_the_runs_of_a_window(world: World) -> None:
    leads = _pairs(world, 30, 4)
    _drop(world, leads[:8])

    held = _until_the_end(world)

    assert "would delete 8 prospect records, and may delete 5 unasked (4 of them are done" in held.message
    assert len(world.prospects()) == 26


def test_a_side_that_is_deleted_slice_by_slice_holds(sqlite_world: World) -> None:
    world = sqlite_world
    leads = _pairs(world, 30, 10)
    world.change_mapping(inbound={"create": True}, outbound={"create": True})
    _drop(world, leads[:28])

    held = _until_the_end(world)

    assert "28 of 30 linked Lead records are deleted" in held.message
    assert len(world.links()) == 10


def test_an_approval_holds_for_its_window(world: World) -> None:
    leads = _pairs(world, 50, 10)
    _drop(world, leads[:40])

    asked = world.poll()
    known = hold(world)
    answer(world, "approved")
    done = _until_the_end(world)

    assert "would delete 40 prospect records, and may delete 5 unasked" in asked.message
    assert "40 of 50 linked Lead records are deleted" in asked.message
    assert "30 records of its window are still to be read" in asked.message
    assert known is not None
    assert known.counts == {"delete": 40, "emptied": 40}
    assert (done.held, len(world.prospects()), hold(world)) == (False, 10, None)


def test_more_than_a_window_was_approved_for_asks_again(sqlite_world: World) -> None:
    world = sqlite_world
    leads = _pairs(world, 59, 10)
    for lead in leads[46:50]:
        world.edit_lead(lead, LastName="New")
        world.system.advance(1)
    _drop(world, leads[:46])

    world.poll()
    known = hold(world)
    answer(world, "approved")
    grown = _until_the_end(world)

    assert known is not None
    assert known.counts["delete"] == 30  # six of ten, and forty are still to be read
    assert grown.asks
    assert "would delete 46 prospect records" in grown.message
