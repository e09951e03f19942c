"""Records that become others: merges and lead conversions are followed before deletion is judged (G12)."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.connectors.memory import Fault
from modstamp.model import Direction
from tests.fixtures.world import CONTACT, LEAD, MAPPING, World

pytestmark = pytest.mark.guarantee("G12")

ADA, TWIN = "ada@example.com", "twin@example.com"
EVERYTHING = {"create": True, "update": True, "delete": True}
CONTACTS: dict[str, Any] = {
    **MAPPING,
    "external": "salesforce.Contact",
    "outbound": {"create": False, "update": True},
    "fields": [field for field in MAPPING["fields"] if field["external"] != "Company"],
}


@pytest.fixture
def world(sqlite_world: World) -> World:
    """Deletes travel in both directions, so that a move taken for a deletion shows."""
    sqlite_world.change_mapping(inbound=EVERYTHING, outbound=EVERYTHING, after_delete="recreate")
    return sqlite_world


def _linked(world: World, **values: Any) -> tuple[str, str]:
    """A linked prospect and lead."""
    known = set(world.prospects())
    lead = world.lead(**{"Email": ADA, "LastName": "Lovelace", **values})
    world.poll()
    world.push()
    (record,) = set(world.prospects()) - known
    return record, lead


def _stranger(world: World, **values: Any) -> str:
    """A lead that a condition keeps out, so that it is linked to nothing."""
    world.change_mapping(
        inbound={**EVERYTHING, "create": {"when": {"field": "Title", "operator": "is not", "value": "out"}}}
    )
    lead = world.lead(**{"Email": TWIN, "LastName": "Lovelace", "Title": "out", **values})
    world.poll()
    return lead


def _tombstones(world: World) -> dict[str, str]:
    return dict(world.sql("SELECT external_id, deleted_side FROM sync_links WHERE state = 'tombstone'"))


@pytest.mark.parametrize("first", list(Direction))
def test_the_link_of_a_merged_lead_moves_to_its_survivor(world: World, first: Direction) -> None:
    record, loser = _linked(world)
    survivor = _stranger(world)
    world.later()
    world.system.merge(LEAD, survivor, loser)
    if first is Direction.PUSHING:
        world.edit_prospect(record, phone="1")
        world.push()
        assert world.links() == [(record, loser)]  # a move is the poll's work (G6)

    world.settle(2)

    assert world.links() == [(record, survivor)]
    assert _tombstones(world) == {loser: "moved"}
    assert list(world.prospects()) == [record]
    assert list(world.leads()) == [survivor]


def test_a_survivor_that_is_read_before_its_loser_is_not_created_anew(world: World) -> None:
    """Its id comes first in the window, nothing is known of it, and it matches nobody."""
    survivor = _stranger(world)
    record, loser = _linked(world)
    world.edit_lead(survivor, Title="in")
    world.system.merge(LEAD, survivor, loser)

    world.settle(1)

    assert survivor < loser
    assert world.links() == [(record, survivor)]
    assert list(world.prospects()) == [record]


@pytest.mark.guarantee("G3")
def test_a_survivor_that_a_slice_cuts_off_from_its_loser_is_not_created_anew(world: World) -> None:
    """A merge stamps both in one second, and the slice ends between the two."""
    survivor = _stranger(world)
    record, loser = _linked(world)
    world.later()
    world.poll()
    world.edit_lead(survivor, Title=None)
    world.system.merge(LEAD, survivor, loser)
    world.settings = world.settings.model_copy(update={"run_rows": 1})

    summary = world.poll()
    while summary.unfinished:
        summary = world.poll()
    world.settle(1)

    assert world.links() == [(record, survivor)]
    assert list(world.prospects()) == [record]
    assert world.waiting() == []


def test_neither_side_is_overwritten_where_survivor_and_prospect_differ(world: World) -> None:
    record, loser = _linked(world, Phone="1", FirstName="Ada")
    survivor = _stranger(world, Phone="2")
    world.edit_prospect(record, first_name="Augusta")  # not sent yet
    world.later()
    world.system.merge(LEAD, survivor, loser)

    world.settle(2)

    assert world.links() == [(record, survivor)]
    assert world.prospects()[record]["phone"] == "1"
    assert world.leads()[survivor]["Phone"] == "2"
    assert world.leads()[survivor]["FirstName"] == "Augusta"  # it was blank
    world.edit_lead(survivor, Phone="3")
    world.settle(1)
    assert world.prospects()[record]["phone"] == "3"


def test_a_merge_of_two_linked_leads_holds_the_second_prospect(world: World) -> None:
    kept, survivor = _linked(world)
    held, loser = _linked(world, Email=TWIN)
    world.later()
    world.system.merge(LEAD, survivor, loser)

    world.settle(2)
    world.edit_prospect(held, phone="1")
    world.settle(2)

    assert world.links() == [(kept, survivor)]
    assert list(world.prospects()) == [kept, held]
    assert list(world.leads()) == [survivor]
    ((direction, waiting, _, reason),) = world.waiting()
    assert (direction, waiting) == ("pushing", held)
    assert reason


def test_the_reason_of_a_held_prospect_names_both_also_after_an_edit(world: World) -> None:
    kept, survivor = _linked(world)
    held, loser = _linked(world, Email=TWIN)
    world.later()
    world.system.merge(LEAD, survivor, loser)

    world.settle(1)
    world.edit_prospect(held, phone="1")
    world.settle(1)

    ((*_, reason),) = world.waiting()
    assert f"prospect {kept}" in reason
    assert f"prospect {held}" in reason
    assert survivor in reason
    assert loser in reason


def test_a_held_prospect_is_written_about_once(world: World) -> None:
    _linked(world)
    _, loser = _linked(world, Email=TWIN)
    world.later()
    world.system.merge(LEAD, world.links()[0][1], loser)
    world.settle(1)
    world.later()

    before = world.sql("SELECT count(*) FROM sync_actions WHERE status IN ('held', 'ambiguous', 'moved')")
    world.settle(2)

    assert world.sql("SELECT count(*) FROM sync_actions WHERE status IN ('held', 'ambiguous', 'moved')") == before


def test_a_held_prospect_ends_when_a_person_deletes_it(world: World) -> None:
    kept, survivor = _linked(world)
    held, loser = _linked(world, Email=TWIN)
    world.later()
    world.system.merge(LEAD, survivor, loser)
    world.settle(1)

    world.delete_prospect(held)
    world.settle(2)

    assert world.waiting() == []
    assert world.links() == [(kept, survivor)]
    assert list(world.leads()) == [survivor]


def test_a_held_prospect_is_linked_to_the_survivor_when_a_person_deletes_the_other_one(world: World) -> None:
    kept, survivor = _linked(world)
    held, loser = _linked(world, Email=TWIN)
    world.change_mapping(outbound={"create": True, "update": True})
    world.later()
    world.system.merge(LEAD, survivor, loser)
    world.settle(1)

    world.delete_prospect(kept)
    world.settle(2)
    world.edit_prospect(held, phone="1")
    world.settle(1)

    assert world.links() == [(held, survivor)]
    assert world.waiting() == []
    assert (list(world.leads()), world.leads()[survivor]["Phone"]) == ([survivor], "1")
    assert list(world.prospects()) == [held]


def test_of_two_losers_of_one_survivor_the_first_keeps_the_link(world: World) -> None:
    first, loser = _linked(world)
    second, other = _linked(world, Email=TWIN)
    survivor = _stranger(world, Email="third@example.com")
    world.later()
    world.system.merge(LEAD, survivor, loser)
    world.system.merge(LEAD, survivor, other)

    world.settle(2)

    assert world.links() == [(first, survivor)]
    assert [record for _, record, _, _ in world.waiting()] == [second]
    assert list(world.prospects()) == [first, second]


def test_a_survivor_that_is_merged_in_turn_is_followed(world: World) -> None:
    record, loser = _linked(world)
    middle = _stranger(world)
    last = _stranger(world, Email="last@example.com")
    world.later()
    world.system.merge(LEAD, middle, loser)
    world.system.merge(LEAD, last, middle)

    world.settle(2)

    assert world.links() == [(record, last)]
    assert list(world.prospects()) == [record]


def test_a_merged_lead_without_a_link_creates_nothing(world: World) -> None:
    survivor, loser = _stranger(world), _stranger(world, Email=ADA)
    world.system.merge(LEAD, survivor, loser)
    world.settle(2)
    assert world.prospects() == {}


def test_a_merged_lead_that_is_restored_is_held_while_its_prospect_belongs_to_another(world: World) -> None:
    record, loser = _linked(world)
    survivor = _stranger(world)
    world.later()
    world.system.merge(LEAD, survivor, loser)
    world.settle(1)
    world.later()
    world.system.restore(LEAD, loser)
    world.edit_lead(loser, Email="else@example.com")

    world.settle(2)

    assert world.links() == [(record, survivor)]
    assert list(world.prospects()) == [record]
    assert [waiting for _, waiting, _, _ in world.waiting()] == [loser]


@pytest.mark.parametrize("order", [("lead", "contact"), ("contact", "lead")])
def test_the_link_of_a_converted_lead_moves_to_the_mapping_of_contacts(world: World, order: tuple[str, str]) -> None:
    record, lead = _linked(world, Phone="1")
    contacts = world.beside_relative(CONTACTS)
    contacts.poll()
    world.later()
    contact = world.system.convert(LEAD, lead, CONTACT)
    for name in order:
        (world if name == "lead" else contacts).poll()

    world.settle(2)
    contacts.settle(2)
    world.edit_prospect(record, phone="2")
    world.push()
    contacts.push()

    assert contacts.links() == [(record, contact)]
    assert world.links() == []
    assert _tombstones(world) == {lead: "moved"}
    assert list(world.prospects()) == [record]
    assert world.system.rows(CONTACT)[contact]["Phone"] == "2"
    assert world.system.rows(LEAD)[lead]["Phone"] == "1"
    assert world.waiting() == []


def test_a_converted_lead_wakes_the_other_mapping_in_both_directions(world: World) -> None:
    record, lead = _linked(world)
    contacts = world.beside_relative(CONTACTS)
    contacts.poll()
    contacts.push()
    world.later()
    contact = world.system.convert(LEAD, lead, CONTACT)

    world.poll()

    assert contacts.pending("polling") == [contact]
    assert contacts.pending("pushing") == [record]


def test_a_lead_converted_into_a_contact_of_another_prospect_is_held(world: World) -> None:
    contacts = world.beside_relative(CONTACTS)
    record, lead = _linked(world)
    contact = world.system.create(CONTACT, {"Email": TWIN, "LastName": "Lovelace"})
    contacts.poll()
    ((other, _),) = contacts.links()
    world.later()
    world.system.convert(LEAD, lead, CONTACT, existing=contact)

    world.settle(1)
    contacts.settle(1)

    assert contacts.links() == [(other, contact)]
    assert world.links() == []
    ((direction, waiting, _, reason),) = world.waiting()
    assert (direction, waiting) == ("pushing", record)
    assert f"prospect {other}" in reason
    assert list(world.leads()) == [lead]


@pytest.mark.parametrize("edit", [{"phone": "1"}, {"email": "new@example.com"}])
def test_a_converted_lead_that_no_mapping_follows_ends_its_link_and_nothing_else(
    world: World, edit: dict[str, str]
) -> None:
    record, lead = _linked(world)
    world.later()
    world.system.convert(LEAD, lead, CONTACT)
    world.settle(1)
    world.edit_prospect(record, **edit)

    world.settle(2)

    assert world.links() == []
    assert world.waiting() == []
    assert _tombstones(world) == {lead: "moved"}
    assert list(world.prospects()) == [record]
    assert list(world.leads()) == [lead]
    ((message,),) = world.sql("SELECT message FROM sync_actions WHERE status = 'moved'")
    assert "no mapping of prospect reads" in message


def test_a_converted_lead_without_a_link_creates_nothing_and_takes_no_new_prospect(world: World) -> None:
    lead = _stranger(world, Email=ADA)
    world.system.convert(LEAD, lead, CONTACT)
    record = world.prospect(email=ADA, last_name="Lovelace")

    world.settle(2)

    assert world.links() == []
    assert list(world.leads()) == [lead]
    ((direction, waiting, _, reason),) = world.waiting()
    assert (direction, waiting) == ("pushing", record)
    assert "Contact:" in reason


def test_a_lead_that_is_converted_within_the_second_of_its_last_read_is_seen(world: World) -> None:
    record, lead = _linked(world)
    stamp = world.system.clock
    world.edit_lead(lead, Phone="1")
    world.poll()
    world.system.clock, now = stamp, world.system.clock
    world.system.convert(LEAD, lead, CONTACT)
    world.system.clock = now

    world.poll()

    assert _tombstones(world) == {lead: "moved"}
    assert list(world.prospects()) == [record]


@pytest.mark.guarantee("G23")
def test_a_lead_with_an_open_write_is_followed_when_the_answer_is_known(world: World) -> None:
    world.with_one_clock()
    record, loser = _linked(world)
    survivor = _stranger(world)
    world.edit_prospect(record, phone="1")
    world.system.faults.append((Fault.LOST_BEFORE, 0))
    world.push()
    world.system.merge(LEAD, survivor, loser)

    world.poll()
    assert world.links() == [(record, loser)]
    world.later()
    world.settle(3)

    assert world.links() == [(record, survivor)]
    assert world.leads()[survivor]["Phone"] == "1"
