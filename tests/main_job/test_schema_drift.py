"""An administrator of the org makes, drops and changes fields while mappings run (G8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from modstamp import housekeeping
from modstamp.errors import ConfigurationError
from tests.fixtures.office import LEAD, Office
from tests.fixtures.shell import Shell, shell
from tests.fixtures.small_office import MappingFiles, files, small_office

__all__ = ["files", "shell", "small_office"]


@pytest.fixture
def watchful(small_office: Office, files: MappingFiles) -> Office:
    """Describes types in each run, as those of the next hour do; a Lead is in step."""
    del files
    small_office.settings = small_office.settings.model_copy(update={"description_age": timedelta(0)})
    small_office.fill_leads(1)
    small_office.poll()
    small_office.later(1)
    return small_office


def activity(office: Office) -> list[tuple[str, str]]:
    wanted = "('appeared', 'vanished', 'changed', 'returned', 'accepted') AND object LIKE '%: Lead.%'"
    return office.sql(f"SELECT verb, object FROM sync_changes WHERE verb IN {wanted} ORDER BY id")  # noqa: S608


def of_lead(shell: Shell, kind: str) -> list[str]:
    document = shell("doctor", "--json").document
    (found,) = (each[kind] for each in document["mappings"] if each["mapping"] == LEAD)
    return [f"{each['what']}. {each['fix']}" for each in found if "the field" in each["what"]]


@pytest.mark.guarantee("G8")
def test_drift_is_told_by_runs_doctor_and_upkeep_until_it_is_accepted(watchful: Office, shell: Shell) -> None:
    shell.set(mappings=watchful.settings.mappings)
    salesforce = watchful.salesforce
    salesforce.fault("added_field", object="Lead", field="Region__c")
    salesforce.fault("hidden_field", object="Lead", field="Title")
    (lead,) = watchful.leads()
    salesforce.edit("Lead", lead["Id"], Phone="outside")

    assert "went on without Title" in watchful.poll().message
    assert watchful.one("SELECT phone FROM prospects") == "outside"
    assert activity(watchful) == [
        ("vanished", f"{LEAD}: Lead.Title"),
        ("appeared", f"{LEAD}: Lead.Region__c"),
    ]
    salesforce.fault("changed_field", object="Lead", field="Phone", length=20)
    told = housekeeping.refresh("salesforce", watchful.settings, watchful.resolve)["drift"]
    assert told == {
        LEAD: [
            "the field Title has vanished",
            "the field Phone has changed its length from 40 to 20",
            "the field Region__c has appeared",
        ]
    }
    assert activity(watchful)[2:] == [("changed", f"{LEAD}: Lead.Phone")]

    title, phone, region = of_lead(shell, "advice")
    assert "Lead: the field Title has vanished. runs go on without it: restore it" in title
    assert "see whether the mapping still suits it" in phone
    assert "{internal: region, external: Region__c, direction: in}" in region
    assert "python -m modstamp drift salesforce_lead --accept" in region
    assert of_lead(shell, "problems") == []

    assert "the field Title has vanished" in shell("drift", LEAD).output
    assert len(shell("drift", LEAD, "--accept", "--json").document["drift"]) == 3
    assert shell("drift", LEAD).output == "No field has come, gone or changed.\n"
    assert len(activity(watchful)) == 6
    watchful.poll()
    assert of_lead(shell, "advice") == []
    assert len(activity(watchful)) == 6


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(("kind", "terms"), [("hidden_field", {}), ("changed_field", {"length": 20})])
def test_the_policy_stop_stops_before_anything_is_written(
    watchful: Office, files: MappingFiles, kind: str, terms: dict[str, Any]
) -> None:
    files.change("lead", drift="stop")
    watchful.poll()
    watchful.salesforce.fault(kind, object="Lead", field="Phone", **terms)
    (lead,) = watchful.leads()
    watchful.salesforce.edit("Lead", lead["Id"], Title="outside")

    with pytest.raises(ConfigurationError, match="Phone"):
        watchful.poll()

    assert watchful.one("SELECT title FROM prospects") is None
    watchful.salesforce.clear_faults()
    watchful.poll()
    assert watchful.one("SELECT title FROM prospects") == "outside"


@pytest.mark.guarantee("G8")
def test_the_policy_ignore_says_nothing_and_yet_looks_again_when_the_field_is_back(
    watchful: Office, files: MappingFiles, shell: Shell
) -> None:
    shell.set(mappings=watchful.settings.mappings)
    files.change("lead", drift="ignore")
    watchful.salesforce.fault("hidden_field", object="Lead", field="Title")
    (lead,) = watchful.leads()
    watchful.salesforce.edit("Lead", lead["Id"], Phone="outside")

    assert watchful.poll().message == ""
    assert of_lead(shell, "advice") == []
    assert activity(watchful) == []
    watchful.sql("UPDATE prospects SET title = 'inside'")
    watchful.push()
    watchful.salesforce.clear_faults()
    watchful.later()
    watchful.poll()
    watchful.push()
    assert next(watchful.leads())["Title"] == "inside"


@pytest.mark.guarantee("G8")
@pytest.mark.guarantee("G20")
def test_a_match_key_that_went_stops_whatever_the_policy(watchful: Office) -> None:
    watchful.salesforce.fault("hidden_field", object="Lead", field="Email")
    watchful.fill_leads(1, first=7)

    with pytest.raises(ConfigurationError, match="Lead has no field 'Email'"):
        watchful.poll()

    assert watchful.one("SELECT count(*) FROM prospects") == 1
