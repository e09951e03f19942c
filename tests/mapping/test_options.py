"""Options of a field that cannot go together: all refused at once, each with its line and a fix."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modstamp.errors import Problem

Problems = Callable[[dict[str, str]], list[Problem]]
TABLE = "values: [{internal: x, external: y}]"


@pytest.mark.requirement("STG-025")
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("direction: in, skip_empty: [outbound]", "nothing travels outbound, so no blank is skipped"),
        ("direction: out, skip_empty: [inbound, outbound]", "nothing travels inbound, so no blank is skipped"),
        ("direction: in, empty_as: {outbound: none}", "nothing travels outbound, so no placeholder is written"),
        ("skip_empty: [inbound], empty_as: {inbound: none}", "cannot both be skipped and be written as 'none'"),
        ("empty_as: {outbound: none}, reference: {type: stage, by: name}", "a placeholder names no record"),
        (f"empty_as: {{outbound: y}}, {TABLE}", "'y' is a value of the value table"),
        (f"empty_as: {{inbound: x}}, {TABLE}", "'x' is a value of the value table"),
        ("direction: in, conflict: crm", "the field travels one way only"),
        (f"conflict: strictest, {TABLE}", "'strictest' compares yes and no"),
        ("only_on: create, conflict: crm", "never in conflict"),
        ("only_on: create, skip_empty: [inbound]", "overwrites nothing"),
        ("only_on: create, reference: prospect", "a parent of the own type"),
    ],
)
def test_options_that_cannot_go_together_are_refused(problems: Problems, minimal: str, row: str, words: str) -> None:
    (found,) = problems({"lead.yaml": f"{minimal.rstrip()}\n      - {{internal: a, external: A, {row}}}\n"})
    assert words in found.what
    assert found.where == "lead.yaml:9"
    assert found.fix


@pytest.mark.requirement("STG-028")
def test_a_placeholder_cannot_be_a_match_key(problems: Problems, minimal: str) -> None:
    text = minimal.replace("external: Email}", "external: Email, empty_as: {outbound: none}}")
    (found,) = problems({"lead.yaml": text})
    assert "would all match each other" in found.what


def test_every_fault_of_every_field_is_told_at_once(problems: Problems, minimal: str) -> None:
    rows = [
        "{internal: a, external: A, direction: in, conflict: crm, skip_empty: [outbound], empty_as: {outbound: none}}",
        "{internal: b, external: B, only_on: create, conflict: ask}",
    ]
    found = problems({"lead.yaml": minimal.rstrip() + "".join(f"\n      - {row}" for row in rows) + "\n"})
    assert len(found) == 4


def test_what_goes_together_is_taken(problems: Problems, minimal: str) -> None:
    rows = [
        "{internal: a, external: A, skip_empty: [inbound], empty_as: {outbound: none}, conflict: crm_unless_blank}",
        f"{{internal: b, external: B, empty_as: {{outbound: none, inbound: nothing}}, {TABLE}}}",
        "{internal: c, external: C, only_on: create, empty_as: {inbound: none, outbound: none}}",
        "{internal: d, external: D, conflict: strictest}",
    ]
    assert problems({"lead.yaml": minimal.rstrip() + "".join(f"\n      - {row}" for row in rows) + "\n"}) == []
