"""Leads, contacts and accounts, each in step with its counterpart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.office import ACCOUNT, CONTACT, Office
from tests.fixtures.small_office import MappingFiles

ACCOUNTS = "SELECT p.email, a.name FROM prospects p JOIN accounts a ON a.id = p.account_id ORDER BY p.id"


def there(office: Office, type_name: str, record: str) -> dict[str, Any]:
    row = office.salesforce.store.get(type_name, record)
    assert row
    return dict(row)


@pytest.mark.requirement("OSF-008")
def test_new_and_changed_leads_come_in_with_the_same_poll(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.later()
    small_office.salesforce.edit("Lead", lead, Title="Chief")
    small_office.fill_leads(1, first=1)
    small_office.later()

    counts = small_office.poll().counts

    assert (counts["created"], counts["updated"]) == (1, 1)
    assert small_office.sql("SELECT title FROM prospects ORDER BY id") == [("Chief",), (None,)]


@pytest.mark.requirement("OSF-011")
def test_what_the_engagement_database_changes_by_itself_is_pushed_too(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.sql(
        "CREATE TRIGGER automatic_stage AFTER UPDATE OF description ON prospects BEGIN UPDATE prospects"
        " SET stage_id = (SELECT id FROM stages WHERE name = 'Replied') WHERE id = NEW.id; END"
    )
    small_office.sql("UPDATE prospects SET description = 'Answered our mail'")

    assert small_office.push().counts["updated"] == 1
    assert there(small_office, "Lead", lead)["Status"] == "Nurturing"


@pytest.mark.requirement("OSF-017")
@pytest.mark.parametrize(("creator", "other"), [("lead", "contact"), ("contact", "lead")])
def test_a_new_prospect_becomes_a_lead_or_a_contact_as_elected(
    small_office: Office, files: MappingFiles, creator: str, other: str
) -> None:
    files.change(other, outbound={"create": False, "update": True})
    files.change(creator, outbound={"create": True, "update": True})
    for name in (creator, other):
        small_office.poll(f"salesforce_{name}")
    small_office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")

    counts = {name: small_office.push(f"salesforce_{name}").counts.get("created", 0) for name in (other, creator)}

    assert counts == {creator: 1, other: 0}
    rows = small_office.salesforce.store.rows(creator.capitalize())
    assert [row["Email"] for row in rows] == ["new@example.com"]


@pytest.mark.requirement("OSF-022")
def test_a_contact_and_its_prospect_share_fields_status_and_account(small_office: Office) -> None:
    acme, other = small_office.insert("Account", [{"Name": "Acme"}, {"Name": "Other"}])
    row = {"LastName": "Ray", "Email": "ray@acme.example", "AccountId": acme, "Contact_Status__c": "Working"}
    (contact,) = small_office.insert("Contact", [{**row, "OwnerId": small_office.owner}])
    small_office.poll(ACCOUNT)
    small_office.poll(CONTACT)

    assert small_office.sql("SELECT last_name, stage_name FROM prospects") == [("Ray", "Working")]
    assert small_office.sql(ACCOUNTS) == [("ray@acme.example", "Acme")]

    small_office.sql(
        "UPDATE prospects SET title = 'Buyer', stage_name = 'Customer',"
        " account_id = (SELECT id FROM accounts WHERE name = 'Other')"
    )
    assert small_office.push(CONTACT).counts["updated"] == 1
    after = there(small_office, "Contact", contact)
    assert (after["Title"], after["Contact_Status__c"], after["AccountId"]) == ("Buyer", "Customer", other)


@pytest.mark.requirement("OSF-023")
def test_an_account_and_its_counterpart_are_edited_on_both_sides(small_office: Office) -> None:
    (acme,) = small_office.insert("Account", [{"Name": "Acme", "Phone": "1", "OwnerId": small_office.owner}])
    small_office.poll(ACCOUNT)
    small_office.sql("UPDATE accounts SET industry = 'Apparel'")
    small_office.push(ACCOUNT)
    assert there(small_office, "Account", acme)["Industry"] == "Apparel"

    small_office.later()
    small_office.salesforce.edit("Account", acme, Phone="2")
    small_office.later()
    small_office.poll(ACCOUNT)
    assert small_office.sql("SELECT name, phone, industry FROM accounts") == [("Acme", "2", "Apparel")]


@pytest.mark.requirement("OSF-023")
def test_a_contact_waits_for_its_account_and_is_then_found_under_it(small_office: Office) -> None:
    (acme,) = small_office.insert("Account", [{"Name": "Acme", "OwnerId": small_office.owner}])
    rows = [{"LastName": name, "Email": f"{name}@acme.example", "AccountId": acme} for name in ("ann", "bob")]
    small_office.insert("Contact", [{**row, "OwnerId": small_office.owner} for row in rows])

    assert small_office.poll(CONTACT).counts["waiting records"] == 2
    small_office.poll(ACCOUNT)
    small_office.poll(CONTACT)

    assert small_office.sql(ACCOUNTS) == [("ann@acme.example", "Acme"), ("bob@acme.example", "Acme")]
