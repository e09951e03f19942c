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


@pytest.mark.requirement("STG-032")
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("internal: a, external: Account.Name, direction: in", "which is known only with 'lookup'"),
        ("internal: a, external: A, direction: in, lookup: {match: {Name: B}}", "names the field that is wanted"),
        ("internal: a, external: Account.Name, lookup: {match: {Name: B}}", "cannot travel both ways"),
        ("internal: a, external: Account.Name, direction: out, lookup: {match: {Name: B}}", "the side that is written"),
        ("internal: a, external: '=B|upper'", "cannot travel both ways"),
        ("internal: a, external: '=B|upper', direction: out", "the side that is written"),
        ("internal: a, external: '=B|upper', direction: in, lookup: {match: {Name: B}}", "is not looked up"),
        ("internal: a, external: '=B.c', direction: in", "'Getattr' is not allowed"),
        ("internal: a, external: '=open(B)', direction: in", "'Call' is not allowed"),
        ("internal: a, external: '=B +', direction: in", "the expression cannot be read"),
        ("internal: a, external: '=B|attr(1)', direction: in", "there is no filter 'attr'"),
        ("internal: a, external: '=1 + 1', direction: in", "it looks at no field"),
        ("internal: a, external: A, reference: {type: user, look_for: User.Name}", "'by' does not say which column"),
        (
            f"internal: a, external: A, reference: {{type: user, by: name, look_for: User.Name}}, {TABLE}",
            "a value table would change them",
        ),
        (
            "internal: a, external: T.N, direction: in, lookup: {match: {M: B}, where: {field: N, operator: changed}}",
            "'changed' cannot be asked",
        ),
    ],
)
def test_derived_values_are_read_only_and_lookups_whole(problems: Problems, minimal: str, row: str, words: str) -> None:
    found = problems({"lead.yaml": f"{minimal.rstrip()}\n      - {{{row}}}\n"})
    assert any(words in each.what for each in found)
    assert all(each.where == "lead.yaml:9" and each.fix for each in found)
