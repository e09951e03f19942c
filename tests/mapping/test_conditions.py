from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from modstamp.mapping.conditions import (
    COMPARISONS,
    LISTS,
    RELATIVE,
    TEXTS,
    TIMES,
    WITHOUT_VALUE,
    Condition,
    describe,
    fields,
)
from modstamp.mapping.evaluation import Circumstances, failing, holds

NOW = datetime(2025, 1, 31, 12, 0, tzinfo=UTC)
AT = Circumstances(now=NOW)
CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def condition(data: Any) -> Condition:
    return CONDITION.validate_python(data)


def row(operator: str, *value: Any) -> Condition:
    """A row about the field `f`."""
    return condition({"field": "f", "operator": operator} | dict(zip(["value"], value, strict=False)))


def matches(tested: Condition, values: list[Any]) -> list[Any]:
    frame = pd.DataFrame({"f": pd.Series(values, dtype=object)})
    return [value for value, held in zip(values, holds(tested, frame, AT), strict=True) if held]


VALUES = [None, "", "Ann", "ann", "Joanna", 0, 1, 7.5, "7", True, False, "2025-01-01", "2025-01-01T10:00:00Z"]


@pytest.mark.requirement("OSF-130")
@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        (row("is", "Ann"), ["Ann"]),
        (row("is", 1), [1]),
        (row("is", *[True]), [True]),
        (row("is", *[False]), [False]),
        (row("is", None), [None, ""]),
        (row("is", ""), [None, ""]),
        (row("is not", "Ann"), [value for value in VALUES if value != "Ann"]),
        (row("is not", None), VALUES[2:]),
        (row("is empty"), [None, ""]),
        (row("is not empty"), VALUES[2:]),
        (row("contains", "ANN"), ["Ann", "ann", "Joanna"]),
        (row("starts with", "aN"), ["Ann", "ann"]),
        (row("in", ["Ann", 1, None]), [None, "", "Ann", 1]),
        (row("in", []), []),
        (row("not in", ["Ann", None]), VALUES[3:]),
        (row("greater than", 1), [7.5, "7"]),
        (row("does not contain", "ANN"), [value for value in VALUES if value not in ("Ann", "ann", "Joanna")]),
        (row("does not start with", "aN"), [value for value in VALUES if value not in ("Ann", "ann")]),
        (row("before", "2025-01-01T10:00:00Z"), ["2025-01-01"]),
        (row("after", "2025-01-01"), ["2025-01-01T10:00:00Z"]),
        (row("within the last", "30 days"), ["2025-01-01"]),
        (row("at least", "2025-01-01"), ["2025-01-01", "2025-01-01T10:00:00Z"]),
        (row("less than", "2025-01-01T10:00:00Z"), ["2025-01-01"]),
        (row("at most", 1), [0, 1]),
    ],
    ids=lambda tested: describe(tested) if not isinstance(tested, list) else "",
)
def test_each_operator_takes_what_people_expect(tested: Condition, expected: list[Any]) -> None:
    assert matches(tested, VALUES) == expected


def test_instants_compare_as_instants_whatever_their_precision() -> None:
    instants = ["2025-01-01T10:00:00Z", "2025-01-01T10:00:00.5Z", "2025-01-01T10:00:01Z"]
    assert matches(row("greater than", "2025-01-01T10:00:00Z"), instants) == instants[1:]
    assert matches(row("at most", "2025-01-01T10:00:00.5Z"), instants) == instants[:2]


def test_a_date_is_the_start_of_its_day_in_utc_on_either_side() -> None:
    starts = ["2025-01-01", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.5Z"]
    assert matches(row("at most", "2025-01-01"), starts) == starts[:2]
    assert matches(row("at least", "2025-01-01T00:00:00Z"), starts) == starts
    assert matches(row("after", "2025-01-01T00:00:00.500Z"), starts) == []


@pytest.mark.parametrize(
    ("operator", "length", "expected"),
    [
        ("within the last", "12 hours", ["2025-01-31T00:00:00Z", "2025-01-31T12:00:00Z", "2025-01-31"]),
        ("within the last", "1 day", ["2025-01-31T00:00:00Z", "2025-01-31T12:00:00Z", "2025-01-30", "2025-01-31"]),
        ("within the next", "12 hours", ["2025-01-31T12:00:00Z", "2025-02-01T00:00:00Z", "2025-01-31", "2025-02-01"]),
        ("within the next", "2 weeks", ["2025-01-31T12:00:00Z", "2025-02-01T00:00:00Z", "2025-01-31", "2025-02-01"]),
    ],
)
def test_relative_times_go_by_one_moment_and_by_days_in_utc(operator: str, length: str, expected: list[str]) -> None:
    times = ["2025-01-30T11:59:59Z", "2025-01-31T00:00:00Z", "2025-01-31T12:00:00Z", "2025-02-01T00:00:00Z"]
    others = ["2025-01-30", "2025-01-31", "2025-02-01", None, "", "soon", 7]
    found = matches(row(operator, length), [*times, *others])
    assert found == expected
    left = matches(row(f"not {operator}", length), [*times, *others])
    assert left == [each for each in [*times, *others] if each not in expected]
    moment = Circumstances(now=NOW.astimezone(timezone(timedelta(hours=12))))
    frame = pd.DataFrame({"f": pd.Series([*times, *others], dtype=object)})
    assert holds(row(operator, length), frame, moment).tolist() == holds(row(operator, length), frame, AT).tolist()


def test_changed_looks_at_the_bases_alone() -> None:
    frame = pd.DataFrame({"f": ["a", "b"]}, dtype=object)
    known = Circumstances(now=NOW, changed={"f": np.array([True, False])})
    assert holds(row("changed"), frame, known).tolist() == [True, False]
    assert not holds(row("changed"), frame, AT).any()
    assert failing(row("changed"), frame, known).tolist() == ["", "f changed"]


@given(st.lists(st.sampled_from(VALUES)), st.sampled_from(["is", "is empty", "in"]), st.sampled_from(VALUES))
def test_each_opposite_is_the_opposite(values: list[Any], operator: str, value: Any) -> None:
    opposite = {"is": "is not", "is empty": "is not empty", "in": "not in"}[operator]
    arguments = {"is": (value,), "is empty": (), "in": ([value],)}[operator]
    frame = pd.DataFrame({"f": pd.Series(values, dtype=object)})
    np.testing.assert_array_equal(
        holds(row(operator, *arguments), frame, AT), ~holds(row(opposite, *arguments), frame, AT)
    )


NESTED = condition(
    {
        "all": [
            {"field": "Email", "operator": "is not empty"},
            {
                "any": [
                    {"field": "HasOptedOutOfEmail", "operator": "is", "value": False},
                    {"field": "Country", "operator": "in", "value": ["DE", "FR"]},
                ]
            },
        ]
    }
)
PEOPLE = pd.DataFrame(
    {
        "Email": ["a@b.c", "a@b.c", "a@b.c", None],
        "HasOptedOutOfEmail": [False, True, True, False],
        "Country": ["US", "DE", "US", "DE"],
    },
    dtype=object,
)


@pytest.mark.requirement("OSF-131")
@pytest.mark.requirement("OSF-132")
def test_conditions_combine_with_and_and_or() -> None:
    assert holds(NESTED, PEOPLE, AT).tolist() == [True, True, False, False]


def test_the_first_member_that_fails_is_named() -> None:
    assert failing(NESTED, PEOPLE, AT).tolist() == [
        "",
        "",
        'HasOptedOutOfEmail is false or Country in ["DE", "FR"]',
        "Email is not empty",
    ]


def test_failing_keeps_the_index_of_the_frame() -> None:
    assert failing(NESTED, PEOPLE.iloc[[3, 2]], AT).index.tolist() == [3, 2]


def test_it_is_described_for_people() -> None:
    assert describe(NESTED) == 'Email is not empty and (HasOptedOutOfEmail is false or Country in ["DE", "FR"])'
    assert describe(row("at least", "2025-01-01")) == "f at least 2025-01-01"
    assert describe(row("is", None)) == "f is null"


def test_its_fields_are_named_once_each() -> None:
    assert fields(condition({"all": [NESTED, NESTED]})) == ("Email", "HasOptedOutOfEmail", "Country")


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("operator", ["is empty", "is not empty"])
def test_what_is_unknown_holds_nothing(operator: str) -> None:
    unknown = condition({"field": "Dropped__c", "operator": operator})
    assert not holds(unknown, PEOPLE, AT).any()
    assert failing(unknown, PEOPLE, AT).tolist() == [f"Dropped__c {operator}"] * 4
    either = condition({"any": [unknown, {"field": "Email", "operator": "is not empty"}]})
    assert holds(either, PEOPLE, AT).tolist() == [True, True, True, False]


@pytest.mark.parametrize("values", [[None, None], [1, 2], [True, False], [1.5, None]])
@pytest.mark.parametrize("tested", [row("contains", "x"), row("starts with", "x"), row("at least", "2025-01-01")])
def test_a_column_without_text_holds_no_text(tested: Condition, values: list[Any]) -> None:
    assert matches(tested, values) == []


@pytest.mark.parametrize("operator", sorted(LISTS | TEXTS | COMPARISONS | TIMES | RELATIVE | {"is", "is not"}))
def test_an_empty_frame_is_no_special_case(operator: str) -> None:
    times = dict.fromkeys(TIMES, "2025-01-01") | dict.fromkeys(RELATIVE, "1 day") | dict.fromkeys(COMPARISONS, 1)
    value = ["x"] if operator in LISTS else times.get(operator, "x")
    assert holds(row(operator, value), PEOPLE.head(0).rename(columns={"Email": "f"}), AT).shape == (0,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *(({"field": "f", "operator": operator, "value": 1}, "takes no value") for operator in sorted(WITHOUT_VALUE)),
        *(({"field": "f", "operator": operator, "value": "x"}, "needs a list") for operator in sorted(LISTS)),
        *(({"field": "f", "operator": operator, "value": ""}, "needs a text") for operator in sorted(TEXTS)),
        *(
            ({"field": "f", "operator": operator, "value": "tall"}, "needs a number")
            for operator in sorted(COMPARISONS)
        ),
        *(({"field": "f", "operator": operator, "value": 1}, "needs a date") for operator in sorted(TIMES)),
        *(({"field": "f", "operator": operator, "value": "soon"}, "needs a duration") for operator in sorted(RELATIVE)),
        ({"field": "f", "operator": "after", "value": "2025-02-30"}, "needs a date"),
        ({"field": "f", "operator": "at least", "value": True}, "needs a number"),
        ({"field": "f", "operator": "is"}, "needs a value"),
        ({"field": "f", "operator": "is", "value": [1]}, "takes one value"),
        ({"field": "f", "operator": "resembles", "value": 1}, "Input should be 'is'"),
        ({"all": []}, "at least 1 item"),
        ({"all": [row("is empty")], "any": [row("is empty")]}, "Extra inputs"),
    ],
)
def test_a_value_that_does_not_suit_its_operator_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        condition(data)
    assert caught.value.error_count() == 1
