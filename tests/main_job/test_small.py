"""The main job on a handful of records, on both databases."""

from __future__ import annotations

import pytest

from tests.fixtures.office import Office


@pytest.mark.requirement("OSF-021")
def test_a_lead_becomes_a_prospect_with_owner_and_stage(office: Office) -> None:
    office.fill_leads(1)

    summary = office.poll()

    assert summary.counts["created"] == 1
    row = office.sql(
        "SELECT p.email, p.company, s.name, p.owner_id FROM prospects p JOIN stages s ON s.id = p.stage_id"
    )
    assert [each[:3] for each in row] == [("lead0@example.com", "Company 0", "New")]
    assert row[0][3] is not None


@pytest.mark.requirement("OSF-017")
@pytest.mark.requirement("OSF-011")
def test_a_prospect_becomes_a_lead_and_its_edits_follow(office: Office) -> None:
    office.poll()
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")

    assert office.push().counts["created"] == 1
    (lead,) = office.leads()
    assert (lead["Email"], lead["Company"]) == ("new@example.com", "Firm")

    office.sql("UPDATE prospects SET title = 'Chief' WHERE email = 'new@example.com'")
    assert office.push().counts["updated"] == 1
    (lead,) = office.leads()
    assert lead["Title"] == "Chief"


@pytest.mark.requirement("STG-042")
@pytest.mark.requirement("OSF-153")
def test_a_stage_travels_both_ways(office: Office) -> None:
    (lead,) = office.fill_leads(1)
    office.poll()
    office.sql("UPDATE prospects SET stage_id = (SELECT id FROM stages WHERE name = 'Approaching')")
    office.push()
    assert office.salesforce.store.get("Lead", lead)["Status"] == "Working - Contacted"  # type: ignore[index]

    office.later()
    office.salesforce.edit("Lead", lead, Status="Open - Not Contacted")
    office.later()
    office.poll()
    stages = office.sql("SELECT s.name FROM prospects p JOIN stages s ON s.id = p.stage_id")
    assert stages == [("New",)]


@pytest.mark.requirement("OSF-134")
def test_a_lead_without_mail_or_opted_out_is_withheld_by_name(office: Office) -> None:
    office.fill_leads(1, Email=None)
    office.fill_leads(1, HasOptedOutOfEmail=True)

    summary = office.poll()

    assert summary.reasons["withheld"] == {"Email is not empty": 1, "HasOptedOutOfEmail is false": 1}
    assert office.one("SELECT count(*) FROM prospects") == 0


@pytest.mark.requirement("OSF-018")
def test_a_second_lead_with_the_same_mail_is_held(office: Office) -> None:
    office.fill_leads(1)
    office.poll()
    office.fill_leads(1)

    assert office.poll().counts["ambiguous"] == 1
    assert office.one("SELECT count(*) FROM prospects") == 1


@pytest.mark.requirement("OSF-060")
def test_an_unmapped_owner_is_reported_and_never_guessed(office: Office) -> None:
    (queue,) = office.insert("Group", [{"Name": "West", "Type": "Queue"}])
    office.fill_leads(1, OwnerId=queue)

    summary = office.poll()

    assert summary.reasons["waiting records"] == {f"waits for user:{queue}": 1}
    assert office.one("SELECT count(*) FROM prospects") == 0


@pytest.mark.requirement("OSF-110")
def test_a_conflict_leaves_the_loser_in_the_history(office: Office) -> None:
    (lead,) = office.fill_leads(1)
    office.poll()
    office.sql("UPDATE prospects SET title = 'inside'")
    office.later()
    office.salesforce.edit("Lead", lead, Title="outside")
    office.later()

    office.poll()
    office.push()

    titles = {office.one("SELECT title FROM prospects"), office.salesforce.store.get("Lead", lead)["Title"]}  # type: ignore[index]
    assert len(titles) == 1
    (winner,) = titles
    lost = office.sql("SELECT old, new, rule FROM sync_history WHERE rule = 'lost: newest'")
    assert len(lost) == 1
    assert winner in str(lost[0][1])
