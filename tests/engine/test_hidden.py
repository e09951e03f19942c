"""Records that we may not see: that proves nothing, and the work waits for them (G12)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G12")

MAIL = "ada@example.com"


@pytest.fixture
def world(sqlite_world: World) -> World:
    sqlite_world.with_one_clock()
    toggles = {"create": True, "update": True, "delete": True}
    sqlite_world.change_mapping(inbound=toggles, outbound=toggles, after_delete="recreate")
    return sqlite_world


def _pair(world: World) -> tuple[str, str]:
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle(1)
    world.later()
    ((record, _),) = world.links()
    return record, lead


def _tries(world: World) -> int:
    """How often a push looked at the record and held it."""
    ((count,),) = world.sql("SELECT count(*) FROM sync_actions WHERE status = 'held' AND internal_id IS NOT NULL")
    return int(count)


def test_an_edit_goes_out_when_its_record_is_shown_again(world: World) -> None:
    record, lead = _pair(world)
    world.system.hide(LEAD, lead)
    world.edit_prospect(record, phone="1")
    world.settle(2)
    assert world.links() == [(record, lead)]
    assert [kind for _, _, kind, _ in world.waiting()] == ["held"]

    world.system.hide(LEAD, lead, hidden=False)  # without a stamp
    world.later(world.settings.hidden_wait.total_seconds())
    world.settle(1)

    assert world.leads()[lead]["Phone"] == "1"
    assert world.pending("pushing") == []
    assert world.waiting() == []


@pytest.mark.guarantee("G6")
def test_a_hidden_record_is_looked_at_ever_less_often(world: World) -> None:
    record, lead = _pair(world)
    world.system.hide(LEAD, lead)
    world.edit_prospect(record, phone="1")
    minutes = 5 * 2**6
    for _ in range(minutes // 5):
        world.push()
        world.later(300)

    assert world.pending("pushing") == [record]
    assert 6 <= _tries(world) <= 9


@pytest.mark.guarantee("G26")
def test_a_further_edit_of_a_waiting_record_is_tried_at_once(world: World) -> None:
    record, lead = _pair(world)
    world.system.hide(LEAD, lead)
    world.edit_prospect(record, phone="1")
    world.push()
    world.system.hide(LEAD, lead, hidden=False)
    world.edit_prospect(record, phone="2")

    world.push()

    assert world.leads()[lead]["Phone"] == "2"


@pytest.mark.guarantee("G6")
def test_what_a_poll_was_to_look_at_is_not_forgotten(world: World) -> None:
    """The push saw an external edit and left it to a poll; then the record was hidden for a while."""
    record, lead = _pair(world)
    world.edit_lead(lead, Phone="1")
    world.edit_prospect(record, first_name="Ada")
    world.push()
    assert world.pending("polling") == [lead]
    world.system.hide(LEAD, lead)
    world.later()
    world.poll()

    world.system.hide(LEAD, lead, hidden=False)
    world.later(600)
    world.poll()

    assert world.prospects()[record]["phone"] == "1"


def test_many_hidden_records_are_reported_in_one_line(world: World) -> None:
    world.settings = world.settings.model_copy(update={"hidden_alarm": 3})
    leads = [world.lead(Email=f"{number}@example.com", LastName="Lovelace") for number in range(3)]
    world.settle(1)
    for lead in leads:
        world.system.hide(LEAD, lead)
    first, *others = world.prospects()
    world.edit_prospect(first, phone="1")
    assert world.push().message == ""
    for record in others:
        world.edit_prospect(record, phone="1")
    world.edit_prospect(first, phone="2")

    summary = world.push()

    assert summary.message.startswith("3 records are not visible")
    told = "SELECT message FROM sync_actions WHERE status = 'held' AND internal_id IS NULL"
    assert world.sql(told) == [(summary.message,)]


def test_the_wait_has_a_limit(world: World) -> None:
    record, lead = _pair(world)
    world.system.hide(LEAD, lead)
    world.edit_prospect(record, phone="1")
    world.push()
    world.later(timedelta(days=30).total_seconds())
    world.push()
    world.system.hide(LEAD, lead, hidden=False)

    world.later(timedelta(days=1).total_seconds())
    world.push()

    assert world.leads()[lead]["Phone"] == "1"
