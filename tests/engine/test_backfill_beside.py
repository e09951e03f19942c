"""A backfill beside others: another backfill, live runs, people who answer and edit; and killed at any step."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from modstamp.engine import backfill
from modstamp.engine.handoff import Summary
from modstamp.engine.lane import Lane, Progress
from modstamp.engine.stretches import Stretch
from modstamp.errors import LimitReachedError
from modstamp.model import Direction
from tests.fixtures.history import LISTENING, NOW, YEAR, Killed, bring_out, insert, lane, listening_late, mails
from tests.fixtures.probes import Reach
from tests.fixtures.world import World

# Equal ones are no mistake, and nothing tells them apart.
ACTIVITIES = {
    **LISTENING,
    "match": [],
    "fields": [{"internal": name, "external": to, "direction": "out"} for name, to in (("last_name", "LastName"),)],
}
ALL = [f"old{number}@x.io" for number in range(5)]


@pytest.fixture
def old(sqlite: Engine, tmp_path: Path) -> World:
    return listening_late(sqlite, tmp_path)


def kill() -> None:
    raise Killed


def begun_beside(first: Lane, world: World) -> Lane:
    """When this lane's first run has ended, and before it looks what is left, another backfill queues a portion."""
    sending, second = (
        first.push,
        lane(world, stretch=Stretch(since=YEAR.since, until=NOW - timedelta(days=1)), before=kill),
    )

    def push(run_id: str) -> Summary:
        summary, first.push = sending(run_id), sending
        world.later()
        with pytest.raises(Killed):
            second.portions(Progress(due=5), lambda _: None)
        assert len(world.pending("pushing")) == 2
        return summary

    first.push = push
    return first


@pytest.mark.guarantee("G22")
def test_two_backfills_of_overlapping_times_leave_each_others_portions_alone(old: World) -> None:
    old.with_one_clock()
    done = begun_beside(lane(old), old).portions(Progress(due=5), lambda _: old.later())

    assert (done.done, done.stopped) == (True, "")
    assert mails(old) == ALL
    assert len(old.links()) == 5


@pytest.mark.guarantee("G22")
def test_a_limit_does_not_take_back_what_another_backfill_has_in_hand(sqlite: Engine, tmp_path: Path) -> None:
    world = listening_late(sqlite, tmp_path, lease=timedelta(seconds=0.4))
    world.with_one_clock()

    def full() -> None:
        raise LimitReachedError("80 calls are its share")

    world.hooks.before("find", full)
    stopped = begun_beside(lane(world), world).portions(Progress(due=5), lambda _: None)

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


@pytest.mark.guarantee("G18")
def test_what_its_condition_withholds_once_it_is_queued_does_not_go(old: World) -> None:
    def withhold() -> None:
        old.sql("UPDATE prospects SET last_name = 'Secret' WHERE email = 'old0@x.io'")

    assert bring_out(old, before=withhold).done
    assert mails(old) == ALL[1:]
    old.sql("UPDATE prospects SET last_name = 'Open' WHERE email = 'old0@x.io'")
    old.push()
    assert mails(old) == ALL


def _killed_after(steps: int) -> Reach:
    left = itertools.count(steps, -1)

    def reach(step: str) -> None:
        del step
        if next(left) == 0:
            raise Killed

    return reach


@pytest.mark.guarantee("G18")
@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("mapping", [LISTENING, ACTIVITIES], ids=["match key", "twins"])
def test_it_may_be_killed_at_any_step(sqlite: Engine, tmp_path: Path, mapping: Mapping[str, Any]) -> None:
    """Each try is killed some steps later than the one before, until one is through."""
    world = listening_late(sqlite, tmp_path, mapping)
    world.sql("UPDATE prospects SET last_name = 'Same' WHERE email > 'old1'")
    world.sql("DELETE FROM sync_pending")
    world.with_one_clock()
    kills = 0
    for steps in range(4, 1_000, 8):
        world.reach = _killed_after(steps)
        try:
            assert bring_out(world).done
            break
        except Killed:
            kills += 1
            world.later()
    world.reach = _killed_after(1_000)
    world.later()
    world.push()

    assert kills > 5
    assert sorted(row["LastName"] for row in world.leads().values()) == ["Old 0", *["Same"] * 4]
    assert sorted(record for _, record in world.links()) == sorted(world.leads())
    assert (world.pending("pushing"), world.waiting()) == ([], [])


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
