"""Windows when a run stalls, is repeated, or meets more rows of one second than it may take (G3, G22, G30)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modstamp.engine.handoff import RunOptions
from modstamp.engine.window import open_window
from modstamp.errors import LeaseLostError
from modstamp.model import Direction
from modstamp.ports import Cursor
from tests.fixtures.world import World

_POLLING = Direction.POLLING


def _sliced(world: World, rows: int) -> None:
    world.settings = world.settings.model_copy(update={"run_rows": rows})


@pytest.mark.guarantee("G3")
def test_a_later_slice_that_lies_in_the_last_second_of_the_window_grows_too(sqlite_world: World) -> None:
    world = sqlite_world
    _sliced(world, 2)
    world.system.clock = world.system.clock.replace(microsecond=0)
    for number in range(2):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
    world.system.advance(5)
    for number in range(2, 6):
        world.lead(Email=f"{number}@example.com", LastName=str(number))

    runs = [world.load(world.extract(_POLLING))]
    while runs[-1].unfinished:
        runs.append(world.load(world.extract(_POLLING)))
        assert len(runs) < 10

    assert len(world.prospects()) == 6


@pytest.mark.guarantee("G22")
@pytest.mark.guarantee("G30")
def test_a_poll_without_its_lease_does_not_put_the_cursor_forward_again(sqlite_world: World) -> None:
    """It stalls before it opens its window; a changed mapping has the other side read from the beginning meanwhile."""
    world = sqlite_world
    world.poll()
    lease = world.store.grant(world.mapping.name, _POLLING, "stalled")
    with world.store.begin() as tx:
        tx.leases.revoke(world.mapping.name, _POLLING)
        tx.cursors.put(world.mapping.name, Cursor())

    with pytest.raises(LeaseLostError):
        open_window(world.environment, RunOptions(), lease)

    with world.store.begin(read_only=True) as tx:
        assert tx.cursors.get(world.mapping.name) == Cursor()


@pytest.mark.guarantee("G3")
def test_the_checkpoint_of_a_repeated_load_is_not_taken_for_one_of_the_next_window(sqlite_world: World) -> None:
    """The window was closed, the answer got lost, and the second try stopped between its records and its end."""
    world = sqlite_world
    world.system.create("Lead", {"Email": "late@example.com", "LastName": "late"}, late=20)
    world.system.advance(2)
    world.lead(Email="first@example.com", LastName="first")
    world.poll()
    with world.store.begin() as tx:
        cursor = tx.cursors.get(world.mapping.name)
        assert cursor.cursor is not None
        tx.cursors.put(world.mapping.name, replace(cursor, after=(cursor.cursor, "~")))
    world.system.advance(25)

    world.poll()

    assert "late" in [row["last_name"] for row in world.prospects().values()]
