"""What the shipped mapping files promise, row by row of the requirements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from modstamp.mapping.catalog import Mappings
from modstamp.mapping.conditions import describe, rows
from modstamp.mapping.evaluation import Circumstances, holds
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import OUTWARD, TypeMapping
from modstamp.model import Direction, Operation


def field(mapping: TypeMapping, internal: str) -> FieldMapping:
    (found,) = [row for row in mapping.fields if row.internal == internal]
    return found


def toggles_on(mapping: TypeMapping, direction: Direction) -> set[Operation]:
    return {operation for operation in Operation if mapping.toggles(direction).of(operation).on}


@pytest.mark.parametrize(
    ("name", "internal", "count"),
    [
        pytest.param("salesforce_user", "user", 6, marks=pytest.mark.requirement("OSF-077")),
        pytest.param("salesforce_user_role", "role", 2, marks=pytest.mark.requirement("OSF-078")),
        pytest.param("salesforce_lead", "prospect", 11, marks=pytest.mark.requirement("OSF-079")),
        pytest.param("salesforce_lead_status", "stage", 1, marks=pytest.mark.requirement("OSF-080")),
        pytest.param("salesforce_contact", "prospect", 11, marks=pytest.mark.requirement("OSF-081")),
        pytest.param("salesforce_account", "account", 8, marks=pytest.mark.requirement("OSF-082")),
        pytest.param(
            "salesforce_opportunity_contact_role",
            "opportunity_prospect_role",
            4,
            marks=pytest.mark.requirement("OSF-163"),
        ),
        pytest.param("salesforce_opportunity_stage", "opportunity_stage", 5, marks=pytest.mark.requirement("OSF-164")),
        pytest.param("salesforce_opportunity", "opportunity", 11, marks=pytest.mark.requirement("OSF-165")),
    ],
)
def test_the_number_of_mapped_fields(defaults: Mappings, name: str, internal: str, count: int) -> None:
    assert (defaults[name].internal, len(defaults[name].fields)) == (internal, count)


# What the document counts; it names no fields, so these are the ones that the counts are held to.
OPPORTUNITIES = {
    "salesforce_opportunity_contact_role": "OpportunityId, ContactId, Role, IsPrimary",
    "salesforce_opportunity_stage": "ApiName, SortOrder, DefaultProbability, IsClosed, IsWon",
    "salesforce_opportunity": "Name, AccountId, OwnerId, StageName, Amount, Probability, CloseDate, Type, NextStep, "
    "LeadSource, Description",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("salesforce_opportunity_contact_role", marks=pytest.mark.requirement("OSF-163")),
        pytest.param("salesforce_opportunity_stage", marks=pytest.mark.requirement("OSF-164")),
        pytest.param("salesforce_opportunity", marks=pytest.mark.requirement("OSF-165")),
    ],
)
def test_the_fields_of_opportunities(defaults: Mappings, name: str) -> None:
    assert ", ".join(row.external for row in defaults[name].fields) == OPPORTUNITIES[name]


def test_parents_come_first(defaults: Mappings) -> None:
    names = [mapping.name for mapping in defaults]
    for mapping in defaults:
        for parent in defaults.parents(mapping):
            assert names.index(parent.name) <= names.index(mapping.name)


@pytest.mark.requirement("OSF-113")
@pytest.mark.requirement("OSF-115")
@pytest.mark.requirement("OSF-009")
def test_each_type_is_polled_every_ten_minutes(defaults: Mappings) -> None:
    polled = [mapping.polling for mapping in defaults if mapping.internal not in OUTWARD]
    assert {(polling.on, polling.every) for polling in polled} == {(True, timedelta(minutes=10))}


@pytest.mark.requirement("OMS-014")
@pytest.mark.requirement("OMS-020")
def test_meetings_have_their_conditions_out_of_the_box(defaults: Mappings) -> None:
    condition = defaults["salesforce_event"].condition(Direction.PUSHING, Operation.CREATE)
    assert condition is not None
    assert describe(condition) == "prospect_id is not empty and canceled is false and is_organizer is true"


@pytest.mark.requirement("OMS-049")
def test_the_guard_of_the_first_days_is_one_word_away(defaults: Mappings) -> None:
    create = defaults["salesforce_event"].outbound.create
    assert create.when is not None
    (guard,) = [row for row in rows(create.when) if not row.on]
    assert (guard.field, guard.operator, guard.value) == ("source", "is not", "Sync")


@pytest.mark.requirement("OSF-135")
def test_activities_only_go_out_and_each_kind_has_its_switch(defaults: Mappings) -> None:
    kinds = {mapping.name: mapping for mapping in defaults if mapping.internal in OUTWARD}
    assert not any(mapping.polling.on for mapping in kinds.values())
    assert {row.direction for mapping in kinds.values() for row in mapping.fields} == {"out"}
    off = {name for name, mapping in kinds.items() if not mapping.pushing.on}
    assert off == {"salesforce_task_opens_and_clicks"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "salesforce_user",
            marks=[
                pytest.mark.requirement("OSF-140"),
                pytest.mark.requirement("OSF-141"),
                pytest.mark.requirement("OSF-142"),
            ],
        ),
        pytest.param(
            "salesforce_user_role", marks=[pytest.mark.requirement("OSF-143"), pytest.mark.requirement("OSF-144")]
        ),
        "salesforce_lead_status",
        "salesforce_opportunity_stage",
        pytest.param("salesforce_opportunity", marks=pytest.mark.requirement("OSF-160")),
    ],
)
def test_people_roles_and_statuses_come_in_and_nothing_goes_out(defaults: Mappings, name: str) -> None:
    mapping = defaults[name]
    assert toggles_on(mapping, Direction.POLLING) == {Operation.CREATE, Operation.UPDATE}
    assert toggles_on(mapping, Direction.PUSHING) == set()
    assert not mapping.pushing.on
    assert {row.direction for row in mapping.fields} == {"in"}


@pytest.mark.requirement("OSF-029")
def test_the_hierarchy_of_roles_comes_in(defaults: Mappings) -> None:
    parent = field(defaults["salesforce_user_role"], "parent_id")
    assert (parent.external, parent.reference and parent.reference.type) == ("ParentRoleId", "role")


@pytest.mark.guarantee("G20")
def test_prospects_become_leads_and_only_leads(defaults: Mappings) -> None:
    family = defaults.family(defaults["salesforce_lead"])
    assert {mapping.name: mapping.outbound.create.on for mapping in family} == {
        "salesforce_lead": True,
        "salesforce_contact": False,
    }


@pytest.mark.requirement("OSF-134")
def test_a_prospect_is_made_from_a_lead_with_an_address_that_has_not_opted_out(defaults: Mappings) -> None:
    condition = defaults["salesforce_lead"].inbound.create.when
    assert condition is not None
    assert describe(condition) == "Email is not empty and HasOptedOutOfEmail is false"
    leads = pd.DataFrame(
        {"Email": ["a@b.c", "a@b.c", None, ""], "HasOptedOutOfEmail": [False, True, False, False]}, dtype=object
    )
    assert holds(condition, leads, Circumstances(now=datetime(2026, 1, 1, tzinfo=UTC))).tolist() == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.requirement("STG-013")
@pytest.mark.requirement("OSF-153")
def test_stage_travels_as_a_reference_on_leads(defaults: Mappings) -> None:
    stage = field(defaults["salesforce_lead"], "stage_id")
    assert (stage.external, stage.direction, stage.values) == ("Status", "both", "lead_status")
    assert stage.reference is not None
    assert (stage.reference.type, stage.reference.by) == ("stage", "name")


@pytest.mark.requirement("STG-014")
@pytest.mark.requirement("STG-038")
@pytest.mark.requirement("OSF-154")
def test_stage_name_travels_as_text_on_contacts(defaults: Mappings) -> None:
    name = field(defaults["salesforce_contact"], "stage_name")
    assert (name.external, name.direction, name.values, name.reference) == ("Contact_Status__c", "both", None, None)


@pytest.mark.requirement("STG-003")
def test_lead_and_contact_statuses_are_mapped_apart(defaults: Mappings) -> None:
    lead, contact = defaults["salesforce_lead"], defaults["salesforce_contact"]
    assert "stage_name" not in [row.internal for row in lead.fields]
    assert "stage_id" not in [row.internal for row in contact.fields]


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("New", marks=pytest.mark.requirement("STG-006")),
        pytest.param("Approaching", marks=pytest.mark.requirement("STG-007")),
        pytest.param("Replied", marks=pytest.mark.requirement("STG-008")),
        pytest.param("Unresponsive", marks=pytest.mark.requirement("STG-009")),
        pytest.param("Do Not Contact", marks=pytest.mark.requirement("STG-010")),
        pytest.param("Bad Data", marks=pytest.mark.requirement("STG-011")),
    ],
)
def test_each_stage_has_one_lead_status(defaults: Mappings, stage: str) -> None:
    table = defaults.tables(defaults["salesforce_lead"])["stage_id"]
    (status,) = [external for internal, external in table.pairs if internal == stage]
    assert table.lookup(Direction.POLLING)[status] == stage


@pytest.mark.requirement("OSF-151")
@pytest.mark.requirement("STG-005")
def test_statuses_are_matched_to_stages_on_their_own_type(defaults: Mappings) -> None:
    status, lead = defaults["salesforce_lead_status"], defaults["salesforce_lead"]
    assert defaults.tables(status)["name"] == defaults.tables(lead)["stage_id"]
    assert status.match == ("name",)
