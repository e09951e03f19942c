"""Opportunities, their stages, and who has what part in them."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp import inspection, wiring
from tests.fixtures.office import ACCOUNT, CONTACT, LEAD, Office
from tests.fixtures.small_office import MappingFiles

STAGE, OPPORTUNITY, ROLE = (
    "salesforce_opportunity_stage",
    "salesforce_opportunity",
    "salesforce_opportunity_contact_role",
)
DEALS = (
    "SELECT o.name, a.name, s.name, o.amount, o.close_date FROM opportunities o JOIN accounts a ON a.id = o.account_id"
    " JOIN opportunity_stages s ON s.id = o.stage_id ORDER BY o.id"
)
PARTS = (
    "SELECT o.name, p.email, r.role, r.is_primary FROM opportunity_prospect_roles r"
    " JOIN opportunities o ON o.id = r.opportunity_id JOIN prospects p ON p.id = r.prospect_id ORDER BY r.id"
)


@pytest.fixture
def deal(small_office: Office) -> str:
    """An opportunity of a company with one contact, all of them in step."""
    (acme,) = small_office.insert("Account", [{"Name": "Acme", "OwnerId": small_office.owner}])
    rows = [{"LastName": "Ray", "Email": "ray@acme.example", "AccountId": acme, "OwnerId": small_office.owner}]
    small_office.insert("Contact", rows)
    made = small_office.salesforce.edit(
        "Opportunity",
        Name="Forty presses",
        AccountId=acme,
        StageName="Negotiation/Review",
        Amount=99.5,
        CloseDate="2026-08-31",
        OwnerId=small_office.owner,
    )
    small_office.later()
    for mapping in (STAGE, ACCOUNT, CONTACT, OPPORTUNITY, ROLE):
        small_office.poll(mapping)
    return made


def contact(office: Office) -> str:
    return str(next(office.salesforce.store.rows("Contact"))["Id"])


def roles(office: Office) -> list[dict[str, Any]]:
    return [dict(row) for row in office.salesforce.store.rows("OpportunityContactRole")]


@pytest.mark.requirement("OSF-025")
def test_an_opportunity_comes_in_with_its_account_stage_and_people(small_office: Office, deal: str) -> None:
    assert small_office.sql(DEALS) == [("Forty presses", "Acme", "Negotiation/Review", 99.5, "2026-08-31")]
    small_office.salesforce.edit("OpportunityContactRole", OpportunityId=deal, ContactId=contact(small_office))
    small_office.later()
    small_office.poll(ROLE)
    # Through it, what is done with the prospect is known to belong to the opportunity.
    assert small_office.sql(PARTS) == [("Forty presses", "ray@acme.example", None, 0)]


@pytest.mark.requirement("OSF-160")
def test_opportunities_and_stages_only_come_in(small_office: Office, deal: str) -> None:
    small_office.sql("UPDATE opportunities SET amount = 1")
    small_office.sql("INSERT INTO opportunities (name) VALUES ('Ours')")
    small_office.sql("UPDATE opportunity_stages SET won = true")
    pending = small_office.sql(
        "SELECT mapping FROM sync_pending WHERE mapping IN (:one, :two)", one=OPPORTUNITY, two=STAGE
    )
    assert pending == []
    for mapping in (OPPORTUNITY, STAGE):
        assert small_office.push(mapping).counts == {}
    (only,) = small_office.salesforce.store.rows("Opportunity")
    assert (only["Id"], only["Amount"]) == (deal, 99.5)


@pytest.mark.usefixtures("deal")
@pytest.mark.requirement("OSF-159")
def test_what_of_an_opportunity_comes_in_is_the_administrators_choice(
    small_office: Office, files: MappingFiles
) -> None:
    files.change(
        "opportunity",
        inbound={"create": True, "update": {"when": {"field": "IsClosed", "operator": "is", "value": True}}},
    )
    files.change_field("opportunity", "source", external="ForecastCategoryName")
    (record,) = (row["Id"] for row in small_office.salesforce.store.rows("Opportunity"))
    small_office.salesforce.edit("Opportunity", record, Amount=50)
    small_office.later()
    small_office.poll(OPPORTUNITY)
    assert small_office.one("SELECT amount FROM opportunities") == 99.5
    small_office.salesforce.edit("Opportunity", record, StageName="Closed Won")
    small_office.later()
    small_office.poll(OPPORTUNITY)
    assert small_office.sql("SELECT amount, source FROM opportunities") == [(50, "Closed")]


@pytest.mark.requirement("OSF-161")
def test_contact_roles_travel_both_ways(small_office: Office, deal: str) -> None:
    made = small_office.salesforce.edit(
        "OpportunityContactRole", OpportunityId=deal, ContactId=contact(small_office), Role="Evaluator", IsPrimary=True
    )
    small_office.later()
    small_office.poll(ROLE)
    assert small_office.sql(PARTS) == [("Forty presses", "ray@acme.example", "Evaluator", 1)]

    small_office.insert("Contact", [{"LastName": "Kim", "Email": "kim@acme.example", "OwnerId": small_office.owner}])
    small_office.later()
    small_office.poll(CONTACT)
    small_office.sql(
        "INSERT INTO opportunity_prospect_roles (opportunity_id, prospect_id, role)"
        " SELECT o.id, p.id, 'Influencer' FROM opportunities o, prospects p WHERE p.email = 'kim@acme.example'"
    )
    assert small_office.push(ROLE).counts["created"] == 1
    found = {row["Role"]: row for row in roles(small_office)}
    assert (found["Evaluator"]["Id"], found["Influencer"]["OpportunityId"]) == (made, deal)
    small_office.sql("UPDATE opportunity_prospect_roles SET is_primary = (role = 'Influencer')")
    counts = small_office.push(ROLE).counts
    assert (counts.get("created", 0), counts["updated"]) == (0, 2)
    assert {row["Role"]: row["IsPrimary"] for row in roles(small_office)} == {"Evaluator": False, "Influencer": True}


@pytest.mark.guarantee("G16")
@pytest.mark.requirement("OSF-161")
def test_the_role_of_a_lead_waits_until_it_is_a_contact(small_office: Office, deal: str) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll(LEAD)
    small_office.sql(
        "INSERT INTO opportunity_prospect_roles (opportunity_id, prospect_id)"
        " SELECT o.id, p.id FROM opportunities o, prospects p WHERE p.email = 'lead0@example.com'"
    )
    prospect = small_office.one("SELECT id FROM prospects WHERE email = 'lead0@example.com'")
    for _ in range(2):
        small_office.push(ROLE)
    assert roles(small_office) == []
    overview = inspection.overview(small_office.settings, small_office.resolve)
    assert f"waits for prospect as Contact:{prospect}" in [each["reason"] for each in overview["pending"]]

    small_office.salesforce.perform("convert", "Lead", lead)
    small_office.later()
    for mapping in (LEAD, CONTACT):
        small_office.poll(mapping)
    assert small_office.push(ROLE).counts["created"] == 1
    (role,) = roles(small_office)
    assert role["OpportunityId"] == deal
    assert role["ContactId"].startswith("003")


@pytest.mark.usefixtures("deal")
def test_a_type_without_a_change_costs_one_call(small_office: Office) -> None:
    calls = {}
    for mapping in [each.name for each in wiring.mappings(small_office.settings) if each.polling.on]:
        for _ in range(2):
            small_office.later()
            calls[mapping] = small_office.poll(mapping).calls
    assert len(calls) == 9
    assert set(calls.values()) == {1}
