"""Windows of any size: slices, checkpoints, and limits that are met while reading (G3, G27)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from modstamp.engine.handoff import Summary
from modstamp.model import Direction
from tests.fixtures.world import World

_POLLING = Direction.POLLING
ROWS = 5


def _fill(world: World, first: int = 0, *, apart: float = 1) -> None:
    for number in range(first, first + ROWS):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
        world.system.advance(apart)


def _sliced(world: World, rows: int) -> None:
    world.settings = world.settings.model_copy(update={"run_rows": rows})


def _whole(world: World) -> list[Summary]:
    """Runs until the window is closed."""
    done = [world.poll()]
    while done[-1].unfinished:
        done.append(world.poll())
        assert len(done) < 2 * ROWS
    return done


def _upper(world: World) -> object:
    return world.sql("SELECT upper FROM sync_cursors")[0][0]


@pytest.mark.guarantee("G3")
def test_a_window_larger_than_a_run_is_read_slice_by_slice(world: World) -> None:
    _sliced(world, 2)
    _fill(world)

    runs = _whole(world)

    assert [each.counts["seen"] for each in runs] == [2, 2, 1]
    assert [row["last_name"] for row in world.prospects().values()] == [str(number) for number in range(ROWS)]
    assert _upper(world) is None


@pytest.mark.guarantee("G3")
def test_what_became_visible_late_behind_a_slice_is_in_the_next_window(world: World) -> None:
    _sliced(world, 2)
    _fill(world)
    first = world.poll()
    world.system.create("Lead", {"Email": "late@example.com", "LastName": "late"}, late=0)
    world.system.advance(5)

    _whole(world)
    world.poll()

    assert first.unfinished
    assert "late" in [row["last_name"] for row in world.prospects().values()]


@pytest.mark.guarantee("G3")
def test_slices_of_records_that_were_seen_before_move_on_too(world: World) -> None:
    world.settings = world.settings.model_copy(update={"lookback": timedelta(hours=1)})
    _fill(world)
    world.poll()
    _sliced(world, 2)

    runs = _whole(world)

    assert [each.counts["seen before"] for each in runs] == [2, 2, 1]


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("rows", [1, 2, ROWS])
def test_more_rows_than_a_slice_may_share_the_last_second_of_the_window(world: World, rows: int) -> None:
    _sliced(world, rows)
    world.system.clock = world.system.clock.replace(microsecond=0)
    _fill(world, apart=0)
    world.load(world.extract(_POLLING))
    world.later(10)

    _whole(world)

    assert len(world.prospects()) == ROWS
    assert _upper(world) is None


@pytest.mark.guarantee("G27")
def test_what_was_read_before_a_limit_lands_and_the_rest_follows(world: World) -> None:
    _fill(world)
    world.with_one_clock()
    world.connector.page_size = 1
    world.connector.maximum = world.connector.calls + 3  # the schema and two pages
    handoff = world.start(_POLLING)
    world.connector.maximum = None

    paused = world.load(world.prepare(handoff))

    assert (paused.paused, paused.unfinished) == (True, False)
    assert paused.message.endswith("calls are used")
    assert len(world.prospects()) == 2
    world.later()
    assert world.poll().counts["seen"] == ROWS - 2
    assert len(world.prospects()) == ROWS


@pytest.mark.guarantee("G27")
def test_a_limit_before_the_re_read_list_keeps_the_list(world: World) -> None:
    _fill(world)
    world.poll()
    world.later(3600)
    world.poll()  # its window has left them behind
    lead = world.system.create("Lead", {"Email": "new@example.com", "LastName": "new"})
    old = next(iter(world.leads()))
    world.sql(
        "INSERT INTO sync_pending (mapping, direction, record_id, since) VALUES (:m, 'polling', :r, CURRENT_TIMESTAMP)",
        m=world.mapping.name,
        r=old,
    )
    world.later()
    world.connector.maximum = world.connector.calls + 2  # the schema and the window
    handoff = world.start(_POLLING)
    world.connector.maximum = None

    paused = world.load(world.prepare(handoff))

    assert paused.paused
    assert lead in [external for _, external in world.links()]
    assert world.pending("polling") == [old]
    world.poll()
    assert world.pending("polling") == []
