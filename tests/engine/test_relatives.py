"""Records that depend on others: references, waiting and waking, own types, families of mappings (G16, G20)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.world import ACCOUNT, CONTACT, LEAD, MAPPING, ROLE, USER, World

MAIL = "ada@example.com"
IN = {"inbound": {"create": True, "update": True}, "pushing": False}
BOTH = {"inbound": {"create": True, "update": True}, "outbound": {"create": True, "update": True}}
COMMON = {"connection": "salesforce"}

USERS = {
    **COMMON,
    **IN,
    "internal": "user",
    "external": "salesforce.User",
    "match": ["email"],
    "fields": [{"internal": "email", "external": "Email"}, {"internal": "last_name", "external": "LastName"}],
}
ROLES = {
    **COMMON,
    **BOTH,
    "internal": "role",
    "external": "salesforce.UserRole",
    "match": ["name"],
    "fields": [
        {"internal": "name", "external": "Name"},
        {"internal": "parent_id", "external": "ParentRoleId", "reference": "role"},
    ],
}
ACCOUNTS = {
    **COMMON,
    **BOTH,
    "internal": "account",
    "external": "salesforce.Account",
    "match": ["name"],
    "fields": [{"internal": "name", "external": "Name"}, {"internal": "phone", "external": "Phone"}],
}
CONTACTS = {
    **MAPPING,
    "external": "salesforce.Contact",
    "outbound": {"update": True},
    "fields": [
        {"internal": "email", "external": "Email"},
        {"internal": "last_name", "external": "LastName"},
        {"internal": "phone", "external": "Phone"},
        {"internal": "account_id", "external": "AccountId", "reference": "account"},
    ],
}


def _with_owner(world: World) -> World:
    """The world's users; the prospects of the world get owners."""
    owner = {"internal": "owner_id", "external": "OwnerId", "reference": "user"}
    world.change_mapping(fields=[*MAPPING["fields"], owner])
    return world.beside(USERS)


def _value(world: World, statement: str, **values: Any) -> Any:
    return world.sql(statement, **values)[0][0]


@pytest.mark.guarantee("G16")
def test_a_child_waits_for_its_parent_and_the_parents_link_wakes_it(world: World) -> None:
    users = _with_owner(world)
    owner = world.system.create(USER, {"Email": "boss@example.com", "LastName": "Boss"})
    lead = world.lead(Email=MAIL, LastName="Lovelace", OwnerId=owner)
    world.poll()
    assert world.prospects() == {}
    assert world.sql("SELECT waits_for FROM sync_pending WHERE direction = 'polling'") == [(f"user:{owner}",)]
    world.system.advance(7_200)  # out of every window
    world.poll()
    assert world.prospects() == {}

    users.poll()
    world.poll()

    ((record, found),) = world.links()
    assert found == lead
    assert users.links() == [(str(_value(world, "SELECT owner_id FROM prospects")), owner)]
    assert world.pending("polling") == []
    assert list(world.prospects()) == [record]


@pytest.mark.guarantee("G16")
def test_an_edit_to_a_parent_without_a_link_writes_nothing_there_and_the_rest_of_the_record(world: World) -> None:
    users = _with_owner(world)
    first = world.system.create(USER, {"Email": "first@example.com", "LastName": "First"})
    users.poll()
    lead = world.lead(Email=MAIL, LastName="Lovelace", OwnerId=first)
    world.poll()
    before = _value(world, "SELECT owner_id FROM prospects")
    world.system.advance(40)
    second = world.system.create(USER, {"Email": "second@example.com", "LastName": "Second"})
    world.edit_lead(lead, OwnerId=second, Phone="1")

    world.poll()

    assert world.sql("SELECT owner_id, phone FROM prospects") == [(before, "1")]
    users.poll()
    world.poll()
    assert _value(world, "SELECT owner_id FROM prospects") not in (before, None)
    world.settle(2)
    assert world.leads()[lead]["OwnerId"] == second


@pytest.mark.guarantee("G16")
def test_a_child_that_is_pushed_waits_for_its_parent(world: World) -> None:
    accounts, contacts = world.beside(ACCOUNTS), world.beside({**CONTACTS, "outbound": BOTH["outbound"]})
    accounts.poll()
    contacts.poll()
    account = _value(world, "INSERT INTO accounts (name) VALUES ('Analytical') RETURNING id")
    contacts.prospect(email=MAIL, last_name="Lovelace", account_id=account)
    assert contacts.push().counts["waiting"] == 1
    assert world.system.rows(CONTACT) == {}

    accounts.relatives = (contacts.mapping,)
    accounts.push()
    entries = "SELECT reason, waits_for FROM sync_pending WHERE mapping = 'salesforce_contact'"
    assert world.sql(entries) == [(None, None)], "an entry with neither starts its push by itself"
    contacts.push()

    ((parent),) = world.system.rows(ACCOUNT)
    assert [row["AccountId"] for row in world.system.rows(CONTACT).values()] == [parent]
    assert contacts.pending("pushing") == []


@pytest.mark.guarantee("G16")
def test_references_to_the_own_type_are_set_in_a_second_pass(world: World) -> None:
    roles = world.beside(ROLES)
    child = world.system.create(ROLE, {"Name": "Sales"})
    parent = world.system.create(ROLE, {"Name": "Board"})
    world.system.edit(ROLE, child, {"ParentRoleId": parent})

    roles.poll()

    found = world.sql("SELECT c.name, p.name FROM roles c LEFT JOIN roles p ON p.id = c.parent_id ORDER BY c.name")
    assert [tuple(row) for row in found] == [("Board", None), ("Sales", "Board")]
    assert roles.pending("polling") == []


@pytest.mark.guarantee("G16")
def test_references_to_the_own_type_are_pushed_in_a_second_run(world: World) -> None:
    roles = world.beside(ROLES)
    roles.poll()
    child = _value(world, "INSERT INTO roles (name) VALUES ('Sales') RETURNING id")
    parent = _value(world, "INSERT INTO roles (name) VALUES ('Board') RETURNING id")
    world.sql("UPDATE roles SET parent_id = :parent WHERE id = :child", parent=parent, child=child)

    roles.push()
    roles.push()

    rows = {row["Name"]: (record, row["ParentRoleId"]) for record, row in world.system.rows(ROLE).items()}
    assert rows["Sales"][1] == rows["Board"][0]
    assert roles.pending("pushing") == []


@pytest.mark.guarantee("G20")
def test_a_record_is_linked_by_one_mapping_of_its_family_at_a_time(world: World) -> None:
    contacts = world.beside(CONTACTS)
    world.lead(Email=MAIL, LastName="Lovelace")
    world.poll()
    contact = world.system.create(CONTACT, {"Email": MAIL, "LastName": "Lovelace"})

    contacts.poll()

    assert len(world.prospects()) == len(world.links()) == 1
    assert [(row[1], row[2]) for row in world.waiting()] == [(contact, "ambiguous")]


@pytest.mark.guarantee("G20")
def test_only_the_elected_mapping_creates_and_the_other_one_forgets(world: World) -> None:
    contacts = world.beside(CONTACTS)
    world.poll()
    contacts.poll()
    world.prospect(email=MAIL, last_name="Lovelace")

    contacts.push()
    world.push()
    contacts.push()

    assert len(world.system.rows(LEAD)) == 1
    assert world.system.rows(CONTACT) == {}
    assert contacts.pending("pushing") == []


@pytest.mark.guarantee("G20")
def test_what_one_mapping_brought_in_the_other_does_not_create(world: World) -> None:
    contacts = world.beside(CONTACTS)
    world.poll()
    contact = world.system.create(CONTACT, {"Email": MAIL, "LastName": "Lovelace", "Phone": "1"})
    contacts.poll()
    (record,) = world.prospects()
    world.edit_prospect(record, phone="2")

    world.push()
    contacts.push()

    assert world.leads() == {}
    assert world.system.rows(CONTACT)[contact]["Phone"] == "2"
    assert world.pending("pushing") == []
