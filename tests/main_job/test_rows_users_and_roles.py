"""Users, roles, and who owns what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modstamp import inspection, wiring
from modstamp.errors import ConfigurationError
from tests.fixtures.office import CONTACT, USER, Office
from tests.fixtures.small_office import MappingFiles

ROLE = "salesforce_user_role"
OWNERS = "SELECT p.email, u.email FROM prospects p JOIN users u ON u.id = p.owner_id ORDER BY p.id"


def hire(office: Office, name: str, **values: Any) -> str:
    """A person with a Salesforce seat."""
    row = {"LastName": name, "Email": f"{name}@firm.example", "Username": f"{name}@firm.example", "IsActive": True}
    return office.insert("User", [{**row, **values}])[0]


def owner_of(office: Office, lead: str) -> str:
    row = office.salesforce.store.get("Lead", lead)
    assert row
    return str(row["OwnerId"])


@pytest.mark.requirement("OSF-028")
@pytest.mark.requirement("OSF-140")
def test_everybody_with_a_seat_becomes_a_user_so_that_their_records_have_owners(small_office: Office) -> None:
    ann, _ = hire(small_office, "ann"), hire(small_office, "gone", IsActive=False)
    small_office.fill_leads(1, OwnerId=ann)

    small_office.poll(USER)
    small_office.poll()

    found = small_office.sql("SELECT email, active FROM users WHERE email LIKE '%firm.example' ORDER BY email")
    assert [(mail, bool(active)) for mail, active in found] == [
        ("ann@firm.example", True),
        ("gone@firm.example", False),
    ]
    assert small_office.sql(OWNERS) == [("lead0@example.com", "ann@firm.example")]


@pytest.mark.requirement("OSF-141")
def test_an_edit_of_a_salesforce_user_shows(small_office: Office) -> None:
    ann = hire(small_office, "ann", Title="Agent")
    small_office.poll(USER)
    small_office.later()
    small_office.salesforce.edit("User", ann, Title="Manager")
    small_office.later()

    assert small_office.poll(USER).counts["updated"] == 1
    assert small_office.one("SELECT title FROM users WHERE email = 'ann@firm.example'") == "Manager"


@pytest.mark.requirement("OSF-029")
def test_the_roles_of_users_and_their_hierarchy_come_in(small_office: Office) -> None:
    (chief,) = small_office.insert("UserRole", [{"Name": "Chief"}])
    (agent,) = small_office.insert("UserRole", [{"Name": "Agent", "ParentRoleId": chief}])
    hire(small_office, "ann", UserRoleId=agent)

    small_office.poll(ROLE)
    small_office.poll(USER)

    found = small_office.sql(
        "SELECT u.email, r.name, above.name FROM users u JOIN roles r ON r.id = u.role_id"
        " JOIN roles above ON above.id = r.parent_id"
    )
    assert found == [("ann@firm.example", "Agent", "Chief")]


@pytest.mark.requirement("OSF-143")
def test_an_edit_of_a_role_shows(small_office: Office) -> None:
    (agent,) = small_office.insert("UserRole", [{"Name": "Agent"}])
    small_office.poll(ROLE)
    small_office.later()
    small_office.salesforce.edit("UserRole", agent, Name="Senior Agent")
    small_office.later()
    small_office.poll(ROLE)
    assert small_office.sql("SELECT name FROM roles WHERE name LIKE '%Agent'") == [("Senior Agent",)]


@pytest.mark.requirement("OSF-062")
def test_ownership_travels_both_ways_between_mapped_users(small_office: Office) -> None:
    ann, bob = hire(small_office, "ann"), hire(small_office, "bob")
    (lead,) = small_office.fill_leads(1, OwnerId=ann)
    small_office.poll(USER)
    small_office.poll()

    small_office.sql("UPDATE prospects SET owner_id = (SELECT id FROM users WHERE email = 'bob@firm.example')")
    small_office.push()
    assert owner_of(small_office, lead) == bob

    small_office.later()
    small_office.salesforce.edit("Lead", lead, OwnerId=ann)
    small_office.later()
    small_office.poll()
    assert small_office.sql(OWNERS) == [("lead0@example.com", "ann@firm.example")]


@pytest.mark.requirement("OSF-060")
@pytest.mark.requirement("OSF-062")
def test_an_owner_whom_salesforce_does_not_know_is_reported_and_not_guessed(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.sql("INSERT INTO users (email, last_name) VALUES ('only@here.example', 'Only')")
    stranger = small_office.one("SELECT id FROM users WHERE email = 'only@here.example'")
    small_office.sql("UPDATE prospects SET owner_id = :stranger", stranger=stranger)

    assert small_office.push().counts["waiting"] == 1
    reasons = [each["reason"] for each in inspection.overview(small_office.settings, small_office.resolve)["pending"]]
    assert f"waits for user:{stranger}" in reasons
    assert owner_of(small_office, lead) == small_office.owner

    hire(small_office, "only", Email="only@here.example")  # a seat for that person: the wait ends by itself
    small_office.poll(USER)
    small_office.push()
    assert owner_of(small_office, lead) != small_office.owner


@pytest.mark.requirement("OSF-061")
def test_owners_without_a_seat_get_an_inactive_one(small_office: Office, files: MappingFiles) -> None:
    rows = yaml.safe_load((files.folder / "salesforce" / "user.yaml").read_text())["fields"]
    files.change("user", defaults={"active": False}, fields=[row for row in rows if row["internal"] != "active"])
    ann = hire(small_office, "ann")
    small_office.fill_leads(1, OwnerId=ann)
    small_office.poll(USER)
    small_office.poll()
    assert small_office.sql(OWNERS) == [("lead0@example.com", "ann@firm.example")]
    assert small_office.sql("SELECT active FROM users WHERE email = 'ann@firm.example'") == [(0,)]
    small_office.sql("UPDATE users SET active = true WHERE email = 'ann@firm.example'")
    small_office.later()
    small_office.salesforce.edit("User", ann, Title="Agent")
    small_office.later()
    small_office.poll(USER)
    assert small_office.sql("SELECT active, title FROM users WHERE email = 'ann@firm.example'") == [(1, "Agent")]


@pytest.mark.requirement("OSF-020")
def test_duplicates_on_purpose_are_a_setting(small_office: Office, files: MappingFiles) -> None:
    people = [{"LastName": name, "Company": "X", "Email": "same@x.example"} for name in ("Ada", "Bob")]
    small_office.insert("Lead", [{**row, "OwnerId": small_office.owner} for row in people])
    small_office.poll()
    assert small_office.sql("SELECT last_name FROM prospects") == [("Ada",)]  # the second one waits for a person

    small_office.settings = small_office.settings.model_copy(update={"duplicate_prospects": True})
    files.change("lead", match=["email", "last_name"])
    small_office.poll()
    assert small_office.sql("SELECT last_name, email FROM prospects ORDER BY id") == [
        ("Ada", "same@x.example"),
        ("Bob", "same@x.example"),
    ]
    small_office.settings = small_office.settings.model_copy(update={"duplicate_prospects": False})
    with pytest.raises(ConfigurationError, match="several prospects have the same mail address"):
        wiring.prepare(small_office.settings, small_office.resolve)


@pytest.mark.requirement("OSF-064")
def test_a_queue_is_a_team_by_its_value_table(small_office: Office, files: MappingFiles) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
    (example,) = [each for each in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "salesforce.Group" in each]
    (files.folder / "salesforce" / "queue.yaml").write_text(example)
    names = ("Inbound Americas", "Event Follow-up")
    americas, event = small_office.insert("Group", [{"Name": name, "Type": "Queue"} for name in names])
    lead, _ = small_office.fill_leads(1, OwnerId=americas) + small_office.fill_leads(1, first=1, OwnerId=event)

    assert small_office.poll("salesforce_group").counts["quarantined"] == 1
    small_office.poll()
    assert small_office.sql(OWNERS) == [("lead0@example.com", "team.americas@acme.example")]
    reasons = [each["reason"] for each in inspection.overview(small_office.settings, small_office.resolve)["pending"]]
    assert f"waits for user:{event}" in reasons

    person = small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=small_office.owner)
    small_office.sql("UPDATE prospects SET owner_id = :person", person=person)
    small_office.push()
    assert owner_of(small_office, lead) == small_office.owner
    small_office.sql("UPDATE prospects SET owner_id = (SELECT id FROM users WHERE email LIKE 'team.americas%')")
    small_office.push()
    assert owner_of(small_office, lead) == americas


@pytest.mark.requirement("OSF-063")
@pytest.mark.parametrize(
    ("direction", "inside", "outside"), [("both", True, True), ("in", True, False), ("out", False, True)]
)
def test_the_direction_of_ownership_is_chosen(
    small_office: Office, files: MappingFiles, direction: str, *, inside: bool, outside: bool
) -> None:
    files.change_field("contact", "owner_id", direction=direction)
    hire(small_office, "ann")
    bob = hire(small_office, "bob")
    people = [{"LastName": name, "Email": f"{name}@x.example", "OwnerId": small_office.owner} for name in ("in", "out")]
    incoming, outgoing = small_office.insert("Contact", people)
    small_office.poll(USER)
    small_office.poll(CONTACT)

    small_office.later()
    small_office.salesforce.edit("Contact", incoming, OwnerId=bob)
    small_office.later()
    small_office.poll(CONTACT)
    small_office.sql(
        "UPDATE prospects SET owner_id = (SELECT id FROM users WHERE email = 'ann@firm.example')"
        " WHERE email = 'out@x.example'"
    )
    small_office.push(CONTACT)

    row = small_office.salesforce.store.get("Contact", outgoing)
    assert row
    assert (row["OwnerId"] != small_office.owner) is outside
    assert (("in@x.example", "bob@firm.example") in small_office.sql(OWNERS)) is inside
