"""Each toggle is a switch of its own in the file, per object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from modstamp.errors import Problem
from modstamp.mapping.advice import advise
from modstamp.mapping.loading import load
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation

Write = Callable[[dict[str, str]], Path]
Read = Callable[[str], TypeMapping]


@pytest.fixture
def read(write: Write, minimal: str) -> Read:
    def with_line(line: str) -> TypeMapping:
        text = minimal.replace("    inbound: {create: true}\n", "") + f"    {line}\n"
        return load(write({"lead.yaml": text})).files[0].mapping

    return with_line


@pytest.mark.parametrize(
    ("section", "direction", "operation"),
    [
        pytest.param("inbound", Direction.POLLING, Operation.CREATE, marks=pytest.mark.requirement("OSF-116")),
        pytest.param("inbound", Direction.POLLING, Operation.UPDATE, marks=pytest.mark.requirement("OSF-119")),
        pytest.param("inbound", Direction.POLLING, Operation.DELETE),
        pytest.param("outbound", Direction.PUSHING, Operation.CREATE, marks=pytest.mark.requirement("OSF-122")),
        pytest.param("outbound", Direction.PUSHING, Operation.UPDATE, marks=pytest.mark.requirement("OSF-124")),
        pytest.param("outbound", Direction.PUSHING, Operation.DELETE),
    ],
)
def test_one_toggle_switches_one_operation(
    read: Read, section: str, direction: Direction, operation: Operation
) -> None:
    mapping = read(f"{section}: {{{operation}: true}}")
    on = [(way, what) for way in Direction for what in Operation if mapping.toggles(way).of(what).on]
    assert on == [(direction, operation)]


@pytest.mark.parametrize(
    ("switch", "direction"),
    [
        pytest.param("polling", Direction.POLLING, marks=pytest.mark.requirement("OSF-113")),
        pytest.param("pushing", Direction.PUSHING, marks=pytest.mark.requirement("OSF-121")),
    ],
)
def test_polling_and_pushing_have_switches_of_their_own(read: Read, switch: str, direction: Direction) -> None:
    assert read("conflict: newest").is_on(direction)
    for off in ("false", "{on: false}"):
        mapping = read(f"{switch}: {off}")
        assert not mapping.is_on(direction)
        assert mapping.is_on(direction.other)


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        pytest.param("10 minutes", timedelta(minutes=10), marks=pytest.mark.requirement("OSF-115")),
        pytest.param("2 minutes", timedelta(minutes=2), marks=pytest.mark.requirement("OSF-106")),
        ("1 minute", timedelta(minutes=1)),
        ("2 hours", timedelta(hours=2)),
        ("PT15M", timedelta(minutes=15)),
    ],
)
def test_the_frequency_is_any_number_of_whole_minutes(read: Read, every: str, expected: timedelta) -> None:
    assert read(f"polling: {{every: {every}}}").polling.every == expected


@pytest.mark.requirement("OSF-131")
def test_any_toggle_takes_conditions_and_the_run_reads_their_fields(read: Read) -> None:
    row = "{field: Rating, operator: is, value: Hot}"
    toggles = ", ".join(f"{operation}: {{when: {{all: [{row}]}}}}" for operation in Operation)
    mapping = read(f"inbound: {{{toggles}}}")
    assert set(mapping.conditions(Direction.POLLING)) == {("inbound", str(each), "when") for each in Operation}
    assert mapping.field_names(Direction.POLLING.source) == ("Email", "Rating")
    assert mapping.field_names(Direction.POLLING.target) == ("email",)


@pytest.mark.requirement("OSF-145")
def test_an_object_that_is_switched_off_breaks_nothing(write: Write, minimal: str) -> None:
    mappings = load(write({"lead.yaml": minimal + "    polling: false\n    pushing: false\n"}))
    assert advise(mappings) == []
    half = load(write({"lead.yaml": minimal + "    polling: false\n"}))
    assert "switch polling on, or this off" in [advice.fix for advice in advise(half)]


@pytest.mark.requirement("OSF-118")
@pytest.mark.parametrize("off", ["pushing: false", "polling: false", "outbound: {}"])
def test_values_come_down_after_a_manual_create_only_where_all_of_it_is_on(
    problems: Callable[..., list[Problem]], minimal: str, off: str
) -> None:
    down = "inbound: {create: {after_manual_create: true}, update: true}"
    text = minimal.replace("inbound: {create: true}", down) + f"    {off}\n"
    found = problems({"lead.yaml": text})
    assert len(found) == (0 if off == "outbound: {}" else 1)
    assert all("nothing comes down while" in each.what and each.fix for each in found)
