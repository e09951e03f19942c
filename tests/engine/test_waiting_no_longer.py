"""Records that wait for something go on when it is there, and stop waiting when they no longer need it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.world import CONTACT, LEAD, MAPPING, USER, World

MAIL = "ada@example.com"
OWNER = {"internal": "owner_id", "external": "OwnerId", "reference": "user"}
STAGE = {
    "internal": "stage_id",
    "external": "Description",
    "reference": {"type": "stage", "by": "name"},
    "values": [{"internal": "Won", "external": "Closed"}, {"internal": "Fresh", "external": "Open"}],
}
USERS: dict[str, Any] = {
    "internal": "user",
    "external": "salesforce.User",
    "connection": "salesforce",
    "inbound": {"create": True, "update": True},
    "pushing": False,
    "match": ["email"],
    "fields": [{"internal": "email", "external": "Email"}, {"internal": "last_name", "external": "LastName"}],
}


def with_stages(world: World) -> None:
    fields = [row for row in MAPPING["fields"] if row["external"] != "Description"]
    world.change_mapping(fields=[*fields, STAGE])


@pytest.mark.guarantee("G16")
def test_a_record_that_is_given_a_linked_owner_waits_for_the_other_no_longer(world: World) -> None:
    world.change_mapping(fields=[*MAPPING["fields"], OWNER])
    users = world.beside(USERS)
    known = world.system.create(USER, {"Email": "known@example.com", "LastName": "Known"})
    users.poll()
    lead = world.lead(Email=MAIL, LastName="Lovelace", OwnerId=known)
    world.poll()
    world.system.advance(40)
    stranger = world.system.create(USER, {"Email": "stranger@example.com", "LastName": "Stranger"})
    world.edit_lead(lead, OwnerId=stranger)
    world.poll()
    assert world.pending("polling") == [lead]
    world.system.advance(40)

    world.edit_lead(lead, OwnerId=known, Phone="1")
    world.poll()

    assert world.pending("polling") == []
    assert [row["phone"] for row in world.prospects().values()] == ["1"]


@pytest.mark.guarantee("G16")
@pytest.mark.guarantee("G26")
def test_a_value_that_names_a_record_by_now_is_tried_again(world: World) -> None:
    with_stages(world)
    lead = world.lead(Email=MAIL, LastName="Lovelace", Description="Closed")
    assert world.poll().reasons["quarantined"] == {"Description: no stage with name 'Won'": 1}
    world.later(3600)
    assert world.poll().counts.get("quarantined") is None  # it is not tried over and over

    world.sql("INSERT INTO stages (name) VALUES ('Won')")
    world.poll()

    assert [external for _, external in world.links()] == [lead]
    assert world.sql("SELECT s.name FROM prospects p JOIN stages s ON s.id = p.stage_id") == [("Won",)]
    assert world.waiting() == []


@pytest.mark.guarantee("G16")
@pytest.mark.guarantee("G26")
def test_a_record_whose_reference_has_a_counterpart_by_now_is_pushed_again(world: World) -> None:
    with_stages(world)
    world.poll()
    (stage,) = world.sql("INSERT INTO stages (name) VALUES ('Odd') RETURNING id")[0]
    record = world.prospect(email=MAIL, last_name="Lovelace", stage_id=stage)
    world.push()
    assert [row[1:3] for row in world.waiting()] == [(record, "rejected")]
    assert world.push().counts.get("seen") is None

    world.sql("UPDATE stages SET name = 'Fresh' WHERE id = :id", id=stage)
    world.push()

    assert [row["Description"] for row in world.leads().values()] == ["Open"]
    assert world.waiting() == []


@pytest.mark.guarantee("G20")
@pytest.mark.guarantee("G26")
def test_a_record_that_another_mapping_links_leaves_the_quarantine_of_this_one(world: World) -> None:
    contacts = world.beside(
        {**MAPPING, "external": "salesforce.Contact", "outbound": {"create": {"when": {
            "field": "company", "operator": "is not empty"}}, "update": True}}
    )  # fmt: skip
    world.settle(1)
    contacts.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace")
    contacts.push()
    assert [row[:3] for row in contacts.waiting()] == [("pushing", record, "withheld")]

    world.push()
    contacts.push()

    assert [internal for internal, _ in world.links()] == [record]
    assert contacts.waiting() == []


def refused_for_an_address(world: World) -> tuple[str, str]:
    """The prospect that has the address, and the linked Lead that was given it."""
    rival = world.prospect(email="Taken@example.com", last_name="Other")
    world.settle(1)
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.poll()
    world.system.advance(1)
    world.edit_lead(lead, Email="taken@example.com")
    world.poll()
    assert [(row[0], row[1]) for row in world.waiting()] == [("polling", lead)]
    return rival, lead


@pytest.mark.guarantee("G26")
def test_a_refused_row_of_a_poll_is_not_tried_again_until_it_changes(world: World) -> None:
    _, lead = refused_for_an_address(world)

    assert not world.poll().counts.get("quarantined")
    world.edit_lead(lead, Email="free@example.com")
    world.poll()

    assert world.waiting() == []
    assert "free@example.com" in {row["email"] for row in world.prospects().values()}


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("gone", [False, True])
def test_a_value_that_another_record_had_is_tried_again_once_it_is_free(world: World, *, gone: bool) -> None:
    rival, _ = refused_for_an_address(world)
    world.system.advance(3_600)  # far behind the lookback
    world.poll()
    assert world.poll().counts == {}, "while the other has it, nothing is tried"

    if gone:
        world.delete_prospect(rival)
    else:
        world.edit_prospect(rival, email="other@example.com")
    world.settle(1)

    assert world.waiting() == []
    (found,) = [row for row in world.prospects().values() if row["last_name"] == "Lovelace"]
    assert found["email"] == "taken@example.com"


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("batch", [200, 1])
def test_a_value_that_passes_from_record_to_record_is_written(world: World, batch: int) -> None:
    """Whichever comes first, all but one need what another gives up."""
    world.settings = world.settings.model_copy(update={"inbound_batch": batch})
    leads = [world.lead(Email=f"{n}@example.com", LastName=f"L{n}") for n in range(4)]
    world.settle(1)

    for n, lead in enumerate(leads):
        world.edit_lead(lead, Email=f"{n + 1}@example.com")
    world.lead(Email="0@example.com", LastName="New")
    world.settle(5)

    assert world.waiting() == []
    found = {row["last_name"]: row["email"] for row in world.prospects().values()}
    assert found == {"New": "0@example.com", **{f"L{n}": f"{n + 1}@example.com" for n in range(4)}}


@pytest.mark.guarantee("G26")
def test_values_that_change_places_are_written_together(world: World) -> None:
    world.prospect(email="taken@example.com", last_name="Other")
    leads = [world.lead(Email=f"{n}@example.com", LastName=f"L{n}") for n in range(4)]
    world.settle(1)

    for lead, mail in zip(leads, ["1", "2", "0", "taken"], strict=True):
        world.edit_lead(lead, Email=f"{mail}@example.com", Title="New")
    world.poll()

    assert [row[1] for row in world.waiting()] == [leads[3]], "whose value no record of the batch gives up"
    found = {row["last_name"]: (row["email"], row["title"]) for row in world.prospects().values()}
    assert found == {
        "Other": ("taken@example.com", None),
        "L0": ("1@example.com", "New"),
        "L1": ("2@example.com", "New"),
        "L2": ("0@example.com", "New"),
        "L3": ("3@example.com", None),
    }


@pytest.mark.guarantee("G26")
def test_who_has_the_value_and_loses_its_link_is_linked_to_the_refused_record(world: World) -> None:
    first = world.lead(Email=MAIL, LastName="First")
    world.settle(1)
    world.edit_lead(first, Email="both@example.com")
    second = world.lead(Email="both@example.com", LastName="Second")
    world.poll()
    assert [(row[1], row[2]) for row in world.waiting()] == [(second, "rejected")]
    world.system.advance(3_600)

    world.system.convert(LEAD, first, CONTACT)
    world.settle(2)

    assert world.waiting() == []
    assert [theirs for _, theirs in world.links()] == [second]
    assert [row["email"] for row in world.prospects().values()] == ["both@example.com"]
