"""Calculated fields change without their record (G7): they are read again on a schedule, cheaply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modstamp.engine.formulas import reread
from tests.fixtures.world import LEAD, MAPPING, World


@pytest.fixture
def scored(sqlite_world: World) -> World:
    """Company, which only comes in, is calculated; three Leads are in step, behind the lookback."""
    world = sqlite_world
    known = world.system.types[LEAD]
    company = replace(known.fields["Company"], calculated=True, createable=False, updateable=False)
    world.system.types[LEAD] = replace(known, fields={**known.fields, "Company": company})
    for number in range(3):
        world.lead(Email=f"{number}@example.com", LastName="Last", Company="low")
    world.settle()
    world.later(3600)
    world.poll()
    return world


@pytest.mark.guarantee("G7")
def test_a_formula_that_changed_without_its_record_comes_in(scored: World) -> None:
    record = next(iter(scored.leads()))
    scored.system.recalculate(LEAD, record, {"Company": "high"})
    scored.poll()
    assert {each["city"] for each in scored.prospects().values()} == {"low"}  # no poll can see it

    before = scored.connector.calls
    found = reread(scored.environment)

    assert found is not None
    assert (found.fields, found.records, found.queued, found.skipped) == (("Company",), 3, 1, "")
    assert scored.connector.calls - before <= 2
    assert scored.pending("polling") == [record]
    scored.poll()
    assert [each["city"] for each in scored.prospects().values()] == ["high", "low", "low"]
    again = reread(scored.environment)
    assert again is not None
    assert again.queued == 0


@pytest.mark.guarantee("G7")
def test_what_is_computed_of_a_formula_follows_it(scored: World) -> None:
    computed = {"internal": "city", "external": "=Company|upper", "direction": "in"}
    scored.change_mapping(fields=[*MAPPING["fields"][:5], computed], first_link="crm")
    scored.settle()
    assert {each["city"] for each in scored.prospects().values()} == {"LOW"}
    record = next(iter(scored.leads()))
    scored.system.recalculate(LEAD, record, {"Company": "high"})
    found = reread(scored.environment)
    assert found is not None
    assert (found.fields, found.queued) == (("Company",), 1)
    scored.poll()
    assert [each["city"] for each in scored.prospects().values()] == ["HIGH", "LOW", "LOW"]


@pytest.mark.parametrize("option", [{"only_on": "create"}, {"skip_empty": ["inbound"]}])
def test_what_will_not_be_written_is_not_looked_at_night_by_night(scored: World, option: dict[str, Any]) -> None:
    row = {"internal": "city", "external": "Company", "direction": "in", **option}
    scored.change_mapping(fields=[*MAPPING["fields"][:5], row])
    scored.settle()
    scored.system.recalculate(LEAD, next(iter(scored.leads())), {"Company": None})
    found = reread(scored.environment)
    assert found is None or found.queued == 0


@pytest.mark.guarantee("G7")
@pytest.mark.guarantee("G27")
def test_it_takes_no_more_calls_than_it_may(scored: World) -> None:
    scored.connector.page_size = 1
    scored.settings = scored.settings.model_copy(update={"formula_calls": 2})
    scored.system.recalculate(LEAD, next(iter(scored.leads())), {"Company": "high"})

    found = reread(scored.environment)

    assert found is not None
    assert found.skipped == "3 linked records take 3 calls, and MODSTAMP_FORMULA_CALLS allows 2"
    assert scored.pending("polling") == []


def test_a_mapping_without_calculated_fields_reads_nothing(sqlite_world: World) -> None:
    sqlite_world.lead(Email="a@example.com", LastName="Last")
    sqlite_world.poll()
    before = sqlite_world.connector.calls
    assert reread(sqlite_world.environment) is None
    assert sqlite_world.connector.calls - before <= 1
