"""History goes out in a lane of its own: only when asked for, portion by portion, and each record once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from modstamp.engine import backfill
from modstamp.engine.stretches import Stretch
from modstamp.errors import LeaseHeldError, LimitReachedError
from tests.fixtures.history import NOW, YEAR, Killed, bring_out, insert, listening_late, mails
from tests.fixtures.world import World


@pytest.fixture
def old(sqlite: Engine, tmp_path: Path) -> World:
    return listening_late(sqlite, tmp_path)


@pytest.mark.guarantee("G20")
def test_every_record_goes_out_once_in_portions(database: Engine, tmp_path: Path) -> None:
    world = listening_late(database, tmp_path)
    progress = bring_out(world)

    assert (progress.done, progress.stopped, progress.fed, progress.runs) == (True, "", 5, 3)
    assert mails(world) == [f"old{number}@x.io" for number in range(5)]
    again = bring_out(world)
    assert (again.done, again.fed, again.runs) == (True, 0, 0)
    assert len(world.leads()) == 5


def test_the_estimate_tells_what_goes_what_stays_and_why(old: World) -> None:
    insert(old, 0, email="secret@x.io", last_name="Secret")
    old.sql("DELETE FROM sync_pending")
    linked = insert(old, 1, email="live@x.io")
    old.push()

    found = backfill.estimate(old.environment, YEAR)

    assert old.pending("pushing") == []
    assert old.links()[0][0] == linked
    assert (found.rows, found.due, found.creates) == (7, 5, 5)
    assert found.stays == {"is linked already": 1, 'last_name is not "Secret"': 1}
    assert (found.finds, found.writes, found.calls) == (3, 3, 9), "of three portions"


def test_a_stretch_is_cut_where_months_begin() -> None:
    moments = [datetime(2025, 11, 21, 8, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    first, second = Stretch(since=moments[0], until=moments[1]).months()

    assert (first.since, second.until) == tuple(moments)
    assert first.until == second.since == datetime(2025, 12, 1, tzinfo=UTC)


def test_what_a_condition_withholds_is_never_queued(old: World) -> None:
    insert(old, 0, email="secret@x.io", last_name="Secret")
    old.sql("DELETE FROM sync_pending")

    assert bring_out(old, due=10).done
    assert len(old.leads()) == 5
    assert old.waiting() == []


def test_a_stretch_ends_where_it_says(old: World) -> None:
    first = Stretch(since=NOW - timedelta(days=100), until=NOW)

    assert bring_out(old, stretch=first).fed == 2
    assert mails(old) == ["old0@x.io", "old1@x.io"]


@pytest.mark.guarantee("G21")
def test_a_killed_backfill_goes_on_where_it_was(old: World) -> None:
    def kill() -> None:
        raise Killed

    old.with_one_clock()
    with pytest.raises(Killed):
        bring_out(old, before=kill)
    assert len(old.pending("pushing")) == 2
    assert mails(old) == []

    old.later()
    progress = bring_out(old)

    assert progress.done
    assert progress.fed == 3  # two were queued already
    assert mails(old) == [f"old{number}@x.io" for number in range(5)]


@pytest.mark.guarantee("G22")
def test_no_live_run_takes_what_a_backfill_has_queued(old: World) -> None:
    def live() -> None:
        with pytest.raises(LeaseHeldError):
            old.push()

    assert bring_out(old, before=live).done


@pytest.mark.guarantee("G4")
def test_a_live_edit_goes_with_the_next_run_and_is_not_undone(old: World) -> None:
    def edit() -> None:
        if not old.leads():
            old.sql("UPDATE prospects SET title = 'Chief' WHERE email IN ('old0@x.io', 'old4@x.io')")

    assert bring_out(old, before=edit).done
    titles = {row["Email"]: row.get("Title") for row in old.leads().values()}
    assert titles == {f"old{number}@x.io": "Chief" if number in (0, 4) else None for number in range(5)}


@pytest.mark.guarantee("G27")
def test_a_limit_stops_it_and_leaves_nothing_to_live_runs(old: World) -> None:
    def full(*_: Any) -> None:
        raise LimitReachedError("the backfill made 80 calls in 24 hours, and 80 are its share")

    old.hooks.before("find", full)
    stopped = bring_out(old)

    assert "its share" in stopped.stopped
    assert (stopped.done, old.pending("pushing"), mails(old)) == (False, [], [])
    assert bring_out(old).done
    assert len(old.leads()) == 5


@pytest.mark.guarantee("G28")
def test_no_more_goes_out_than_was_approved(old: World) -> None:
    progress = bring_out(old, due=3)

    assert "more records are due than the 3 that were approved" in progress.stopped
    assert len(old.leads()) == 3


@pytest.mark.guarantee("G28")
def test_what_was_approved_is_not_held_and_live_work_still_is(sqlite: Engine, tmp_path: Path) -> None:
    world = listening_late(sqlite, tmp_path, create_limit={"records": 1, "share": 0.1, "floor": 1})

    assert bring_out(world, stretch=Stretch(since=NOW - timedelta(days=100), until=NOW)).done
    assert world.sql("SELECT * FROM sync_holds") == []
    for number in range(20):
        world.prospect(email=f"new{number}@x.io", last_name="New")
    assert world.push().held
    assert "live work comes first" in bring_out(world).stopped
    assert len(world.leads()) == 2


def test_what_exists_on_the_other_side_is_linked(old: World) -> None:
    old.lead(Email="old1@x.io", LastName="Old 1")
    old.lead(Email="old3@x.io", LastName="Old 3")

    assert bring_out(old).done
    assert mails(old) == [f"old{number}@x.io" for number in range(5)]
    assert len(old.links()) == 5


@pytest.mark.guarantee("G30")
def test_history_goes_like_everything_else_when_its_lane_is_taken_away(old: World) -> None:
    old.push()
    old.change_mapping(match=["email", "last_name"])  # lets a mapping look again at what it has not linked
    insert(old, -2, email="soon@x.io")
    old.sql("DELETE FROM sync_pending")
    old.push()
    assert mails(old) == ["soon@x.io"]

    old.change_mapping(backfill=None)
    old.push()
    assert len(old.leads()) == 6
