"""A run that would write far more than usual, or finds a side empty, stops before writing and asks (G28)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from modstamp.errors import RunHeldError
from modstamp.model import Direction
from modstamp.ports import Hold
from modstamp.settings import RunLimit, Settings
from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G28")

ALL = {"create": True, "update": True, "delete": True}
FEW = RunLimit(records=1_000, share=0.1, floor=5)
PAIRS = 30


def pairs(world: World, count: int = PAIRS, **toggles: Any) -> list[str]:
    """That many linked leads, a while ago; from then on at most five records of a kind may be written unasked."""
    world.change_mapping(inbound=ALL, outbound=ALL, **toggles)
    leads = [world.lead(Email=f"lead{number}@example.com", LastName="Old") for number in range(count)]
    world.settle(1)
    world.system.advance(40)
    limit(world, create_limit=FEW, update_limit=FEW, delete_limit=FEW)
    return leads


def limit(world: World, **settings: Any) -> None:
    world.settings = world.settings.model_copy(update=settings)


def hold(world: World, direction: Direction = Direction.POLLING) -> Hold | None:
    with world.store.begin(read_only=True) as tx:
        return tx.holds.get(world.mapping.name, direction)


def answer(world: World, decision: str, direction: Direction = Direction.POLLING) -> None:
    with world.store.begin() as tx:
        asked = tx.holds.get(world.mapping.name, direction)
        assert asked is not None
        tx.holds.put(replace(asked, decision=decision, decided_by="ada", decided_at=world.store.now()))


def state(world: World) -> dict[str, Any]:
    """All that a run may write, apart from the log of runs and the hold itself."""
    tables = ("prospects", "sync_links", "sync_pending", "sync_quarantine", "sync_intents")
    found = {name: world.sql(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in tables}  # noqa: S608
    cursor, history = world.sql("SELECT cursor FROM sync_cursors"), world.sql("SELECT count(*) FROM sync_history")
    return {**found, "cursor": cursor, "leads": dict(world.leads()), "history": history}


def drop(world: World, leads: list[str]) -> None:
    for lead in leads:
        world.system.delete(LEAD, lead)


def test_a_held_poll_has_written_nothing_and_asks(world: World) -> None:
    leads = pairs(world)
    drop(world, leads[:8])
    world.edit_lead(leads[9], LastName="New")
    handoff = world.extract(Direction.POLLING)
    before = state(world)

    summary = world.load(handoff)

    assert (summary.held, summary.asks, summary.paused) == (True, True, False)
    assert "would delete 8 prospect records, and may delete 5 unasked" in summary.message
    assert state(world) == before
    asked = hold(world)
    assert asked is not None
    assert (asked.counts, asked.decision) == ({"delete": 8}, None)
    assert world.sql("SELECT status FROM sync_runs WHERE id = :id", id=summary.run_id) == [("held",)]
    assert world.sql("SELECT holder FROM sync_leases WHERE direction = 'polling'") == [(None,)]
    assert not any(world.staging.iterdir())


def test_a_held_push_has_sent_nothing_and_keeps_its_entries(world: World) -> None:
    pairs(world)
    for number in range(8):
        world.prospect(email=f"new{number}@example.com", last_name="New")
    world.edit_prospect(next(iter(world.prospects())), last_name="Edited")
    handoff = world.extract(Direction.PUSHING)
    before, sent = state(world), len(world.hooks.sent)

    summary = world.load(handoff)

    assert summary.held
    assert "would create 8 Lead records" in summary.message
    assert state(world) == before
    assert len(world.hooks.sent) == sent
    assert len(world.pending("pushing")) == 9


def test_updates_have_a_limit_too(sqlite_world: World) -> None:
    for lead in pairs(sqlite_world)[:6]:
        sqlite_world.edit_lead(lead, LastName="New")

    assert "would update 6 prospect records" in sqlite_world.poll().message


def test_up_to_the_limit_nobody_is_asked(sqlite_world: World) -> None:
    drop(sqlite_world, pairs(sqlite_world)[:5])

    assert not sqlite_world.poll().held
    assert len(sqlite_world.prospects()) == PAIRS - 5


def test_an_approved_run_passes_once(world: World) -> None:
    leads = pairs(world)
    drop(world, leads[:8])
    world.poll()
    answer(world, "approved")

    passed = world.poll()

    assert not passed.held
    assert len(world.prospects()) == PAIRS - 8
    assert hold(world) is None
    drop(world, leads[8:16])
    assert world.poll().asks


def test_what_is_approved_is_read_anew(sqlite_world: World) -> None:
    leads = pairs(sqlite_world)
    drop(sqlite_world, leads[:8])
    sqlite_world.poll()
    sqlite_world.system.restore(LEAD, leads[0])
    answer(sqlite_world, "approved")

    sqlite_world.poll()

    assert len(sqlite_world.prospects()) == PAIRS - 7


def test_an_approval_covers_what_was_asked_and_a_little_more(sqlite_world: World) -> None:
    leads = pairs(sqlite_world, 60)
    drop(sqlite_world, leads[:10])
    sqlite_world.poll()
    answer(sqlite_world, "approved")
    drop(sqlite_world, leads[10:22])

    grown = sqlite_world.poll()

    assert grown.asks
    assert hold(sqlite_world).counts == {"delete": 22}  # type: ignore[union-attr]
    assert len(sqlite_world.prospects()) == 60


def test_an_approval_of_one_kind_is_none_of_another(sqlite_world: World) -> None:
    leads = pairs(sqlite_world)
    for lead in leads[10:18]:
        sqlite_world.edit_lead(lead, LastName="New")
    sqlite_world.poll()
    answer(sqlite_world, "approved")
    drop(sqlite_world, leads[:8])

    assert sqlite_world.poll().asks


def test_an_approval_ends_after_a_time(sqlite_world: World) -> None:
    sqlite_world.with_one_clock()
    drop(sqlite_world, pairs(sqlite_world)[:8])
    sqlite_world.poll()
    answer(sqlite_world, "approved")
    sqlite_world.later(timedelta(days=1, minutes=1).total_seconds())

    assert sqlite_world.poll().asks


def test_while_nobody_answers_nothing_is_called(sqlite_world: World) -> None:
    drop(sqlite_world, pairs(sqlite_world)[:8])
    sqlite_world.poll()

    def called() -> None:
        pytest.fail("called")

    sqlite_world.hooks.before("pull", called)
    with pytest.raises(RunHeldError, match="modstamp approve salesforce_lead polling"):
        sqlite_world.poll()


def test_the_other_direction_goes_on(sqlite_world: World) -> None:
    drop(sqlite_world, pairs(sqlite_world)[:8])
    sqlite_world.poll()
    record = list(sqlite_world.prospects())[-1]
    sqlite_world.edit_prospect(record, last_name="Edited")

    assert sqlite_world.push().counts["updated"] == 1


def test_a_question_that_no_longer_arises_goes(sqlite_world: World) -> None:
    sqlite_world.with_one_clock()
    leads = pairs(sqlite_world)
    drop(sqlite_world, leads[:8])
    sqlite_world.poll()
    for lead in leads[:8]:
        sqlite_world.system.restore(LEAD, lead)
    sqlite_world.later(timedelta(hours=3).total_seconds())

    assert not sqlite_world.poll().held
    assert hold(sqlite_world) is None
    assert len(sqlite_world.prospects()) == PAIRS


def test_after_a_rejection_nobody_is_asked_again_until_it_grows(sqlite_world: World) -> None:
    sqlite_world.with_one_clock()
    leads = pairs(sqlite_world, 60)
    drop(sqlite_world, leads[:8])
    sqlite_world.poll()
    answer(sqlite_world, "rejected")
    sqlite_world.later(timedelta(hours=3).total_seconds())

    again = sqlite_world.poll()

    assert (again.held, again.asks) == (True, False)
    drop(sqlite_world, leads[8:30])
    sqlite_world.later(timedelta(hours=3).total_seconds())
    assert sqlite_world.poll().asks
    assert len(sqlite_world.prospects()) == 60


def test_a_first_load_may_create_inside_what_it_finds(sqlite_world: World) -> None:
    limit(sqlite_world, create_limit=FEW)
    for number in range(12):
        sqlite_world.lead(Email=f"lead{number}@example.com", LastName="Old")

    assert "creates inside by a first load are not limited" in sqlite_world.poll(dry_run=True).message
    assert not sqlite_world.poll().held
    assert len(sqlite_world.prospects()) == 12
    for number in range(12, 24):
        sqlite_world.lead(Email=f"lead{number}@example.com", LastName="New")
    assert "would create 12 prospect records" in sqlite_world.poll().message


def test_a_first_load_does_not_overwrite_many_records_unasked(sqlite_world: World) -> None:
    sqlite_world.change_mapping(first_link="crm")
    limit(sqlite_world, update_limit=FEW)
    for number in range(8):
        sqlite_world.prospect(email=f"lead{number}@example.com", last_name="Inside")
        sqlite_world.lead(Email=f"lead{number}@example.com", LastName="Outside")

    assert "would update 8 prospect records" in sqlite_world.poll().message


def test_small_bases_do_not_trip(sqlite_world: World) -> None:
    leads = pairs(sqlite_world, 20)
    default = Settings()
    limit(sqlite_world, **{name: getattr(default, name) for name in ("create_limit", "update_limit", "delete_limit")})
    drop(sqlite_world, leads)

    assert not sqlite_world.poll().held


def test_deletes_have_the_tightest_limits() -> None:
    created, updated, deleted = Settings().create_limit, Settings().update_limit, Settings().delete_limit
    for other in (created, updated):
        assert (deleted.records, deleted.share, deleted.floor) < (other.records, other.share, other.floor)


@pytest.mark.parametrize(("limits", "held"), [({"delete": False}, False), ({"delete": {"records": 2}}, True)])
def test_a_mapping_may_have_limits_of_its_own(sqlite_world: World, limits: dict[str, Any], *, held: bool) -> None:
    leads = pairs(sqlite_world, limits=limits)
    drop(sqlite_world, leads[: 3 if held else 8])

    assert sqlite_world.poll().held is held


@pytest.mark.parametrize("direction", list(Direction))
def test_a_side_that_is_deleted_at_once_holds_even_where_deletes_do_not_travel(
    sqlite_world: World, direction: Direction
) -> None:
    leads = pairs(sqlite_world)
    sqlite_world.change_mapping(inbound={"create": True}, outbound={"create": True})
    if direction is Direction.POLLING:
        drop(sqlite_world, leads[:28])
    else:
        for record in list(sqlite_world.prospects())[:28]:
            sqlite_world.delete_prospect(record)

    summary = sqlite_world.poll() if direction is Direction.POLLING else sqlite_world.push()

    assert "28 of 30 linked" in summary.message
    assert len(sqlite_world.links()) == PAIRS


@pytest.mark.parametrize("direction", list(Direction))
def test_an_internal_table_that_is_empty_holds_both_directions(world: World, direction: Direction) -> None:
    leads = pairs(world)
    world.sql("DELETE FROM prospects")
    world.sql("DELETE FROM sync_pending WHERE record_id NOT IN (SELECT min(record_id) FROM sync_pending)")
    world.edit_lead(leads[0], LastName="New")

    summary = world.poll() if direction is Direction.POLLING else world.push()

    assert "there is no prospect left, while 30 of them are linked" in summary.message
    assert len(world.links()) == PAIRS
    assert len(world.leads()) == PAIRS


def test_a_dry_run_says_that_a_run_would_be_held(sqlite_world: World) -> None:
    drop(sqlite_world, pairs(sqlite_world)[:8])

    summary = sqlite_world.poll(dry_run=True)

    assert "a run would be held: it would delete 8 prospect records" in summary.message
    assert hold(sqlite_world) is None


def test_below_the_limits_nothing_is_read_twice(sqlite_world: World) -> None:
    pairs(sqlite_world)
    for record in list(sqlite_world.prospects())[:3]:
        sqlite_world.edit_prospect(record, last_name="Edited")
    reads: list[str] = []
    sqlite_world.hooks.before("get", lambda: reads.append("step 1"))
    sqlite_world.hooks.before("get", lambda: reads.append("again"))

    assert sqlite_world.push().counts["updated"] == 3
    assert reads == ["step 1"]


def test_what_is_many_but_linked_needs_no_plan_to_know_that_it_creates_little(sqlite_world: World) -> None:
    pairs(sqlite_world)
    limit(sqlite_world, update_limit=RunLimit(records=100, share=1, floor=100))
    for record in list(sqlite_world.prospects())[:8]:
        sqlite_world.edit_prospect(record, last_name="Edited")
    reads: list[str] = []
    for name in ("step 1", "again"):
        sqlite_world.hooks.before("get", lambda name=name: reads.append(name))  # type: ignore[misc]

    assert not sqlite_world.push().held
    assert reads == ["step 1"]
