"""Opportunities: their stages, what Salesforce works out for them, and their contacts."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api


def opportunity(**values: Any) -> dict[str, Any]:
    return {"Name": "Ship", "StageName": "Prospecting", "CloseDate": "2026-08-31", **values}


def test_stage_and_amount_decide_what_salesforce_works_out(api: Api) -> None:
    made = api.post("/sobjects/Opportunity", opportunity(Amount=500)).json()["id"]
    record = api.get(f"/sobjects/Opportunity/{made}").json()
    assert (record["Probability"], record["ExpectedRevenue"], record["IsClosed"]) == (10, 50, False)
    assert (record["ForecastCategoryName"], record["Fiscal"]) == ("Pipeline", "2026 3")
    api.patch(f"/sobjects/Opportunity/{made}", {"StageName": "Closed Won"})
    record = api.get(f"/sobjects/Opportunity/{made}").json()
    assert (record["Probability"], record["IsClosed"], record["IsWon"]) == (100, True, True)
    assert record["LastStageChangeDate"]


def test_a_probability_that_is_given_stays(api: Api) -> None:
    made = api.post("/sobjects/Opportunity", opportunity(Amount=500, Probability=30)).json()["id"]
    assert api.get(f"/sobjects/Opportunity/{made}").json()["ExpectedRevenue"] == 150


@pytest.mark.parametrize("missing", ["Name", "StageName", "CloseDate"])
def test_an_opportunity_needs_name_stage_and_close_date(api: Api, missing: str) -> None:
    refusal = api.post("/sobjects/Opportunity", opportunity(**{missing: None})).json()[0]
    assert (refusal["errorCode"], refusal["fields"]) == ("REQUIRED_FIELD_MISSING", [missing])


def test_stages_can_only_be_read(api: Api) -> None:
    page = api.query("SELECT ApiName, IsWon, DefaultProbability FROM OpportunityStage ORDER BY SortOrder")
    assert len(page["records"]) == 10
    assert [each["ApiName"] for each in page["records"] if each["IsWon"]] == ["Closed Won"]
    described = api.get("/sobjects/OpportunityStage/describe").json()
    assert not any(described[ability] for ability in ("createable", "updateable", "deletable"))
    refusal = api.post("/sobjects/OpportunityStage", {"MasterLabel": "Dreaming"}).json()[0]
    assert refusal["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_an_opportunity_has_one_primary_contact(api: Api, salesforce: Salesforce) -> None:
    first, second = (salesforce.edit("Contact", LastName=name) for name in ("Ada", "Emmy"))
    made = salesforce.edit("Opportunity", **opportunity(ContactId=first))
    role = salesforce.edit("OpportunityContactRole", OpportunityId=made, ContactId=second, IsPrimary=True)
    roles = {row["Id"]: row for row in salesforce.store.rows("OpportunityContactRole")}
    assert {row["ContactId"]: row["IsPrimary"] for row in roles.values()} == {first: False, second: True}
    assert api.get(f"/sobjects/Opportunity/{made}").json()["ContactId"] == second
    answer = api.patch(f"/sobjects/OpportunityContactRole/{role}", {"OpportunityId": made}).json()
    assert answer[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_roles_go_with_their_opportunity_and_take_contacts_only(api: Api, salesforce: Salesforce) -> None:
    contact = salesforce.edit("Contact", LastName="Ada")
    lead = salesforce.edit("Lead", LastName="Ada", Company="Analytical")
    made = salesforce.edit("Opportunity", **opportunity(ContactId=contact))
    refusal = api.post("/sobjects/OpportunityContactRole", {"OpportunityId": made, "ContactId": lead}).json()[0]
    assert (refusal["errorCode"], refusal["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["ContactId"])
    salesforce.perform("delete", "Opportunity", made)
    assert [row["IsDeleted"] for row in salesforce.store.rows("OpportunityContactRole")] == [True]
