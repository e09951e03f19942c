"""Options of single fields in whole runs: blanks, placeholders, create-only, and who wins a conflict.

Each story ends in quiet: further rounds write nothing, so that no two rules wake each other for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from modstamp.engine.decide import decide
from modstamp.errors import ConfigurationError
from modstamp.model import Direction, Field, Side
from tests.fixtures.world import MAPPING, World

BASIC = {"internal": "email", "external": "Email"}


def field(world: World, internal: str = "title", external: str = "Title", **options: Any) -> World:
    """The mapping with a match field and this one."""
    world.change_mapping(fields=[BASIC, {"internal": internal, "external": external, **options}])
    return world


def pair(world: World, inside: str | None = "T", outside: str | None = "T") -> tuple[str, str]:
    """A prospect and a lead that are linked."""
    record = world.prospect(email="a@x.org", title=inside)
    lead = world.lead(Email="a@x.org", Title=outside)
    world.settle()
    return record, lead


def titles(world: World) -> tuple[Any, Any]:
    (inside,), (outside,) = world.prospects().values(), world.leads().values()
    return inside["title"], outside["Title"]


def is_quiet(world: World) -> bool:
    """Two more rounds find nothing to write, and leave nothing."""
    counts: list[Mapping[str, int]] = []
    for _ in range(2):
        counts += [world.poll().counts, world.push().counts]
    wrote = sum(each.get(name, 0) for each in counts for name in ("created", "updated", "deleted", "left over"))
    return wrote == 0 and not world.pending("polling") and not world.pending("pushing")


# Blanks that are skipped


@pytest.mark.requirement("STG-026")
@pytest.mark.guarantee("G11")
def test_a_blank_inside_does_not_overwrite_outside(sqlite_world: World) -> None:
    world = field(sqlite_world, skip_empty=["outbound"])
    record, lead = pair(world)
    world.edit_prospect(record, title="")
    world.settle()
    assert titles(world) == ("", "T")
    world.edit_lead(lead, Title="Outside")  # one side edited, the other skipped: no conflict
    world.settle()
    assert titles(world) == ("Outside", "Outside")
    world.edit_lead(lead, Title=None)  # the other direction is not skipped
    world.settle()
    assert titles(world) == (None, None)
    assert is_quiet(world)


@pytest.mark.requirement("STG-027")
@pytest.mark.guarantee("G11")
def test_a_blank_outside_does_not_overwrite_inside(sqlite_world: World) -> None:
    world = field(sqlite_world, skip_empty=["inbound"], conflict="crm")
    record, lead = pair(world)
    world.edit_lead(lead, Title=None)
    world.settle()
    assert titles(world) == ("T", None)
    world.edit_prospect(record, title="Inside")
    world.settle()
    assert titles(world) == ("Inside", "Inside")
    assert is_quiet(world)


@pytest.mark.parametrize("conflict", ["crm", "engagement"])
@pytest.mark.guarantee("G10")
def test_an_edit_beats_a_skipped_blank_whatever_the_policy(sqlite_world: World, conflict: str) -> None:
    world = field(sqlite_world, skip_empty=["inbound", "outbound"], conflict=conflict)
    record, lead = pair(world)
    world.edit_prospect(record, title=None)
    world.edit_lead(lead, Title="Outside")
    world.settle()
    assert titles(world) == ("Outside", "Outside")
    world.edit_prospect(record, title="Inside")
    world.edit_lead(lead, Title=None)
    world.settle()
    assert titles(world) == ("Inside", "Inside")
    assert is_quiet(world)


def test_skipped_blanks_on_both_sides_rest_and_the_old_value_is_no_edit(sqlite_world: World) -> None:
    world = field(sqlite_world, skip_empty=["inbound", "outbound"])
    record, lead = pair(world)
    world.edit_prospect(record, title=None)
    world.edit_lead(lead, Title=None)
    world.settle()
    assert titles(world) == (None, None)
    world.edit_lead(lead, Title="T")
    world.settle()
    assert titles(world) == (None, "T")
    assert is_quiet(world)


def test_a_skipped_blank_is_no_edit_that_brings_a_deleted_record_back(sqlite_world: World) -> None:
    world = field(sqlite_world, skip_empty=["outbound"])
    world.change_mapping(after_delete="recreate", inbound={"create": True, "update": True, "delete": True})
    record, lead = pair(world)
    world.edit_prospect(record, title=None)
    world.system.delete("Lead", lead)
    world.settle()
    assert not world.leads()
    assert not world.prospects()


@pytest.mark.guarantee("G30")
def test_blanks_that_were_skipped_do_not_pour_out_when_the_option_goes(sqlite_world: World) -> None:
    world = field(sqlite_world, skip_empty=["outbound"])
    record, _ = pair(world)
    world.edit_prospect(record, title=None)
    world.settle()
    field(world)
    world.settle()
    assert titles(world) == ("T", "T")
    world.edit_prospect(record, title=None)
    world.settle()
    assert titles(world) == (None, None)


# Placeholders


@pytest.mark.requirement("STG-028")
def test_a_placeholder_goes_out_for_a_blank_and_comes_back_as_one(sqlite_world: World) -> None:
    world = field(sqlite_world, empty_as={"outbound": "[none]"})
    record, lead = pair(world)
    world.edit_prospect(record, title=None)
    world.settle()
    assert titles(world) == (None, "[none]")
    assert is_quiet(world)
    world.edit_lead(lead, Title="Outside")
    world.settle()
    world.edit_lead(lead, Title="[none]")  # as a person would write it
    world.settle()
    assert titles(world) == (None, "[none]")
    assert is_quiet(world)


@pytest.mark.requirement("STG-029")
def test_a_placeholder_comes_in_for_a_blank_and_goes_out_as_one(sqlite_world: World) -> None:
    world = field(sqlite_world, empty_as={"inbound": "unknown"})
    record, lead = pair(world)
    world.edit_lead(lead, Title=None)
    world.settle()
    assert titles(world) == ("unknown", None)
    assert is_quiet(world)
    world.edit_prospect(record, title="Inside")
    world.settle()
    world.edit_prospect(record, title="unknown")
    world.settle()
    assert titles(world) == ("unknown", None)
    assert is_quiet(world)


@pytest.mark.requirement("STG-028")
@pytest.mark.requirement("STG-029")
def test_created_records_carry_placeholders_both_ways_at_once(sqlite_world: World) -> None:
    world = field(sqlite_world, empty_as={"inbound": "unknown", "outbound": "[none]"})
    world.poll()
    inside, outside = world.prospect(email="in@x.org"), world.lead(Email="out@x.org")
    world.settle()
    made = {row["email"]: row["title"] for row in world.prospects().values()}
    sent = {row["Email"]: row["Title"] for row in world.leads().values()}
    assert (made, sent) == (
        {"in@x.org": None, "out@x.org": "unknown"},
        {"in@x.org": "[none]", "out@x.org": None},
    )
    assert is_quiet(world)
    world.edit_prospect(inside, title="x")
    world.edit_lead(outside, Title="y")
    world.settle()
    assert {row["Title"] for row in world.leads().values()} == {"x", "y"}


def test_placeholders_on_both_sides_of_a_first_link_are_blanks(sqlite_world: World) -> None:
    world = field(sqlite_world, empty_as={"inbound": "unknown", "outbound": "[none]"})
    pair(world, "unknown", "[none]")
    assert titles(world) == ("unknown", "[none]")
    assert is_quiet(world)


def test_a_placeholder_is_filled_at_the_first_link(sqlite_world: World) -> None:
    world = field(sqlite_world, empty_as={"outbound": "[none]"})
    pair(world, "Inside", "[none]")
    assert titles(world) == ("Inside", "Inside")


def test_a_refused_placeholder_waits_and_takes_nothing_along(sqlite_world: World) -> None:
    """The other side refuses it; an edit there still comes in (G6, G26)."""
    world = field(sqlite_world, empty_as={"outbound": "[none]"})
    record, lead = pair(world)
    world.system.rules.append(lambda _, values: "no" if values.get("Title") == "[none]" else None)
    world.edit_prospect(record, title=None)
    world.settle()
    assert titles(world) == (None, "T")
    assert [row[:3] for row in world.waiting()] == [("pushing", record, "rejected")]
    assert is_quiet(world)
    world.edit_lead(lead, Title="Outside")
    world.settle()
    assert titles(world)[0] == "Outside"
    assert not world.waiting()
    assert is_quiet(world)


# Written into new records alone


@pytest.mark.parametrize("direction", Direction)
def test_a_field_for_creates_is_written_once(sqlite_world: World, direction: Direction) -> None:
    world = field(sqlite_world, only_on="create")
    world.poll()
    if direction is Direction.POLLING:
        world.lead(Email="a@x.org", Title="First")
    else:
        world.prospect(email="a@x.org", title="First")
    world.settle()
    assert titles(world) == ("First", "First")
    (record,), (lead,) = world.prospects(), world.leads()
    world.edit_lead(lead, Title="Outside")
    world.edit_prospect(record, title="Inside")
    world.settle()
    assert titles(world) == ("Inside", "Outside")
    assert is_quiet(world)


def test_a_field_for_creates_is_left_alone_when_existing_records_are_linked(sqlite_world: World) -> None:
    world = field(sqlite_world, only_on="create")
    pair(world, None, "Outside")
    assert titles(world) == (None, "Outside")
    assert not world.waiting()
    assert is_quiet(world)


# Conflicts


@pytest.mark.parametrize(
    "story",
    [
        ("crm_unless_blank", "Inside", "Outside", "Outside"),
        ("crm_unless_blank", "Inside", None, "Inside"),
        ("engagement_unless_blank", "Inside", "Outside", "Inside"),
        ("engagement_unless_blank", None, "Outside", "Outside"),
        ("engagement_unless_blank", "", "Outside", "Outside"),
    ],
)
@pytest.mark.parametrize("first", Direction)
def test_a_policy_looks_for_blanks(
    sqlite_world: World, story: tuple[str, str | None, str | None, str], first: Direction
) -> None:
    policy, inside, outside, expected = story
    world = field(sqlite_world, conflict=policy)
    record, lead = pair(world)
    world.edit_prospect(record, title=inside)
    world.edit_lead(lead, Title=outside)
    if first is Direction.PUSHING:
        world.push()
    world.settle()
    assert titles(world) == (expected, expected)
    assert is_quiet(world)


@pytest.mark.parametrize("stricter", Side)
def test_the_stricter_checkbox_wins_where_two_records_are_linked(sqlite_world: World, stricter: Side) -> None:
    world = field(sqlite_world, "opted_out", "OptedOut", conflict="strictest")
    lead = world.system.types["Lead"]
    checkbox = Field(name="OptedOut", kind="boolean")
    world.system.types["Lead"] = replace(lead, fields={**lead.fields, "OptedOut": checkbox})
    world.prospect(email="a@x.org", opted_out=stricter is Side.INTERNAL)
    world.lead(Email="a@x.org", OptedOut=stricter is Side.EXTERNAL)
    world.settle()
    (row,), (other,) = world.prospects().values(), world.leads().values()
    assert (bool(row["opted_out"]), other["OptedOut"]) == (True, True)
    assert is_quiet(world)


@pytest.mark.parametrize("winner", ["crm", "engagement"])
@pytest.mark.parametrize("first", Direction)
def test_a_conflict_that_is_asked_about_waits_for_its_answer(
    sqlite_world: World, winner: str, first: Direction
) -> None:
    world = sqlite_world
    world.change_mapping(
        fields=[{**each, "conflict": "ask"} if each["internal"] == "title" else each for each in MAPPING["fields"]]
    )
    record, lead = pair(world)
    world.edit_prospect(record, title="Inside", phone="1")
    world.edit_lead(lead, Title="Outside", LastName="L")
    world.push() if first is Direction.PUSHING else world.poll()
    world.settle()
    (row,), (outside,) = world.prospects().values(), world.leads().values()
    assert (row["title"], outside["Title"]) == ("Inside", "Outside")
    assert (row["last_name"], outside["Phone"]) == ("L", "1"), "the other fields go on"
    assert {each[2] for each in world.waiting()} == {"asked"}
    assert is_quiet(world)
    decide(world.environment, lead, "title", winner, "ann")
    world.settle()
    expected = "Outside" if winner == "crm" else "Inside"
    assert titles(world) == (expected, expected)
    assert not world.waiting()
    assert is_quiet(world)


def test_an_answer_holds_for_the_values_that_were_asked_about(sqlite_world: World) -> None:
    world = field(sqlite_world, conflict="ask")
    record, lead = pair(world)
    world.edit_prospect(record, title="Inside")
    world.edit_lead(lead, Title="Outside")
    world.settle()
    decide(world.environment, record, "title", "crm", "ann")
    world.edit_prospect(record, title="Newer")
    world.settle()
    assert titles(world) == ("Newer", "Outside")
    world.edit_lead(lead, Title="Newer")  # another way to settle it
    world.settle()
    assert not world.waiting()
    with pytest.raises(ConfigurationError, match="no open question"):
        decide(world.environment, record, "title", "crm", "ann")
    with pytest.raises(ConfigurationError, match="no record"):
        decide(world.environment, "nobody", "title", "crm", "ann")
