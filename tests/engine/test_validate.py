from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modstamp.engine.expectations import Rule, suite, written
from modstamp.engine.validate import document, judge, unusable
from modstamp.errors import ConfigurationError
from modstamp.mapping.documents import parse
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Field, TypeDescription

MAPPING = TypeMapping.model_validate(
    {
        "internal": "prospect",
        "external": "salesforce.Lead",
        "connection": "salesforce",
        "fields": [
            {"internal": "email", "external": "Email"},
            {"internal": "last_name", "external": "LastName"},
            {"internal": "rating", "external": "Rating", "values": "rating"},
            {"internal": "stage_id", "external": "Status", "reference": {"type": "stage", "by": "name"}},
            {"internal": "owner_id", "external": "OwnerId", "reference": "user", "direction": "in"},
            {"internal": "opted_out", "external": "HasOptedOutOfEmail"},
            {"internal": "born", "external": "Birthdate"},
            {"internal": "seen_at", "external": "SeenAt"},
            {"internal": "score", "external": "Score"},
        ],
        "expect": [
            {"expect_column_values_to_match_regex": {"column": "email", "regex": "^[^@]+@[^@]+$"}},
            {"expect_column_values_to_be_in_set": {"column": "Rating", "value_set": ["Hot", "Cold"]}},
            {"expect_column_pair_values_to_be_equal": {"column_A": "born", "column_B": "SeenAt"}},
        ],
    }
)


def described(name: str, *fields: Field) -> TypeDescription:
    return TypeDescription(name=name, fields={field.name: field for field in fields})


PROSPECT = described(
    "prospect",
    Field(name="email", kind="text", length=80),
    Field(name="last_name", kind="text", length=10),
    Field(name="rating", kind="text", length=3),
    Field(name="stage_id", kind="reference", required=True),
    Field(name="owner_id", kind="reference", required=True),
    Field(name="opted_out", kind="boolean", required=True),
    Field(name="born", kind="date"),
    Field(name="seen_at", kind="instant"),
    Field(name="score", kind="number"),
)
LEAD = described(
    "Lead",
    Field(name="Email", kind="text", length=80),
    Field(name="LastName", kind="text", length=80, required=True),
    Field(name="Rating", kind="choice", choices=("Hot", "Warm"), restricted=True),
    Field(name="Status", kind="choice", choices=("Open",), restricted=True),
    Field(name="OwnerId", kind="reference", required=True),
    Field(name="HasOptedOutOfEmail", kind="boolean"),
    Field(name="Birthdate", kind="date"),
    Field(name="SeenAt", kind="instant"),
    Field(name="Score", kind="integer"),
)


def rules(direction: Direction) -> list[Rule]:
    sides = (LEAD, PROSPECT) if direction is Direction.POLLING else (PROSPECT, LEAD)
    return suite(MAPPING, direction, *sides)


def frame(**columns: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})


def reasons(direction: Direction, **columns: Sequence[Any]) -> list[str | None]:
    return list(judge(frame(**columns), rules(direction)).reasons)


@pytest.mark.parametrize(
    ("direction", "column", "good", "bad", "reason"),
    [
        (Direction.POLLING, "last_name", "x" * 10, "x" * 11, "last_name is longer than 10 characters"),
        (Direction.POLLING, "rating", "abc", "abcd", "rating is longer than 3 characters"),
        (Direction.POLLING, "opted_out", False, None, "opted_out has no value"),
        (Direction.POLLING, "opted_out", True, "true", "opted_out is not of kind boolean"),
        (Direction.POLLING, "stage_id", "3", None, "stage_id has no value"),
        (Direction.POLLING, "born", "2025-02-28", "28.02.2025", "born is not of kind date"),
        (Direction.POLLING, "seen_at", "2025-02-28T01:02:03.5Z", "2025-02-28", "seen_at is not of kind instant"),
        (Direction.POLLING, "score", 1.5, "1.5", "score is not of kind number"),
        (Direction.PUSHING, "Score", 1, 1.5, "Score is not of kind integer"),
        (Direction.PUSHING, "LastName", "x" * 80, None, "LastName has no value"),
        (Direction.PUSHING, "LastName", "x", "", "LastName has no value"),
        (Direction.PUSHING, "Status", "Open", "open", "Status has a value that is not among its choices (Open)"),
    ],
)
def test_both_schemas_say_what_a_target_takes(
    direction: Direction, column: str, good: Any, bad: Any, reason: str
) -> None:
    assert reasons(direction, **{column: [good, bad, good]}) == [None, reason, None]


@pytest.mark.parametrize("direction", Direction)
def test_a_rule_of_the_mapping_holds_on_both_ways_of_a_plain_field(direction: Direction) -> None:
    column = {Direction.POLLING: "email", Direction.PUSHING: "Email"}[direction]
    expected = f"{column} breaks expect_column_values_to_match_regex (regex ^[^@]+@[^@]+$)"
    assert reasons(direction, **{column: ["a@b", "nobody", None]}) == [None, expected, None]


def test_a_rule_about_a_translated_field_holds_towards_the_side_that_it_names() -> None:
    assert [
        rule.columns for rule in rules(Direction.PUSHING) if rule.arguments.get("value_set") == ["Hot", "Cold"]
    ] == [("Rating",)]
    assert all("value_set" not in rule.arguments for rule in rules(Direction.POLLING))


def test_a_rule_about_two_columns_names_both_as_the_target_does() -> None:
    (rule,) = [rule for rule in rules(Direction.PUSHING) if "column_A" in rule.arguments]
    assert rule.columns == ("Birthdate", "SeenAt")


@pytest.mark.guarantee("G16")
def test_a_reference_by_id_is_not_judged_because_it_waits_for_its_parent() -> None:
    assert not [rule for rule in rules(Direction.POLLING) if "owner_id" in rule.columns]


def test_a_target_that_holds_all_that_the_source_can_hold_is_not_judged() -> None:
    assert not [rule for rule in rules(Direction.PUSHING) if rule.name == "expect_column_value_lengths_to_be_between"]


@pytest.mark.guarantee("G8")
def test_a_column_that_is_missing_from_the_answer_is_not_judged() -> None:
    verdict = judge(frame(email=["a@b"]), rules(Direction.POLLING))
    assert verdict.accepted.tolist() == [True]
    assert {column for found in verdict.findings for column in found.rule.columns} == {"email"}


@pytest.mark.guarantee("G29")
def test_each_row_is_judged_by_itself_and_carries_every_reason() -> None:
    verdict = judge(frame(email=["a@b", "x", "a@b"], last_name=["Ann", "x" * 11, "y" * 11]), rules(Direction.POLLING))
    assert verdict.accepted.tolist() == [True, False, False]
    assert list(verdict.codes) == [
        None,
        "expect_column_value_lengths_to_be_between(last_name)",
        "expect_column_value_lengths_to_be_between(last_name)",
    ]
    assert str(verdict.reasons[1]).count(";") == 1


def test_deleted_records_have_nothing_to_judge() -> None:
    records = frame(_id=["1", "2", "3"], _state=["deleted", "found", "hidden"])
    verdict = judge(frame(opted_out=[None, None, None]), rules(Direction.POLLING), records)
    assert verdict.accepted.tolist() == [True, False, True]
    (required, _kind) = verdict.findings
    assert (required.checked, required.failed, required.examples) == (1, 1, ("2",))


@pytest.mark.parametrize("columns", [{}, {"email": []}, {"unmapped": ["x"]}])
def test_nothing_to_judge_is_accepted(columns: dict[str, list[str]]) -> None:
    verdict = judge(frame(**columns), rules(Direction.POLLING))
    assert verdict.accepted.all()
    assert verdict.findings == ()


def test_the_index_of_the_frame_does_not_matter() -> None:
    shuffled = frame(email=["x", "a@b", "y"]).set_axis([7, 7, 0])
    assert judge(shuffled, rules(Direction.POLLING)).accepted.tolist() == [False, True, False]


def rule_with(name: str, **arguments: Any) -> Rule:
    return Rule(name=name, arguments=arguments, reason="-", where="salesforce_lead, expect 1")


@pytest.mark.parametrize(
    "rule",
    [
        rule_with("expect_column_value_lengths_to_equal", column="email", value="long"),
        rule_with("expect_column_values_to_be_between", column="email", minimum=3),
    ],
)
def test_arguments_that_do_not_suit_are_found_without_data(rule: Rule) -> None:
    (problem,) = unusable([rule, rule_with("expect_column_values_to_not_be_null", column="email")])
    assert problem.where == "salesforce_lead, expect 1"
    assert rule.name in problem.what


def test_a_rule_of_a_file_names_its_line() -> None:
    document = parse("expect:\n\n  - expect_column_values_to_match_regex: {column: email}\n", "lead.yaml")
    assert next(written(MAPPING, Direction.POLLING, document)).where == "lead.yaml:3"


def test_a_rule_that_cannot_judge_the_values_stops_the_run() -> None:
    rule = rule_with("expect_column_values_to_be_between", column="email", min_value=3)
    with pytest.raises(ConfigurationError, match="cannot judge email"):
        judge(frame(email=["a@b"]), [rule])


def test_the_parts_of_a_run_make_one_document() -> None:
    parts = [frame(email=["a@b", "x"]), frame(email=["y"] * 12)]
    ids = [frame(_id=[f"{part}-{row}" for row in range(len(rows))]) for part, rows in enumerate(parts)]
    verdicts = [judge(rows, rules(Direction.POLLING), keys) for rows, keys in zip(parts, ids, strict=True)]
    assert document(verdicts) == {
        "rows": 14,
        "rejected": 13,
        "expectations": [
            {
                "expectation": "expect_column_values_to_match_regex",
                "columns": ["email"],
                "reason": "email breaks expect_column_values_to_match_regex (regex ^[^@]+@[^@]+$)",
                "where": "salesforce_lead, expect 1",
                "checked": 14,
                "failed": 13,
                "examples": ["0-1", *(f"1-{row}" for row in range(9))],
            }
        ],
    }


NAMES = st.sampled_from(["Ann", "", None, "x" * 10, "x" * 11])
EMAILS = st.sampled_from(["a@b", "x", None, ""])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(NAMES, EMAILS), min_size=1))
def test_verdicts_agree_with_a_plain_reading_of_the_rules(rows: list[tuple[str | None, str | None]]) -> None:
    names, emails = zip(*rows, strict=True)
    verdict = judge(frame(last_name=names, email=emails), rules(Direction.POLLING))
    assert verdict.accepted.tolist() == [len(name or "") <= 10 and (not email or "@" in email) for name, email in rows]
