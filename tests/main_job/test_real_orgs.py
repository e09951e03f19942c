"""Orgs as administrators have made them: doctor tells what is not plain, and runs go on."""

from __future__ import annotations

import pytest

from modstamp import inspection
from tests.fixtures.office import ACCOUNT, LEAD, USER, Office
from tests.fixtures.small_office import MappingFiles, files, small_office

__all__ = ["files", "small_office"]

FEATURES = ("person_accounts", "currencies", "state_and_country_picklists", "record_types", "formulas")


@pytest.mark.guarantee("G7")
def test_doctor_tells_what_is_not_plain_and_a_poll_goes_on(small_office: Office, files: MappingFiles) -> None:
    org = small_office.salesforce.org
    org.switch_on(*FEATURES)
    files.add_field("lead", {"internal": "custom1", "external": "Score__c", "direction": "in"})
    small_office.fill_leads(1)

    found = {
        each["mapping"]: each for each in inspection.examine(small_office.settings, small_office.resolve)["mappings"]
    }

    lead, account, user = ("\n".join(found[name]["notes"]) for name in (LEAD, ACCOUNT, USER))
    assert "the org has record types (Business, Partner)" in lead
    assert "the org has several currencies" in lead
    assert "calculated: Score__c" in lead
    assert "the org has person accounts (IsPersonAccount)" in account
    assert "the org has lists of states and countries (BillingCountry, BillingState)" in account
    assert "users have time zones of their own (TimeZoneSidKey)" in user
    advice = [each["what"] for each in found[ACCOUNT]["advice"]]
    assert "BillingCountry takes the names of the org's list alone" in advice
    assert any(each.startswith("what is written to a person account's Account") for each in advice)
    assert "new Lead records get the default record type of our user" in [
        each["what"] for each in found[LEAD]["advice"]
    ]
    assert small_office.poll().counts["created"] == 1


@pytest.mark.requirement("STG-030")
def test_doctor_looks_at_what_is_looked_into(small_office: Office, files: MappingFiles) -> None:
    for external, internal in (("Acount.Name", "custom1"), ("User.Nickname", "custom2")):
        lookup = {"match": {"Id": "OwnerId"}}
        files.add_field("lead", {"internal": internal, "external": external, "direction": "in", "lookup": lookup})
    found = inspection.examine(small_office.settings, small_office.resolve)["mappings"]
    told = [problem["what"] for each in found for problem in each["problems"]]
    assert told == [
        "the external side has no type 'Acount' to look into, or our user may not see it",
        "User has no field 'Nickname' to look into, or our user may not see it",
    ]
