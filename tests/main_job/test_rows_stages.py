"""Stages of prospects beside the statuses of Leads and Contacts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.office import ACCOUNT, CONTACT, Office
from tests.fixtures.small_office import MappingFiles

STATUS = "salesforce_lead_status"
STAGES = "SELECT p.email, s.name FROM prospects p JOIN stages s ON s.id = p.stage_id ORDER BY p.id"


def contact(office: Office, name: str, status: str | None) -> str:
    row = {"LastName": name, "Email": f"{name}@x.example".lower().replace(" ", ""), "Contact_Status__c": status}
    return office.insert("Contact", [{**row, "OwnerId": office.owner}])[0]


def value(office: Office, type_name: str, record: str, name: str) -> Any:
    row = office.salesforce.store.get(type_name, record)
    assert row
    return row[name]


def choices(office: Office, type_name: str, name: str) -> tuple[str, ...]:
    return tuple(office.salesforce.store.schema[type_name].fields[name].values)


@pytest.mark.requirement("OSF-027")
@pytest.mark.requirement("OSF-152")
def test_every_status_of_leads_and_of_contacts_shows_on_its_prospect(small_office: Office) -> None:
    statuses = choices(small_office, "Lead", "Status")
    for number, status in enumerate(statuses):
        small_office.fill_leads(1, first=number, Status=status)
    texts = choices(small_office, "Contact", "Contact_Status__c")
    for text in texts:
        contact(small_office, text, text)

    small_office.poll()
    small_office.poll(CONTACT)

    shown = dict(small_office.sql(STAGES))
    assert len(shown) == len(statuses)
    assert shown["lead0@example.com"] == "New"
    assert len(set(shown.values())) == len(statuses)
    found = {row[0] for row in small_office.sql("SELECT stage_name FROM prospects WHERE stage_name IS NOT NULL")}
    assert found == set(texts)


@pytest.mark.requirement("OSF-150")
def test_the_colour_of_a_stage_is_the_teams_own(small_office: Office) -> None:
    small_office.sql("UPDATE stages SET color = '#2e7d32' WHERE name = 'Replied'")
    small_office.later()
    for row in list(small_office.salesforce.store.rows("LeadStatus")):
        small_office.salesforce.store.touch("LeadStatus", row["Id"])
    small_office.poll(STATUS)
    assert small_office.sql("SELECT name, color FROM stages WHERE color IS NOT NULL") == [("Replied", "#2e7d32")]


@pytest.mark.requirement("OSF-024")
def test_accounts_have_no_stage_and_their_status_may_be_any_column(small_office: Office, files: MappingFiles) -> None:
    (account,) = small_office.insert("Account", [{"Name": "Acme", "Rating": "Warm", "OwnerId": small_office.owner}])
    files.change_field("account", "industry", external="Rating")
    small_office.poll(ACCOUNT)
    assert small_office.sql("SELECT name, industry FROM accounts") == [("Acme", "Warm")]
    small_office.sql("UPDATE accounts SET industry = 'Hot'")
    small_office.push(ACCOUNT)
    assert value(small_office, "Account", account, "Rating") == "Hot"
    assert "stage_id" not in [row[1] for row in small_office.sql("PRAGMA table_info(accounts)")]


@pytest.mark.requirement("STG-041")
@pytest.mark.requirement("STG-042")
@pytest.mark.requirement("OSF-154")
def test_a_contacts_status_travels_both_ways_as_text(small_office: Office) -> None:
    record = contact(small_office, "Ray", "Working")
    small_office.poll(CONTACT)
    small_office.sql("UPDATE prospects SET stage_name = 'Qualified'")
    small_office.push(CONTACT)
    assert value(small_office, "Contact", record, "Contact_Status__c") == "Qualified"

    small_office.later()
    small_office.salesforce.edit("Contact", record, Contact_Status__c="Customer")
    small_office.later()
    small_office.poll(CONTACT)
    assert small_office.one("SELECT stage_name FROM prospects") == "Customer"


@pytest.mark.requirement("STG-014")
@pytest.mark.requirement("STG-038")
@pytest.mark.requirement("STG-040")
def test_a_contacts_status_needs_neither_a_stage_nor_a_value_table(small_office: Office, files: MappingFiles) -> None:
    files.write_values("lead_status", {"New": "Open - Not Contacted"})
    small_office.sql("DELETE FROM stages WHERE name <> 'New'")
    contact(small_office, "Ray", "Nurturing")
    small_office.poll(CONTACT)
    assert small_office.sql("SELECT stage_name, stage_id FROM prospects") == [("Nurturing", None)]


@pytest.mark.requirement("STG-003")
@pytest.mark.requirement("STG-004")
def test_the_pairs_of_leads_leave_contacts_alone(small_office: Office, files: MappingFiles) -> None:
    small_office.sql("INSERT INTO stages (name) VALUES ('Fresh')")
    files.write_values("lead_status", {"Fresh": "Open - Not Contacted", "New": "Working - Contacted"})
    (lead,) = small_office.fill_leads(1)
    contact(small_office, "Ray", "New")
    small_office.poll()
    small_office.poll(CONTACT)
    assert small_office.sql(STAGES) == [("lead0@example.com", "Fresh")]
    assert small_office.one("SELECT stage_name FROM prospects WHERE last_name = 'Ray'") == "New"

    small_office.sql(
        "UPDATE prospects SET stage_id = (SELECT id FROM stages WHERE name = 'New') WHERE email LIKE 'lead%'"
    )
    small_office.push()
    assert value(small_office, "Lead", lead, "Status") == "Working - Contacted"


@pytest.mark.requirement("STG-039")
def test_one_list_of_statuses_for_leads_and_contacts_shows_as_one_list_of_stages(
    small_office: Office, files: MappingFiles
) -> None:
    statuses = choices(small_office, "Lead", "Status")
    files.write_values("lead_status", {status: status for status in statuses})
    for number, status in enumerate(statuses):
        small_office.sql("DELETE FROM stages WHERE name = :name", name=status)
        small_office.sql("INSERT INTO stages (name) VALUES (:name)", name=status)
        small_office.fill_leads(1, first=number, Status=status)
        contact(small_office, status, status)

    small_office.poll()
    small_office.poll(CONTACT)

    of_leads = small_office.sql("SELECT s.name FROM prospects p JOIN stages s ON s.id = p.stage_id ORDER BY s.name")
    of_contacts = small_office.sql("SELECT stage_name FROM prospects WHERE stage_name IS NOT NULL ORDER BY stage_name")
    assert of_leads == of_contacts == [(status,) for status in sorted(statuses)]


@pytest.mark.requirement("OSF-149")
@pytest.mark.parametrize("name", ["new", "New ", " New"])
def test_a_stage_name_is_exact(small_office: Office, name: str) -> None:
    small_office.sql("UPDATE stages SET name = :name WHERE name = 'New'", name=name)
    small_office.fill_leads(1)
    summary = small_office.poll()
    assert not summary.counts.get("created")
    assert small_office.one("SELECT count(*) FROM prospects") == 0
    (reason,) = [reason for found in summary.reasons.values() for reason in found]
    assert "New" in reason

    small_office.sql("UPDATE stages SET name = 'New' WHERE name = :name", name=name)
    small_office.later()
    small_office.salesforce.edit("Lead", next(iter(small_office.leads()))["Id"], Title="Chief")
    small_office.later()
    assert small_office.poll().counts["created"] == 1


@pytest.mark.requirement("OSF-151")
@pytest.mark.requirement("STG-005")
def test_statuses_become_stages_under_the_names_of_the_table(small_office: Office, files: MappingFiles) -> None:
    small_office.sql("INSERT INTO stages (name) VALUES ('Ours alone')")
    files.write_values("lead_status", {"Warm": "Warming Up", "New": "Open - Not Contacted"})
    before = {row[0] for row in small_office.sql("SELECT name FROM stages")}
    small_office.insert("LeadStatus", [{"MasterLabel": "Warming Up", "ApiName": "Warming Up"}])

    assert small_office.poll(STATUS).counts["created"] == 1

    assert {row[0] for row in small_office.sql("SELECT name FROM stages")} == before | {"Warm"}


@pytest.mark.requirement("STG-012")
@pytest.mark.requirement("STG-013")
def test_stages_of_the_teams_own_take_the_place_of_the_first_ones(small_office: Office, files: MappingFiles) -> None:
    small_office.sql("UPDATE stages SET name = 'To be called' WHERE name = 'New'")
    files.write_values("lead_status", {"To be called": "Open - Not Contacted"})
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    assert small_office.sql(STAGES) == [("lead0@example.com", "To be called")]
    assert value(small_office, "Lead", lead, "Status") == "Open - Not Contacted"


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        pytest.param("New", "Open - Not Contacted", marks=pytest.mark.requirement("STG-006")),
        pytest.param("Approaching", "Working - Contacted", marks=pytest.mark.requirement("STG-007")),
        pytest.param("Replied", "Nurturing", marks=pytest.mark.requirement("STG-008")),
        pytest.param("Unresponsive", "Closed - Not Converted", marks=pytest.mark.requirement("STG-009")),
        pytest.param("Do Not Contact", "Do Not Contact", marks=pytest.mark.requirement("STG-010")),
        pytest.param("Bad Data", "Bad Data", marks=pytest.mark.requirement("STG-011")),
    ],
)
def test_each_first_stage_has_its_status(small_office: Office, stage: str, status: str) -> None:
    other = "Working - Contacted" if stage == "New" else "Open - Not Contacted"
    (lead,) = small_office.fill_leads(1, Status=other)
    small_office.poll()
    small_office.sql("UPDATE prospects SET stage_id = (SELECT id FROM stages WHERE name = :stage)", stage=stage)
    small_office.push()
    assert value(small_office, "Lead", lead, "Status") == status


@pytest.mark.requirement("STG-001")
def test_no_program_user_can_match_a_status_with_another_stage(small_office: Office) -> None:
    """Who renames a stage in the engagement database does not take its status along: only the file says what it is."""
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.sql("UPDATE stages SET name = 'Fresh' WHERE name = 'New'")
    small_office.sql("UPDATE stages SET name = 'New' WHERE name = 'Replied'")
    small_office.sql("UPDATE prospects SET stage_id = (SELECT id FROM stages WHERE name = 'New')")
    small_office.push()
    assert value(small_office, "Lead", lead, "Status") == "Open - Not Contacted"
    small_office.sql("UPDATE prospects SET stage_id = (SELECT id FROM stages WHERE name = 'Fresh')")
    small_office.push()
    assert value(small_office, "Lead", lead, "Status") == "Open - Not Contacted"
    (reason,) = small_office.sql("SELECT reason FROM sync_quarantine")[0]
    assert "has no counterpart in value table lead_status" in reason
