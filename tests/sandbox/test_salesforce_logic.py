"""SOQL's two-valued logic: whatever the condition, the SQL finds what a plain reading of it finds."""

# ruff: noqa: S608 - what is put together here is SOQL, and the text is the test's own

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce.access import Access
from sandbox.salesforce.clock import Clock
from sandbox.salesforce.faults import Faults
from sandbox.salesforce.query import Cursors
from sandbox.salesforce.store import Store

Row = dict[str, Any]
NUMBERS, TEXTS = (None, 1.0, 2.0), (None, "a", "B")
ORDERS = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}
ROWS: list[Row] = [
    {"AnnualRevenue": number, "City": text, "LastName": str(place)}
    for place, (number, text) in enumerate((number, text) for number in NUMBERS for text in TEXTS)
]


@dataclass(frozen=True)
class Case:
    """A condition in SOQL, and what it says about a row."""

    soql: str
    holds: Callable[[Row], bool]


def _compare(operator: str, left: Any, right: Any) -> bool:
    if operator in {"=", "!="}:
        return bool(left == right) == (operator == "=")
    if left is None or right is None:
        return False
    return bool(ORDERS[operator](left, right))


def _number(operator: str, value: float | None) -> Case:
    text = "null" if value is None else str(value)
    return Case(f"AnnualRevenue {operator} {text}", lambda row: _compare(operator, row["AnnualRevenue"], value))


def _text(operator: str, value: str | None) -> Case:
    text = "null" if value is None else f"'{value.upper()}'"
    folded = value and value.lower()
    return Case(f"City {operator} {text}", lambda row: _compare(operator, row["City"] and row["City"].lower(), folded))


def _member(values: list[float | None], *, negated: bool) -> Case:
    listed = ", ".join("null" if value is None else str(value) for value in values)
    operator = "NOT IN" if negated else "IN"
    return Case(f"AnnualRevenue {operator} ({listed})", lambda row: (row["AnnualRevenue"] in values) != negated)


def _joined(parts: list[Case], *, both: bool) -> Case:
    word, judge = (" AND ", all) if both else (" OR ", any)
    return Case(f"({word.join(part.soql for part in parts)})", lambda row: judge(part.holds(row) for part in parts))


def _negated(part: Case) -> Case:
    return Case(f"(NOT {part.soql})", lambda row: not part.holds(row))


operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
leaves = st.one_of(
    st.builds(_number, operators, st.sampled_from(NUMBERS)),
    st.builds(_text, operators, st.sampled_from(TEXTS)),
    st.builds(_member, st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2), negated=st.booleans()),
)
conditions = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(_negated, parts),
        st.builds(_joined, st.lists(parts, min_size=2, max_size=3), both=st.booleans()),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def cursors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cursors]:
    store = Store(tmp_path_factory.mktemp("logic") / "data.db")
    store.insert_many("Lead", ROWS, by="x")
    yield Cursors(store, Access(store, Faults()), Clock())
    store.close()


@given(case=conditions)
def test_conditions_mean_what_they_say(cursors: Cursors, case: Case) -> None:
    cursor = cursors.run(f"SELECT LastName FROM Lead WHERE {case.soql} ORDER BY CreatedDate")
    found = {row[1] for row in cursors.page(cursor, 0, len(ROWS))}
    assert found == {row["LastName"] for row in ROWS if case.holds(row)}
