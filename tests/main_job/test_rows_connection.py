"""Connecting: editions, API access, and what the preflight says of rights that the login lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from modstamp import inspection
from modstamp.connections import from_environment
from modstamp.connectors.salesforce.options import read
from modstamp.errors import ConfigurationError
from sandbox.salesforce.schema import ObjectType
from sandbox.salesforce.server import Salesforce
from tests.fixtures.office import Office
from tests.fixtures.small_office import MappingFiles

TYPES = (
    "User",
    "UserRole",
    "LeadStatus",
    "Account",
    "Lead",
    "Contact",
    "Opportunity",
    "OpportunityStage",
    "OpportunityContactRole",
    "Event",
    "Task",
)
_RIGHTS = ("create", "update")
TASKS = ("calls", "mails_received", "mails_sent", "tasks", "texts")


def redefine(salesforce: Salesforce, changed: ObjectType) -> None:
    """As the org's administrator who changes what our user may do."""
    schema = salesforce.store.schema
    for types, key in (
        (schema.objects, changed.name),
        (schema.by_lower_name, changed.name.lower()),
        (schema.by_prefix, changed.prefix),
    ):
        types[key] = changed  # type: ignore[index] # a mapping to everybody but the administrator


def take_right(salesforce: Salesforce, type_name: str, *rights: str) -> None:
    before = salesforce.store.schema[type_name]
    redefine(salesforce, replace(before, abilities=before.abilities - set(rights)))


def take_field(salesforce: Salesforce, type_name: str, name: str, *rights: str) -> None:
    """Field-level security: without these rights on the field, or without the field when none is given."""
    before = salesforce.store.schema[type_name]
    fields = {**before.fields, name: replace(before.fields[name], flags=before.fields[name].flags - set(rights))}
    if not rights:
        del fields[name]
    by_lower_name = {key.lower(): field for key, field in fields.items()}
    redefine(salesforce, replace(before, fields=fields, by_lower_name=by_lower_name))


def findings(office: Office, kind: str) -> list[str]:
    """What doctor says, as ``mapping: what``; `kind` is problems or advice."""
    document = inspection.examine(office.settings, office.resolve)
    rows = [(each["mapping"], each[kind]) for each in document["mappings"]]
    return [f"{mapping}: {problem['what']}" for mapping, found in rows for problem in found]


def types_named(problems: Iterable[dict[str, Any]]) -> list[str]:
    return [problem["where"] for problem in problems]


@pytest.mark.parametrize(
    "edition",
    [
        pytest.param("Professional Edition", marks=pytest.mark.requirement("OSF-001")),
        pytest.param("Enterprise Edition", marks=pytest.mark.requirement("OSF-002")),
    ],
)
def test_an_edition_with_api_access_connects(small_office: Office, edition: str) -> None:
    org = small_office.salesforce.org
    org.store.update("Organization", org.org_id, {"OrganizationType": edition}, by=org.user_id)
    small_office.fill_leads(1)
    assert small_office.poll().counts["created"] == 1


@pytest.mark.requirement("OSF-003")
@pytest.mark.requirement("OSF-007")
def test_an_org_without_api_access_is_refused_before_anything_is_read(small_office: Office) -> None:
    small_office.fill_leads(1)
    small_office.salesforce.fault("api_disabled")
    with pytest.raises(ConfigurationError, match=r"API Enabled.*edition"):
        small_office.poll()
    small_office.salesforce.clear_faults()
    assert small_office.poll().counts["created"] == 1


@pytest.mark.requirement("OSF-004")
@pytest.mark.parametrize(
    ("type_name", "right", "expected"),
    [
        ("Lead", "createable", ["salesforce_lead: our user may not create Lead records"]),
        ("Lead", "updateable", ["salesforce_lead: our user may not update Lead records"]),
        ("Contact", "updateable", ["salesforce_contact: our user may not update Contact records"]),
        ("Account", "updateable", ["salesforce_account: our user may not update Account records"]),
    ],
)
def test_the_preflight_names_the_right_that_a_switched_on_toggle_lacks(
    small_office: Office, type_name: str, right: str, expected: list[str]
) -> None:
    assert findings(small_office, "problems") == []
    take_right(small_office.salesforce, type_name, right)
    assert findings(small_office, "problems") == expected


@pytest.mark.requirement("OSF-004")
def test_a_right_that_no_toggle_needs_yet_is_advice(small_office: Office, files: MappingFiles) -> None:
    take_right(small_office.salesforce, "Lead", "deletable")
    missing = "salesforce_lead: our user may not delete Lead records"
    assert missing in findings(small_office, "advice")
    assert findings(small_office, "problems") == []

    files.change("lead", outbound={"create": True, "update": True, "delete": True})
    assert findings(small_office, "problems") == [missing]


@pytest.mark.requirement("OSF-005")
@pytest.mark.parametrize("type_name", TYPES)
def test_the_preflight_looks_at_every_mapped_type(small_office: Office, type_name: str) -> None:
    del small_office.salesforce.store.schema.by_lower_name[type_name.lower()]  # type: ignore[attr-defined]
    document = inspection.examine(small_office.settings, small_office.resolve)
    assert types_named(document["problems"]) == [f"type '{type_name}'"]
    assert {each["external"].partition(".")[2] for each in document["mappings"]} == {*TYPES} - {type_name}


@pytest.mark.requirement("OSF-068")
def test_a_login_without_an_administrators_rights_is_told_them_all_at_once(small_office: Office) -> None:
    for type_name in TYPES:
        take_right(small_office.salesforce, type_name, "createable", "updateable", "deletable")
    assert findings(small_office, "problems") == [
        "salesforce_account: our user may not update Account records",
        "salesforce_contact: our user may not update Contact records",
        "salesforce_lead: our user may not create Lead records",
        "salesforce_lead: our user may not update Lead records",
        "salesforce_event: our user may not create Event records",
        "salesforce_event: our user may not update Event records",
        "salesforce_opportunity_contact_role: our user may not create OpportunityContactRole records",
        "salesforce_opportunity_contact_role: our user may not update OpportunityContactRole records",
        *(f"salesforce_task_{kind}: our user may not {right} Task records" for kind in TASKS for right in _RIGHTS),
    ]


@pytest.mark.requirement("OSF-006")
@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        ((), "Lead has no field 'Title', or our user may not see it"),
        (("updateable",), "Title cannot be written on update: the system or our user's rights forbid it"),
    ],
)
def test_the_preflight_names_the_field_that_may_not_be_seen_or_edited(
    small_office: Office, rights: tuple[str, ...], expected: str
) -> None:
    take_field(small_office.salesforce, "Lead", "Title", *rights)
    assert findings(small_office, "problems") == [f"salesforce_lead: {expected}"]


@pytest.mark.requirement("OSF-048")
def test_the_preflight_says_how_a_hidden_type_of_tasks_is_shown(small_office: Office) -> None:
    take_field(small_office.salesforce, "Task", "Type")
    document = inspection.examine(small_office.settings, small_office.resolve)
    found = {each["mapping"]: each["problems"] for each in document["mappings"] if each["problems"]}
    assert {name.removeprefix("salesforce_task_") for name in found} == {*TASKS, "opens_and_clicks"}
    (problem,) = found["salesforce_task_calls"]
    assert problem["where"].rpartition("/")[2].startswith("task_calls.yaml:")
    assert problem["what"] == "Task has no field 'Type', or our user may not see it"
    assert "make it Visible under 'Set Field-Level Security' of the field" in problem["fix"]


@pytest.mark.requirement("STG-002")
def test_a_field_name_with_another_case_is_named_with_the_right_one(small_office: Office, files: MappingFiles) -> None:
    files.change_field("contact", "stage_name", external="contact_status__c")
    document = inspection.examine(small_office.settings, small_office.resolve)
    (problem,) = [problem for each in document["mappings"] for problem in each["problems"]]
    assert "contact.yaml" in problem["where"]
    assert "'contact_status__c'" in problem["what"]
    assert "'Contact_Status__c'" in problem["fix"]


@pytest.mark.requirement("OSF-066")
@pytest.mark.parametrize(
    ("kind", "host"),
    [("salesforce", "https://login.salesforce.com"), ("salesforce-sandbox", "https://test.salesforce.com")],
)
def test_production_and_sandbox_are_two_kinds_of_connection(kind: str, host: str) -> None:
    found = from_environment("crm", {"AIRFLOW_CONN_CRM": f"{kind}://key:secret@"})
    assert read(found).login_url == host
