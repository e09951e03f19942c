"""Toggles, each on its own; what is made by hand; and creates that nothing could be made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.engine.test_field_options import BASIC, is_quiet
from tests.fixtures.world import LEAD, World

TOGGLES = [("inbound", "create"), ("inbound", "update"), ("outbound", "create"), ("outbound", "update")]


@pytest.mark.requirement("OSF-126")
@pytest.mark.parametrize("off", TOGGLES, ids=" ".join)
def test_each_toggle_stops_its_own_operation_and_no_other(sqlite_world: World, off: tuple[str, str]) -> None:
    world = sqlite_world
    first, second = world.lead(Email="1@x.org", LastName="1"), world.prospect(email="2@x.org", last_name="2")
    world.settle()
    world.change_mapping(
        **{way: {what: (way, what) != off for what in ("create", "update")} for way in ("inbound", "outbound")}
    )
    world.lead(Email="3@x.org")
    world.prospect(email="4@x.org")
    world.edit_lead(first, LastName="1 edited")
    world.edit_prospect(second, last_name="2 edited")
    world.settle()
    inside = {row["email"]: row["last_name"] for row in world.prospects().values()}
    outside = {row["Email"]: row["LastName"] for row in world.leads().values()}
    done = {
        ("inbound", "create"): "3@x.org" in inside,
        ("inbound", "update"): inside["1@x.org"] == "1 edited",
        ("outbound", "create"): "4@x.org" in outside,
        ("outbound", "update"): outside["2@x.org"] == "2 edited",
    }
    assert done == {each: each != off for each in TOGGLES}


@pytest.mark.requirement("OSF-126")
@pytest.mark.parametrize(("polling", "pushing"), list(product([True, False], repeat=2)))
def test_polling_and_pushing_are_switched_apart(sqlite_world: World, polling: bool, pushing: bool) -> None:  # noqa: FBT001
    world = sqlite_world
    world.change_mapping(polling=polling, pushing=pushing)
    assert (world.mapping.polling.on, world.mapping.pushing.on) == (polling, pushing)
    world.lead(Email="1@x.org")
    world.prospect(email="2@x.org")
    if polling:
        world.poll()
    if pushing:
        world.push()
    assert len(world.prospects()) == 1 + polling
    assert len(world.leads()) == 1 + pushing


def _down(world: World, **more: Any) -> World:
    world.change_mapping(inbound={"create": {"after_manual_create": True}, "update": True}, **more)
    world.poll()
    return world


@pytest.mark.requirement("OSF-118")
def test_a_record_made_by_hand_takes_what_exists_outside(sqlite_world: World) -> None:
    world = _down(sqlite_world)
    world.change_mapping(inbound={"create": {"on": False, "after_manual_create": True}, "update": True})
    lead = world.lead(Email="a@x.org", Title="Outside", Phone="1", FirstName=None)
    world.poll()
    assert not world.prospects()
    world.prospect(email="a@x.org", title="Stub", first_name="Ann")
    world.push()
    world.settle()
    (row,) = world.prospects().values()
    assert (row["title"], row["phone"], row["first_name"]) == ("Outside", "1", "Ann")
    assert (world.leads()[lead]["Title"], world.leads()[lead]["FirstName"]) == ("Outside", "Ann")
    ((old, rule),) = world.sql("SELECT old, rule FROM sync_history WHERE field = 'title'")
    assert "Stub" in str(old)
    assert rule == "lost: after_manual_create"
    assert is_quiet(world)


@pytest.mark.requirement("OSF-118")
def test_without_it_values_that_differ_are_held(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(inbound={"create": False, "update": True})
    world.poll()
    world.lead(Email="a@x.org", Title="Outside")
    world.poll()
    world.prospect(email="a@x.org", title="Mine")
    world.push()
    world.settle()
    (row,), (lead,) = world.prospects().values(), world.leads().values()
    assert (row["title"], lead["Title"]) == ("Mine", "Outside")


@pytest.mark.requirement("OSF-118")
def test_what_was_there_before_the_first_match_was_not_made_by_hand(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(inbound={"create": {"after_manual_create": True}, "update": True})
    world.prospect(email="a@x.org", title="Mine")
    world.lead(Email="a@x.org", Title="Outside")
    world.push()
    world.settle()
    assert [row["title"] for row in world.prospects().values()] == ["Mine"]


@pytest.mark.requirement("OSF-118")
@pytest.mark.guarantee("G14")
def test_an_edit_after_the_link_is_not_written_over(sqlite_world: World) -> None:
    """Between the push that links and the poll that brings the values down."""
    world = _down(sqlite_world)
    world.change_mapping(inbound={"create": {"on": False, "after_manual_create": True}, "update": True})
    world.lead(Email="a@x.org", Title="Outside")
    world.poll()
    record = world.prospect(email="a@x.org", title="Stub")
    world.push()
    world.edit_prospect(record, title="Thought better")
    world.settle()
    assert [row["title"] for row in world.prospects().values()] == ["Thought better"]


@pytest.mark.requirement("OSF-123")
def test_a_required_field_that_nothing_writes_switches_outbound_create_off(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(fields=[BASIC, {"internal": "last_name", "external": "LastName"}])
    lead = world.system.types[LEAD]
    company = replace(lead.fields["Company"], required=True)
    world.system.types[LEAD] = replace(lead, fields={**lead.fields, "Company": company})
    world.poll()
    linked = world.system.create(LEAD, {"Email": "1@x.org", "Company": "C"})
    world.prospect(email="2@x.org", last_name="2")
    summary = world.push()
    world.settle()
    told = "outbound create is switched off: no field mapping writes Company"
    assert list(summary.reasons["withheld"]) == [told]
    assert [row[2:] for row in world.waiting()] == [("withheld", told)]
    world.sql("UPDATE prospects SET last_name = 'edited' WHERE email = '1@x.org'")
    world.settle()
    assert list(world.leads()) == [linked]
    assert world.leads()[linked]["LastName"] == "edited", "updates go on"
    world.change_mapping(
        fields=[
            *({"internal": f.internal, "external": f.external} for f in world.mapping.fields),
            {"internal": "company", "external": "Company"},
        ]
    )
    world.sql("UPDATE prospects SET company = 'C2' WHERE email = '2@x.org'")
    world.settle()
    assert len(world.leads()) == 2
