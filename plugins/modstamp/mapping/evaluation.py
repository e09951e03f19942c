"""Conditions over a frame of records, whole columns at a time.

Kept apart from the models because it needs pandas, which nothing may import that Airflow reads at DAG-parse time.
`predicates` says the same for sources that can evaluate a condition themselves.

How values compare:

- Empty is None or an empty text. `is null` means `is empty`; an empty value *is not* anything else.
- `is` and `in` are exact: case and spaces count, and a text never equals a number. A number equals a number (1 is 1.0).
- `contains` and `starts with` ignore case.
- `greater than` and its kin compare a number with numbers (and texts that read as one), a date or an instant with dates
  and instants; of everything else they are false. `before` and `after` are the same for times alone.
- `within the last` and `within the next` hold for instants from the one end to the other, both included, and for dates
  whose day in UTC is that of such an instant.
- `changed` holds where the record's side shows another value than its base; a field that was never in step has none,
  and has changed.
- A field that the frame does not have is unknown (G8): every row that looks at it fails.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.mapping.conditions import (
    OPPOSITES,
    RELATIVE,
    AllOf,
    Condition,
    Criteria,
    Row,
    describe,
    members,
    moment_of,
)
from modstamp.mapping.periods import period
from modstamp.model import Value

_DATE_LENGTH = len("YYYY-MM-DD")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a condition may look at besides the record. `now`: the one moment of relative times.

    `changed`: field → rows whose value is not its base; where there is none, `changed` never holds.
    """

    now: datetime
    changed: Mapping[str, Mask] = field(default_factory=dict)


def holds(condition: Condition, frame: pd.DataFrame, circumstances: Circumstances) -> Mask:
    """For each row of the frame, whether the condition is true."""
    if isinstance(condition, Row):
        if condition.field not in frame:
            return np.zeros(len(frame), dtype=bool)
        return _row(condition, frame[condition.field].astype(object), circumstances)
    masks = np.array([holds(member, frame, circumstances) for member in members(condition)])
    combine = np.logical_and if isinstance(condition, AllOf) else np.logical_or
    return np.asarray(combine.reduce(masks, axis=0), dtype=bool)


def meeting(criteria: Criteria, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the frame for which the condition is true."""
    held = holds(criteria.condition, frame, Circumstances(now=criteria.now))
    return frame[held].reset_index(drop=True)


def failing(condition: Condition, frame: pd.DataFrame, circumstances: Circumstances) -> pd.Series[str]:
    """For each row of the frame (same index), what withholds it, in words; empty where the condition is true.

    Of members joined by `all` the first that fails is named; a group joined by `any` is named whole.
    """
    reasons = np.full(len(frame), "", dtype=object)
    if isinstance(condition, AllOf):
        for member in reversed(members(condition)):
            reason = failing(member, frame, circumstances).to_numpy()
            reasons = np.where(reason != "", reason, reasons)
    else:
        reasons[~holds(condition, frame, circumstances)] = describe(condition)
    return pd.Series(reasons, index=frame.index, dtype=object)


def _row(row: Row, series: pd.Series, circumstances: Circumstances) -> Mask:
    if row.operator == "changed":
        return circumstances.changed.get(row.field, np.zeros(len(series), dtype=bool))
    positive = OPPOSITES.get(row.operator, row.operator)
    if row.operator in RELATIVE:
        found = _within(series, *period(row, circumstances.now))
    else:
        found = _OPERATORS[positive](series, row.value)
    return found if positive == row.operator else ~found


def _is_empty(series: pd.Series, _value: Value = None) -> Mask:
    return np.asarray(series.isna() | (series == ""), dtype=bool)


def _is(series: pd.Series, value: Value) -> Mask:
    if value is None or value == "":
        return _is_empty(series)
    same: Mask = np.asarray(series == value, dtype=bool)
    if isinstance(value, str):
        return same
    # Python takes True for 1; a condition does not.
    return same & (_is_boolean(series) if isinstance(value, bool) else ~_is_boolean(series))


def _is_boolean(series: pd.Series) -> Mask:
    return np.asarray(series.map(lambda held: isinstance(held, bool)), dtype=bool)


def _in(series: pd.Series, values: tuple[Value, ...]) -> Mask:
    found = np.zeros(len(series), dtype=bool)
    for value in values:
        found |= _is(series, value)
    return found


def _contains(series: pd.Series, value: str) -> Mask:
    return _text_where(series, lambda text: value.lower() in text.lower())


def _starts_with(series: pd.Series, value: str) -> Mask:
    return _text_where(series, lambda text: text.lower().startswith(value.lower()))


def _compare(compare: Callable[[Any, Any], Any]) -> Callable[..., Mask]:
    def mask(series: pd.Series, value: float | str) -> Mask:
        if isinstance(value, str):
            bound = moment_of(value)
            return _text_where(series, lambda text: bool((moment := moment_of(text)) and compare(moment, bound)))
        numbers = pd.to_numeric(series.mask(_is_boolean(series)), errors="coerce")
        return np.asarray(compare(numbers, value), dtype=bool)

    return mask


def _within(series: pd.Series, first: str, last: str) -> Mask:
    days, ends = (first[:_DATE_LENGTH], last[:_DATE_LENGTH]), (moment_of(first) or "", moment_of(last) or "")

    def inside(text: str) -> bool:
        if len(text) == _DATE_LENGTH:
            return moment_of(text) is not None and days[0] <= text <= days[1]
        return ends[0] <= (moment_of(text) or "") <= ends[1]

    return _text_where(series, inside)


def _text_where(series: pd.Series, test: Callable[[str], bool]) -> Mask:
    """Texts that pass. pandas' own text methods loop just so, and refuse columns that hold no text at all."""
    return np.asarray(series.map(lambda held: isinstance(held, str) and test(held)), dtype=bool)


_OPERATORS: dict[str, Callable[..., Mask]] = {
    "is": _is,
    "is empty": _is_empty,
    "in": _in,
    "contains": _contains,
    "starts with": _starts_with,
    "greater than": _compare(operator.gt),
    "at least": _compare(operator.ge),
    "less than": _compare(operator.lt),
    "at most": _compare(operator.le),
    "before": _compare(operator.lt),
    "after": _compare(operator.gt),
}
