"""Values that are computed or found in other records, and references by name."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp import housekeeping
from modstamp.model import Direction
from tests.engine.test_field_options import BASIC, is_quiet
from tests.fixtures.world import ACCOUNT, USER, World


def fields(world: World, *rows: dict[str, Any]) -> World:
    world.change_mapping(fields=[BASIC, *rows])
    return world


# Computed


def test_a_value_is_computed_on_the_way_in_and_never_written_back(sqlite_world: World) -> None:
    world = fields(
        sqlite_world,
        {"internal": "last_name", "external": "LastName"},
        {"internal": "title", "external": "=(FirstName ~ ' ' ~ LastName)|trim", "direction": "in"},
    )
    lead = world.lead(Email="a@x.org", FirstName="Ann", LastName="Lee", Title="untouched")
    world.settle()
    ((record, title),) = world.sql("SELECT id, title FROM prospects")
    assert title == "Ann Lee"
    world.edit_prospect(str(record), title="mine", last_name="Ray")
    world.settle()
    assert world.leads()[lead]["Title"] == "untouched"
    assert world.sql("SELECT title FROM prospects") == [("Ann Ray",)], "an ingredient changed, and so did the value"
    assert is_quiet(world)


def test_a_value_is_computed_on_the_way_out(sqlite_world: World) -> None:
    world = fields(
        sqlite_world, {"internal": "='VIP' if opted_out else first_name|upper", "external": "Title", "direction": "out"}
    )
    world.poll()
    record = world.prospect(email="a@x.org", first_name="ann", opted_out=False)
    world.settle()
    (lead,) = world.leads().values()
    assert lead["Title"] == "ANN"
    world.edit_prospect(record, first_name="bob")
    world.settle()
    assert next(iter(world.leads().values()))["Title"] == "BOB"
    assert is_quiet(world)


def test_a_record_that_cannot_be_computed_waits_with_the_reason(sqlite_world: World) -> None:
    world = fields(sqlite_world, {"internal": "title", "external": "=FirstName + 1", "direction": "in"})
    world.lead(Email="bad@x.org", FirstName="Ann")
    world.lead(Email="good@x.org")
    world.settle()
    assert world.sql("SELECT email FROM prospects") == [("good@x.org",)]
    ((_, _, kind, reason),) = world.waiting()
    assert kind == "rejected"
    assert reason.startswith("=FirstName + 1 has no value: ")


@pytest.mark.guarantee("G8")
def test_an_ingredient_that_is_shown_no_longer_makes_the_value_unknown(sqlite_world: World) -> None:
    world = fields(sqlite_world, {"internal": "title", "external": "=FirstName|upper", "direction": "in"})
    lead = world.lead(Email="a@x.org", FirstName="ann")
    world.settle()
    world.system.drop_field("Lead", "FirstName")
    world.edit_lead(lead, Phone="1")
    world.settle()
    assert world.sql("SELECT title FROM prospects") == [("ANN",)]


# Looked up

LOOKUP = {
    "internal": "title",
    "external": "Account.Phone",
    "direction": "in",
    "lookup": {"match": {"Name": "Company"}, "where": {"field": "Phone", "operator": "starts with", "value": "+4"}},
}


@pytest.mark.requirement("STG-030")
@pytest.mark.requirement("STG-031")
def test_a_value_is_found_by_a_search_in_the_other_system(sqlite_world: World) -> None:
    world = fields(sqlite_world, LOOKUP)
    world.system.create(ACCOUNT, {"Name": "Acme", "Phone": "+49 1"})
    world.system.create(ACCOUNT, {"Name": "ACME", "Phone": "none"})
    world.lead(Email="found@x.org", Company="acme")
    lead = world.lead(Email="nobody@x.org", Company="Nobody")
    world.lead(Email="blank@x.org")
    world.settle()
    found = dict(world.sql("SELECT email, title FROM prospects"))
    assert found == {"found@x.org": "+49 1", "nobody@x.org": None, "blank@x.org": None}
    world.edit_lead(lead, Company="Acme")
    world.sql("UPDATE prospects SET title = 'mine' WHERE email = 'found@x.org'")  # read-only: it goes nowhere
    world.settle()
    assert dict(world.sql("SELECT email, title FROM prospects"))["nobody@x.org"] == "+49 1"
    assert {each["Title"] for each in world.leads().values()} == {None}
    assert is_quiet(world)


@pytest.mark.requirement("STG-030")
def test_several_that_differ_are_told_and_not_chosen_from(sqlite_world: World) -> None:
    world = fields(sqlite_world, LOOKUP)
    for phone in ("+41", "+42", "+42"):
        world.system.create(ACCOUNT, {"Name": "Acme", "Phone": phone})
    world.lead(Email="a@x.org", Company="Acme")
    world.settle()
    assert not world.prospects()
    ((_, _, kind, reason),) = world.waiting()
    assert (kind, reason) == ("rejected", "Account.Phone: the search found 2 different values")


@pytest.mark.requirement("STG-030")
def test_a_search_inside_gives_what_goes_out(sqlite_world: World) -> None:
    world = fields(
        sqlite_world,
        {
            "internal": "user.email",
            "external": "Title",
            "direction": "out",
            "lookup": {
                "match": {"username": "custom1"},
                "where": {"field": "active", "operator": "is", "value": True},
            },
        },
    )
    world.poll()
    world.sql("INSERT INTO users (email, username, active) VALUES ('u@x.org', 'U', 1), ('old@x.org', 'u', 0)")
    world.prospect(email="a@x.org", custom1="u")
    world.settle()
    assert [each["Title"] for each in world.leads().values()] == ["u@x.org"]
    assert is_quiet(world)


@pytest.mark.requirement("STG-034")
def test_the_name_of_a_record_is_shown_in_place_of_its_id(sqlite_world: World) -> None:
    """In both directions; what has no name shows nothing."""
    world = fields(
        sqlite_world,
        {"internal": "title", "external": "User.LastName", "direction": "in", "lookup": {"match": {"Id": "OwnerId"}}},
        {"internal": "user.username", "external": "Phone", "direction": "out", "lookup": {"match": {"id": "owner_id"}}},
    )
    owner = world.system.create(USER, {"Email": "o@x.org", "LastName": "Owner"})
    nameless = world.system.create(USER, {"Email": "n@x.org"})
    world.lead(Email="a@x.org", OwnerId=owner)
    world.lead(Email="b@x.org", OwnerId=nameless)
    world.sql("INSERT INTO users (id, email, username) VALUES (7, 'u@x.org', 'uschi')")
    world.settle()
    assert dict(world.sql("SELECT email, title FROM prospects")) == {"a@x.org": "Owner", "b@x.org": None}
    world.sql("UPDATE prospects SET owner_id = 7 WHERE email = 'a@x.org'")
    world.settle()
    assert sorted(str(each["Phone"]) for each in world.leads().values()) == ["None", "uschi"]
    assert is_quiet(world)


OWNER = {"internal": "title", "external": "User.LastName", "direction": "in", "lookup": {"match": {"Id": "OwnerId"}}}


@pytest.mark.guarantee("G8")
@pytest.mark.guarantee("G12")
def test_a_record_that_is_not_visible_makes_no_blank(sqlite_world: World) -> None:
    """What our user may not see proves nothing: the value stays, and the record waits with the reason."""
    world = fields(sqlite_world, OWNER, {"internal": "phone", "external": "Phone"})
    owner = world.system.create(USER, {"Email": "o@x.org", "LastName": "Owner"})
    lead = world.lead(Email="a@x.org", OwnerId=owner)
    world.settle()
    world.system.hide(USER, owner)
    world.edit_lead(lead, Phone="1")
    world.settle()
    assert world.sql("SELECT title, phone FROM prospects") == [("Owner", None)]
    assert world.waiting() == [("polling", lead, "rejected", f"User.LastName: User {owner} is not visible to us")]
    world.system.hide(USER, owner, hidden=False)
    world.edit_lead(lead, Phone="2")
    world.settle()
    assert world.sql("SELECT title, phone FROM prospects") == [("Owner", "2")]
    assert is_quiet(world)


@pytest.mark.requirement("STG-030")
def test_a_record_that_is_deleted_has_no_name_any_more(sqlite_world: World) -> None:
    world = fields(sqlite_world, OWNER, {"internal": "phone", "external": "Phone"})
    owner = world.system.create(USER, {"Email": "o@x.org", "LastName": "Owner"})
    lead = world.lead(Email="a@x.org", OwnerId=owner)
    world.settle()
    world.system.delete(USER, owner)
    world.edit_lead(lead, Phone="1")
    world.settle()
    assert world.sql("SELECT title, phone FROM prospects") == [(None, "1")]


# Looked for by name


@pytest.mark.requirement("STG-033")
def test_a_reference_goes_by_the_records_name_both_ways(sqlite_world: World) -> None:
    """Without a link of the users: the address tells who is who."""
    reference = {"type": "user", "by": "email", "look_for": "User.Email"}
    world = fields(sqlite_world, {"internal": "owner_id", "external": "OwnerId", "reference": reference})
    ann, bob = (world.system.create(USER, {"Email": each}) for each in ("Ann@x.org", "bob@x.org"))
    world.sql("INSERT INTO users (id, email) VALUES (1, 'ann@x.org'), (2, 'BOB@x.org')")
    lead = world.lead(Email="a@x.org", OwnerId=ann)
    world.settle()
    assert world.sql("SELECT owner_id FROM prospects") == [(1,)]
    world.sql("UPDATE prospects SET owner_id = 2")
    world.settle()
    assert world.leads()[lead]["OwnerId"] == bob
    assert is_quiet(world)


@pytest.mark.requirement("STG-033")
def test_a_name_that_nobody_or_several_bear_is_not_guessed(sqlite_world: World) -> None:
    reference = {"type": "user", "by": "last_name", "look_for": "User.LastName"}
    world = fields(sqlite_world, {"internal": "owner_id", "external": "OwnerId", "reference": reference})
    ann, bob = (world.system.create(USER, {"LastName": each}) for each in ("Ann", "Bob"))
    world.sql("INSERT INTO users (email, last_name) VALUES ('1@x.org', 'Ann'), ('2@x.org', 'Ann')")
    world.lead(Email="a@x.org", OwnerId=ann)
    world.lead(Email="b@x.org", OwnerId=bob)
    world.settle()
    assert not world.prospects()
    assert {reason for _, _, _, reason in world.waiting()} == {
        f"OwnerId: no single user with last_name the User.LastName of '{each}'" for each in (ann, bob)
    }
    world.sql("INSERT INTO users (email, last_name) VALUES ('3@x.org', 'Bob')")
    assert housekeeping.queue(world.store, world.mapping, Direction.POLLING) == 2
    world.settle()
    assert world.sql("SELECT email FROM prospects") == [("b@x.org",)], "it waited for the record that it names"


@pytest.mark.guarantee("G26")
@pytest.mark.parametrize("direction", Direction)
def test_a_name_that_nobody_bears_costs_no_call_per_run(sqlite_world: World, direction: Direction) -> None:
    reference = {"type": "user", "by": "last_name", "look_for": "User.LastName"}
    world = fields(sqlite_world, {"internal": "owner_id", "external": "OwnerId", "reference": reference})
    world.settle()
    if direction is Direction.POLLING:
        world.lead(Email="a@x.org", OwnerId=world.system.create(USER, {"LastName": "Nobody"}))
    else:
        world.sql("INSERT INTO users (id, email, last_name) VALUES (5, 'x@x.org', 'Nobody')")
        world.prospect(email="a@x.org", owner_id=5)
    world.settle()
    ((waits, _, kind, _),) = world.waiting()
    assert (waits, kind) == (direction, "rejected")
    run = world.poll if direction is Direction.POLLING else world.push
    world.later()
    before = world.connector.calls
    run()
    with_one = world.connector.calls - before
    world.sql("DELETE FROM sync_quarantine")
    before = world.connector.calls
    run()
    assert with_one == world.connector.calls - before


@pytest.mark.guarantee("G29")
def test_a_value_that_fits_no_column_holds_its_record_alone(world: World) -> None:
    """On both databases: what seeks a number is a text."""
    by_role = {
        "internal": "owner_id",
        "external": "Phone",
        "direction": "in",
        "reference": {"type": "user", "by": "role_id"},
    }
    sought = {
        "internal": "user.username",
        "external": "Description",
        "direction": "out",
        "lookup": {"match": {"role_id": "custom1"}},
    }
    fields(world, by_role, sought)
    world.lead(Email="odd@x.org", Phone="not a number")
    world.lead(Email="plain@x.org")
    world.poll()
    assert world.sql("SELECT email FROM prospects") == [("plain@x.org",)]
    world.prospect(email="own@x.org", custom1="not a number")
    world.settle()
    assert {row["Email"] for row in world.leads().values()} == {"odd@x.org", "plain@x.org", "own@x.org"}
    assert [row[2:] for row in world.waiting()] == [("rejected", "Phone: no user with role_id 'not a number'")]
