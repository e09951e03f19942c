"""A backfill beside others: another backfill, live runs, people who answer and edit; and killed at any step."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modstamp.engine import backfill
from modstamp.engine.handoff import Summary
from modstamp.engine.lane import Progress
from modstamp.engine.stretches import Stretch
from modstamp.errors import LimitReachedError
from modstamp.model import Direction
from tests.fixtures.history import NOW, YEAR, Killed, bring_out, insert, lane, listening_late, mails
from tests.fixtures.probes import Reach
from tests.fixtures.world import World

ALL = [f"old{number}@x.io" for number in range(5)]


@pytest.fixture
def old(sqlite: Engine, tmp_path: Path) -> World:
    return listening_late(sqlite, tmp_path)


def kill() -> None:
    raise Killed


@pytest.mark.guarantee("G22")
def test_two_backfills_of_overlapping_times_leave_each_others_portions_alone(old: World) -> None:
    """The second one has queued a portion when the first one has sent its own, and looks what is left."""
    old.with_one_clock()
    seen: list[Progress] = []

    def told(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 1:
            second = lane(old, stretch=Stretch(since=YEAR.since, until=NOW - timedelta(days=1)), before=kill)
            with pytest.raises(Killed):
                second.portions(Progress(due=5), lambda _: None)
            assert len(old.pending("pushing")) == 2
            old.later()

    done = lane(old).portions(Progress(due=5), told)

    assert (done.done, done.stopped) == (True, "")
    assert mails(old) == ALL
    assert len(old.links()) == 5


@pytest.mark.guarantee("G22")
def test_a_limit_does_not_take_back_what_another_backfill_has_in_hand(sqlite: Engine, tmp_path: Path) -> None:
    world = listening_late(sqlite, tmp_path, lease=timedelta(seconds=0.4))
    world.with_one_clock()

    def full() -> None:
        raise LimitReachedError("80 calls are its share")

    first = lane(world)

    def push(run_id: str) -> Summary:
        """When it is paused, and before it looks what it has to take back, the second one begins."""
        summary = sending(run_id)
        world.later()
        with pytest.raises(Killed):
            bring_out(world, before=kill)
        return summary

    sending, first.push = first.push, push
    world.hooks.before("find", full)
    stopped = first.portions(Progress(due=5), lambda _: None)

    assert stopped.cause == "limit"
    assert len(world.pending("pushing")) == 2
    world.later()
    assert bring_out(world).done
    assert mails(world) == ALL


@pytest.mark.guarantee("G28")
def test_an_approval_of_live_work_is_not_used_up(sqlite: Engine, tmp_path: Path) -> None:
    world = listening_late(sqlite, tmp_path, create_limit={"records": 1, "share": 0.1, "floor": 1})
    for number in range(20):
        world.prospect(email=f"new{number}@x.io", last_name="New")
    assert world.push().held
    with world.store.begin() as tx:
        hold = tx.holds.get(world.mapping.name, Direction.PUSHING)
        assert hold is not None
        tx.holds.put(replace(hold, decision="approved", decided_by="ada", decided_at=world.store.now()))

    stopped = bring_out(world)

    assert (stopped.cause, stopped.runs) == ("held", 0)
    assert "approved by ada" in stopped.stopped
    assert len(world.pending("pushing")) == 20
    assert world.push().counts["created"] == 20
    assert bring_out(world).done
    assert len(world.leads()) == 25


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_person_who_edits_while_it_is_sent_is_not_lost(old: World, moment: str) -> None:
    def edit() -> None:
        old.sql("UPDATE prospects SET title = 'Chief' WHERE email = 'old0@x.io'")

    if moment == "within":
        old.hooks.within_push(edit)
    else:
        getattr(old.hooks, moment)("push", edit)

    assert bring_out(old).done
    old.push()

    assert mails(old) == ALL
    assert {row["Email"] for row in old.leads().values() if row.get("Title") == "Chief"} == {"old0@x.io"}


def _killed_after(steps: int) -> Reach:
    left = itertools.count(steps, -1)

    def reach(step: str) -> None:
        del step
        if next(left) == 0:
            raise Killed

    return reach


@pytest.mark.guarantee("G18")
@pytest.mark.guarantee("G21")
def test_it_may_be_killed_at_any_step(sqlite: Engine, tmp_path: Path) -> None:
    """Each try is killed one step later than the one before, until one is through."""
    world = listening_late(sqlite, tmp_path)
    world.with_one_clock()
    kills = 0
    for steps in range(4, 1_000, 8):
        world.reach = _killed_after(steps)
        try:
            assert bring_out(world, due=5).done
            break
        except Killed:
            kills += 1
            world.later()
    world.reach = _killed_after(1_000)
    world.later()
    world.push()

    assert kills > 5
    assert mails(world) == ALL
    assert len(world.links()) == 5
    assert world.pending("pushing") == []


def test_midnight_belongs_to_the_month_that_begins(database: Engine, tmp_path: Path) -> None:
    world = listening_late(database, tmp_path)
    edge = NOW.replace(day=1, hour=0, minute=0, second=0)
    before, last = edge - timedelta(days=5), edge - timedelta(microseconds=1)
    for number, moment in enumerate((last, edge)):
        text = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        insert(world, 0, email=f"edge{number}@x.io", created_at=text + "+00:00" * (database.name == "postgresql"))
    world.sql("DELETE FROM sync_pending")
    ended, begun = (
        Stretch(since=one, until=other) for one, other in ((before, edge), (edge, edge + timedelta(days=1)))
    )

    assert backfill.estimate(world.environment, ended).due == 1
    assert bring_out(world, stretch=ended).fed == 1
    assert mails(world) == ["edge0@x.io"]
    assert bring_out(world, stretch=begun).fed == 1
    assert bring_out(world, stretch=Stretch(since=before, until=edge + timedelta(days=1))).fed == 0
    assert mails(world) == ["edge0@x.io", "edge1@x.io"]


def test_a_whole_month_is_cut_at_midnight_of_utc() -> None:
    since = datetime(2026, 10, 1, tzinfo=UTC)
    (month,) = Stretch(since=since, until=datetime(2026, 11, 1, tzinfo=UTC)).months()
    assert (month.since, month.until) == (since, datetime(2026, 11, 1, tzinfo=UTC))
