"""Polling runs over the in-memory system and a real internal database."""

from __future__ import annotations

import pytest

from tests.fixtures.world import World


@pytest.mark.requirement("OSF-008")
def test_a_new_lead_becomes_a_prospect(world: World) -> None:
    lead = world.lead(Email="ada@example.com", FirstName="Ada", LastName="Lovelace", Company="Analytical")

    summary = world.poll()

    assert summary.counts["created"] == 1
    (record, values), *rest = world.prospects().items()
    assert not rest
    assert values["email"] == "ada@example.com"
    assert values["city"] == "Analytical"
    assert world.links() == [(record, lead)]


@pytest.mark.guarantee("G1")
def test_a_second_poll_of_the_same_version_does_nothing(world: World) -> None:
    world.lead(Email="ada@example.com", LastName="Lovelace")
    world.poll()

    summary = world.poll()

    assert summary.counts["seen before"] == 1
    assert not summary.counts.get("updated")
    assert not summary.counts.get("created")


@pytest.mark.requirement("OSF-008")
def test_an_edited_lead_updates_its_prospect(world: World) -> None:
    lead = world.lead(Email="ada@example.com", LastName="Lovelace", Phone="1")
    world.poll()
    world.system.advance(5)
    world.edit_lead(lead, Phone="2")

    assert world.poll().counts["updated"] == 1
    assert [each["phone"] for each in world.prospects().values()] == ["2"]


def test_an_edited_prospect_reaches_its_lead(world: World) -> None:
    lead = world.lead(Email="ada@example.com", LastName="Lovelace", Phone="1")
    world.poll()
    (record,) = world.prospects()
    world.edit_prospect(record, phone="3")

    assert world.push().counts["updated"] == 1
    assert world.leads()[lead]["Phone"] == "3"
    assert world.pending("pushing") == []


def test_a_new_prospect_becomes_a_lead(world: World) -> None:
    world.poll()
    record = world.prospect(email="grace@example.com", last_name="Hopper")

    assert world.push().counts["created"] == 1
    (lead, values), *rest = world.leads().items()
    assert not rest
    assert values["LastName"] == "Hopper"
    assert world.links() == [(record, lead)]


@pytest.mark.requirement("OSF-111")
def test_edits_of_different_fields_on_both_sides_survive_on_both_sides(world: World) -> None:
    lead = world.lead(Email="ada@example.com", LastName="Lovelace", Phone="1", Title="Countess")
    world.poll()
    (record,) = world.prospects()
    world.edit_prospect(record, phone="2")
    world.system.advance(5)
    world.edit_lead(lead, Title="Programmer")

    world.settle()

    assert world.leads()[lead]["Phone"] == "2"
    assert world.leads()[lead]["Title"] == "Programmer"
    assert world.prospects()[record]["phone"] == "2"
    assert world.prospects()[record]["title"] == "Programmer"
