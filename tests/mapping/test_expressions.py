"""Computed fields: what may stand in an expression, and what becomes of values that are not there."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.mapping.expressions import ExpressionError, expression


@pytest.mark.parametrize(
    ("text", "record", "expected"),
    [
        ("First ~ ' ' ~ Last", {"First": "A", "Last": None}, "A "),
        ("(First ~ ' ' ~ Last)|trim", {"First": None, "Last": None}, None),
        ("Amount * 2", {"Amount": 1.5}, 3.0),
        ("Amount * 2", {"Amount": None}, None),
        ("Start|minutes_until(End)", {"Start": "2025-01-01T10:00:00Z", "End": "2025-01-01T11:30:00Z"}, 90),
        ("Start|minutes_until(End)", {"Start": None, "End": "2025-01-01T11:30:00Z"}, None),
        ("Start|day", {"Start": "2025-01-01T10:00:00Z"}, "2025-01-01"),
        ("'yes' if Flag and Size > 3 else 'no'", {"Flag": True, "Size": 4}, "yes"),
        ("Rating in ['Hot', 'Warm']", {"Rating": "Warm"}, True),
        ("Name|default('nobody')", {"Name": None}, "nobody"),
    ],
)
def test_an_expression_has_a_value_per_record(text: str, record: dict[str, Any], expected: object) -> None:
    assert expression(text).value(record) == expected
    assert set(expression(text).names) == set(record)


@pytest.mark.parametrize("text", ["Name + 1", "Name * 99999999", "1 / Size", "Wide % 1", "No|float"])
def test_values_that_do_not_suit_are_told(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text).value({"Name": "x", "Size": 0, "Wide": "%99999999d", "No": "nan"})


@pytest.mark.parametrize(
    "text",
    [
        "a.b", "a()", "a['b']", "a|map('b')", "a ** 9", "range(3)", "a }} {{ b", "a }}{% set x = 1 %}{{ x", "''.x ~ a",
        "a|", "{}", "1", "a|format(b)", "self ~ a is defined", "a" * 2000,
    ],
)  # fmt: skip
def test_an_expression_reaches_nothing_but_its_fields(text: str) -> None:
    with pytest.raises(ExpressionError):
        expression(text)
