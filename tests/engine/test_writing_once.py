"""Writing once: plans under lock, intents, leases, order (G17, G18, G22 to G24)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from modstamp.engine import run
from modstamp.errors import LeaseHeldError, LeaseLostError
from modstamp.model import Direction, Operation
from tests.fixtures.probes import Stopped, stop_at
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}


def _pair(world: World, **values: str) -> tuple[str, str]:
    lead = world.lead(Email=MAIL, LastName="Lovelace", **values)
    world.settle(1)
    world.system.advance(40)
    (record,) = world.prospects()
    return record, lead


def _intents(world: World) -> int:
    return int(world.sql("SELECT count(*) FROM sync_intents")[0][0])


@pytest.mark.guarantee("G17")
def test_one_bad_row_waits_and_the_others_of_its_batch_land(world: World) -> None:
    leads = [world.lead(Email=f"{number}@example.com", LastName=str(number)) for number in range(5)]
    world.poll()
    world.prospect(email="taken@example.com", last_name="Other")
    world.system.advance(40)
    for lead in leads:
        world.edit_lead(lead, Phone="1")
    world.edit_lead(leads[2], Email="taken@example.com")

    summary = world.poll()

    assert (summary.counts["updated"], summary.counts["quarantined"]) == (4, 1)
    assert [(row[0], row[1], row[2]) for row in world.waiting()] == [("polling", leads[2], "rejected")]
    assert sorted(str(row["phone"]) for row in world.prospects().values()) == ["1", "1", "1", "1", "None", "None"]


@pytest.mark.guarantee("G17")
def test_rows_links_and_pending_entries_land_together_or_not_at_all(world: World) -> None:
    world.with_one_clock()
    world.lead(Email=MAIL, LastName="Lovelace")
    world.reach = stop_at("journal.log")
    with pytest.raises(Stopped):
        world.poll()
    world.reach = lambda _: None
    assert world.prospects() == {}
    assert world.links() == []
    world.later()

    world.poll()

    assert len(world.prospects()) == len(world.links()) == 1


@pytest.mark.guarantee("G17")
def test_a_delete_that_the_database_refuses_waits_alone(world: World) -> None:
    world.change_mapping(inbound=ON)
    record, lead = _pair(world)
    other = world.lead(Email="other@example.com", LastName="Other")
    world.settle(1)
    world.sql("CREATE TABLE visits (prospect_id integer REFERENCES prospects (id))")
    world.sql("INSERT INTO visits VALUES (:id)", id=int(record))
    world.system.delete(LEAD, lead)
    world.system.delete(LEAD, other)

    summary = world.poll()

    assert (summary.counts["deleted"], summary.counts["quarantined"]) == (1, 1)
    assert list(world.prospects()) == [record]
    assert [(row[1], row[2]) for row in world.waiting()] == [(lead, "rejected")]


@pytest.mark.guarantee("G18")
def test_a_record_that_changed_since_it_was_read_waits_for_the_next_run(world: World) -> None:
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone="1")
    world.hooks.after("get", lambda: world.edit_prospect(record, phone="2"))

    world.push()

    assert world.hooks.sent == []
    assert world.pending("pushing") == [record]
    world.push()
    assert world.leads()[lead]["Phone"] == "2"


@pytest.mark.guarantee("G18")
def test_what_is_about_to_be_sent_is_stored_before(world: World) -> None:
    record, _ = _pair(world, Phone="0")
    world.edit_prospect(record, phone="1")
    stored: list[int] = []
    world.hooks.before("push", lambda: stored.append(_intents(world)))

    world.push()

    assert stored == [1]
    assert _intents(world) == 0


@pytest.mark.guarantee("G18")
def test_nothing_is_sent_after_the_deadline(world: World) -> None:
    record, lead = _pair(world, Phone="0")
    world.settings = world.settings.model_copy(update={"send_deadline": timedelta(0)})
    world.edit_prospect(record, phone="1")
    fresh = world.prospect(email="new@example.com", last_name="New")

    world.push()

    assert world.hooks.sent == []
    assert _intents(world) == 0
    assert world.pending("pushing") == sorted([record, fresh])
    assert [state for (state,) in world.sql("SELECT state FROM sync_links")] == ["live"]
    assert world.leads()[lead]["Phone"] == "0"


@pytest.mark.guarantee("G18")
@pytest.mark.guarantee("G22")
def test_a_run_without_its_lease_sends_nothing_and_a_later_one_finishes(world: World) -> None:
    world.with_one_clock()
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone="1")

    def stalled() -> None:
        world.later(70)
        world.store.grant(world.mapping.name, Direction.PUSHING, "another")

    world.hooks.before("abilities", stalled)
    with pytest.raises(LeaseLostError):
        world.push()

    assert world.hooks.sent == []
    world.later()
    world.settle()
    assert world.leads()[lead]["Phone"] == "1"


@pytest.mark.guarantee("G22")
def test_one_run_at_a_time(world: World) -> None:
    first = world.extract(Direction.PUSHING)

    with pytest.raises(LeaseHeldError):
        world.push()

    world.load(first)
    world.push()


@pytest.mark.guarantee("G22")
def test_a_poll_that_lost_its_lease_lands_nothing(world: World) -> None:
    world.with_one_clock()
    world.lead(Email=MAIL, LastName="Lovelace")
    stalled = world.extract(Direction.POLLING)
    world.later()
    world.poll()
    before = world.sql("SELECT * FROM sync_actions"), world.sql("SELECT * FROM sync_cursors")

    with pytest.raises(LeaseLostError):
        world.load(stalled)

    assert (world.sql("SELECT * FROM sync_actions"), world.sql("SELECT * FROM sync_cursors")) == before


@pytest.mark.guarantee("G23")
def test_a_poll_beside_a_push_puts_the_record_on_its_list(world: World) -> None:
    record, lead = _pair(world, Phone="0", Title="0")
    world.edit_prospect(record, phone="1")
    world.edit_lead(lead, Title="1")
    world.hooks.before("push", world.poll)

    world.push()

    assert world.prospects()[record]["title"] == "0"
    assert world.pending("polling") == [lead]
    world.poll()
    assert world.prospects()[record]["title"] == world.leads()[lead]["Title"] == "1"
    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "1"


@pytest.mark.guarantee("G24")
def test_a_push_updates_then_creates_then_deletes_over_all_its_batches(world: World) -> None:
    world.change_mapping(outbound=ON)
    for number in range(4):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
    world.settle(1)
    gone, *others = world.prospects()
    world.delete_prospect(gone)
    world.prospect(email="new@example.com", last_name="New")
    for each in others:
        world.edit_prospect(each, phone="1")
    world.settings = world.settings.model_copy(update={"outbound_batch": 2})

    world.push()

    operations = [action.operation for action in world.hooks.sent]
    assert operations[-1] is Operation.DELETE
    assert operations.count(Operation.DELETE) == 1
    assert len(operations) == 5


@pytest.mark.guarantee("G24")
def test_within_a_batch_updates_come_before_creates(world: World) -> None:
    record, _ = _pair(world, Phone="0")
    world.prospect(email="new@example.com", last_name="New")
    world.edit_prospect(record, phone="1")

    world.push()

    assert [action.operation for action in world.hooks.sent] == [Operation.UPDATE, Operation.CREATE]


@pytest.mark.guarantee("G24")
def test_a_lead_restored_before_its_delete_lands_keeps_its_prospect(world: World) -> None:
    world.change_mapping(inbound=ON)
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.system.advance(1)
    handoff = world.extract(Direction.POLLING)
    world.system.advance(1)
    world.system.restore(LEAD, lead)

    world.load(handoff)

    assert list(world.prospects()) == [record]
    assert world.links() == [(record, lead)]


@pytest.mark.guarantee("G24")
def test_a_delete_that_a_crash_put_off_is_not_forgotten(world: World) -> None:
    world.with_one_clock()
    world.change_mapping(inbound=ON)
    _, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.reach = stop_at("records.delete")
    with pytest.raises(Stopped):
        world.poll()
    world.reach = lambda _: None
    world.later(7_200)

    world.poll()

    assert world.prospects() == {}


def test_a_task_that_is_repeated_after_it_was_done_changes_nothing(world: World) -> None:
    world.with_one_clock()
    record, lead = _pair(world, Phone="0")
    fresh = world.prospect(email="new@example.com", last_name="New")
    world.edit_prospect(record, phone="1")
    handoff = world.extract(Direction.PUSHING)
    world.reach = stop_at("give back")
    with pytest.raises(Stopped):
        run.finish(world.environment, handoff)
    world.reach = lambda _: None
    sent = len(world.hooks.sent)

    world.load(handoff)

    assert len(world.hooks.sent) == sent == 2
    world.settle()
    assert len(world.leads()) == 2
    assert {record: lead}.items() <= dict(world.links()).items()
    assert fresh in dict(world.links())
