from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.live import advise_live, check_live
from modstamp.mapping.loading import load
from modstamp.model import Field, TypeDescription

Write = Callable[[dict[str, str]], Path]

LEAD = """
    internal: prospect
    external: salesforce.Lead
    connection: salesforce
    inbound: {create: true, update: true}
    outbound:
      create: {when: {field: email, operator: is not empty}}
      update: true
    match: [email]
    fields:
      - {internal: email, external: Email}
      - {internal: stage_id, external: Status, values: status, reference: {type: stage, by: name}}
"""
TABLE = "internal,external\nNew,Open\n"


@pytest.fixture
def file(write: Write) -> MappingFile:
    return load(write({"lead.yaml": LEAD, "values/status.csv": TABLE})).files[0]


def described(name: str, /, **fields: dict[str, Any]) -> TypeDescription:
    return TypeDescription(name=name, fields={key: Field(name=key, **value) for key, value in fields.items()})


PROSPECT = described("prospect", email={"kind": "text", "length": 80}, stage_id={"kind": "reference"})
SALESFORCE = described("Lead", Email={"kind": "text", "length": 80}, Status={"kind": "choice"})
STAGE = described("stage", name={"kind": "text"})


def changed(description: TypeDescription, field: str, **values: Any) -> TypeDescription:
    return replace(description, fields={**description.fields, field: replace(description.fields[field], **values)})


def without(description: TypeDescription, field: str) -> TypeDescription:
    return replace(description, fields={name: kept for name, kept in description.fields.items() if name != field})


def check(file: MappingFile, internal: TypeDescription = PROSPECT, external: TypeDescription = SALESFORCE) -> list[str]:
    """What is wrong, as ``line: what``."""
    found = check_live(file, internal, external, {"stage": STAGE})
    return [f"{problem.where.rpartition(':')[2]}: {problem.what}" for problem in found]


def test_a_mapping_that_suits_both_sides_has_no_problems(file: MappingFile) -> None:
    assert check(file) == []
    assert advise_live(file, PROSPECT, SALESFORCE) == []


@pytest.mark.requirement("STG-002")
def test_a_field_name_is_exact_and_the_error_names_it(file: MappingFile) -> None:
    renamed = replace(
        SALESFORCE, fields={"email": Field(name="email", kind="text"), "Status": SALESFORCE.fields["Status"]}
    )
    (problem,) = check_live(file, PROSPECT, renamed)
    assert problem.where.endswith(":11")
    assert problem.what == "Lead has no field 'Email', or our user may not see it"
    assert problem.fix.startswith("did you mean 'email'?")


@pytest.mark.requirement("OSF-006")
def test_a_field_that_our_user_may_not_see_or_edit_is_named(file: MappingFile) -> None:
    assert check(file, external=without(SALESFORCE, "Status")) == [
        "12: Lead has no field 'Status', or our user may not see it"
    ]
    assert check(file, external=changed(SALESFORCE, "Status", updateable=False)) == [
        "12: Status cannot be written on update: the system or our user's rights forbid it"
    ]
    assert check(file, external=changed(SALESFORCE, "Email", createable=False, updateable=False, calculated=True)) == [
        "11: Email cannot be written on create: it is calculated",
        "11: Email cannot be written on update: it is calculated",
    ]


@pytest.mark.requirement("OSF-004")
def test_a_missing_right_on_the_object_is_named(file: MappingFile) -> None:
    bare = replace(SALESFORCE, createable=False, updateable=False, deletable=False)
    assert check(file, external=bare) == [
        "7: our user may not create Lead records",
        "8: our user may not update Lead records",
    ]
    assert [advice.what for advice in advise_live(file, PROSPECT, bare)] == ["our user may not delete Lead records"]


def test_a_condition_looks_at_fields_that_exist(file: MappingFile) -> None:
    assert check(file, internal=without(PROSPECT, "email")) == [
        "11: prospect has no field 'email', or our user may not see it",
        "7: prospect has no field 'email', or our user may not see it",
    ]


def test_a_lookup_column_exists(file: MappingFile) -> None:
    (problem,) = check_live(file, PROSPECT, SALESFORCE, {"stage": described("stage", title={"kind": "text"})})
    assert problem.what == "stage has no field 'name', or our user may not see it"


@pytest.mark.parametrize(
    ("internal", "external", "fits"),
    [
        ("text", "choice", True),
        ("number", "integer", False),  # a number does not fit into an integer on the way out
        ("text", "boolean", False),
        ("instant", "date", False),
        ("boolean", "boolean", True),
    ],
)
def test_kinds_must_fit_in_each_direction_that_is_on(
    file: MappingFile, internal: str, external: str, *, fits: bool
) -> None:
    found = check(file, changed(PROSPECT, "email", kind=internal), changed(SALESFORCE, "Email", kind=external))
    assert (found == []) is fits
    assert all(line.startswith("11: ") for line in found)


def test_a_required_field_that_nothing_writes_is_named(file: MappingFile) -> None:
    required = Field(name="LastName", kind="text", required=True)
    external = replace(SALESFORCE, fields={**SALESFORCE.fields, "LastName": required})
    (found,) = check(file, external=external)
    assert found.startswith(
        "7: Lead needs LastName on create, and no field mapping writes it; until one does, outbound"
    )


@pytest.mark.requirement("OSF-061")
def test_a_default_meets_what_is_required_inside(write: Write) -> None:
    name = Field(name="last_name", kind="text", required=True)
    internal = replace(PROSPECT, fields={**PROSPECT.fields, "last_name": name})
    for text, problems in ((LEAD, 1), (LEAD + "    defaults: {last_name: Unknown}\n", 0)):
        (file,) = load(write({"lead.yaml": text, "values/status.csv": TABLE})).files
        assert len(check(file, internal)) == problems


def test_a_value_table_names_choices_that_exist(file: MappingFile) -> None:
    external = changed(SALESFORCE, "Status", restricted=True, choices=("Open - Not Contacted", "Closed"))
    assert check(file, external=external) == ["12: value table 'status' names 'Open', which Status does not have"]


def test_a_shorter_target_is_advice(file: MappingFile) -> None:
    (advice,) = advise_live(file, changed(PROSPECT, "email", length=40), SALESFORCE)
    assert advice.what == "Email may be longer than the 40 characters of email"


KEY: dict[str, Any] = {"kind": "text", "length": 64, "unique": True, "external_id": True}


@pytest.fixture
def keyed(write: Write) -> MappingFile:
    return load(write({"lead.yaml": LEAD + "    own_key: Key__c\n", "values/status.csv": TABLE})).files[0]


@pytest.mark.guarantee("G21")
def test_an_own_key_is_a_unique_external_id_that_we_may_write(keyed: MappingFile) -> None:
    fields = {**SALESFORCE.fields, "Key__c": Field(name="Key__c", **KEY)}
    assert check(keyed, external=replace(SALESFORCE, fields=fields)) == []


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"kind": "number"}, "it is no text field"),
        ({"length": 31}, "it holds less than 32 characters"),
        ({"length": None}, "it holds less than 32 characters"),
        ({"unique": False}, "it is not marked as unique"),
        ({"external_id": False}, "it is not marked as an external id"),
        ({"createable": False}, "our user may not write it on create"),
    ],
)
def test_any_other_field_proves_nothing(keyed: MappingFile, fault: dict[str, Any], what: str) -> None:
    fields = {**SALESFORCE.fields, "Key__c": Field(name="Key__c", **{**KEY, **fault})}
    assert check(keyed, external=replace(SALESFORCE, fields=fields)) == [
        f"13: Key__c cannot be the own key of Lead: {what}"
    ]


@pytest.mark.guarantee("G21")
def test_an_own_key_that_is_not_there_is_named(keyed: MappingFile) -> None:
    assert check(keyed) == ["13: Lead has no field 'Key__c', or our user may not see it"]


def test_a_backfill_goes_by_a_time(write: Write) -> None:
    lane = "    backfill: {by: met_at}\n"
    file = load(write({"lead.yaml": LEAD + lane, "values/status.csv": TABLE})).files[0]
    timed = replace(PROSPECT, fields={**PROSPECT.fields, "met_at": Field(name="met_at", kind="instant")})

    assert check(file, timed) == []
    assert check(file) == ["13: prospect has no field 'met_at', or our user may not see it"]
    (fault,) = check(file, changed(timed, "met_at", kind="text"))
    assert "met_at is text, and does not tell when a record took place" in fault
