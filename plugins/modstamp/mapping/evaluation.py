"""Conditions over a frame of records, whole columns at a time.

Kept apart from the models because it needs pandas, which nothing may import that Airflow reads at DAG-parse time.

How values compare:

- Empty is None or an empty text. `is null` means `is empty`; an empty value *is not* anything else.
- `is` and `in` are exact: case and spaces count, and a text never equals a number. A number equals a number (1 is 1.0).
- `contains` and `starts with` ignore case.
- `greater than` and its kin are false for empty values. Text that reads as a number is compared as one.
- A field that the frame does not have is unknown (G8): every row that looks at it fails.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.mapping.conditions import AllOf, Condition, Row, describe, members
from modstamp.model import Value

Mask = npt.NDArray[np.bool_]


def holds(condition: Condition, frame: pd.DataFrame) -> Mask:
    """For each row of the frame, whether the condition is true."""
    if isinstance(condition, Row):
        if condition.field not in frame:
            return np.zeros(len(frame), dtype=bool)
        return _OPERATORS[condition.operator](frame[condition.field].astype(object), condition.value)
    masks = np.array([holds(member, frame) for member in members(condition)])
    combine = np.logical_and if isinstance(condition, AllOf) else np.logical_or
    return np.asarray(combine.reduce(masks, axis=0), dtype=bool)


def failing(condition: Condition, frame: pd.DataFrame) -> pd.Series[str]:
    """For each row of the frame (same index), what withholds it, in words; empty where the condition is true.

    Of members joined by `all` the first that fails is named; a group joined by `any` is named whole.
    """
    reasons = np.full(len(frame), "", dtype=object)
    if isinstance(condition, AllOf):
        for member in reversed(members(condition)):
            reason = failing(member, frame).to_numpy()
            reasons = np.where(reason != "", reason, reasons)
    else:
        reasons[~holds(condition, frame)] = describe(condition)
    return pd.Series(reasons, index=frame.index, dtype=object)


def _is_empty(series: pd.Series, _value: Value = None) -> Mask:
    return np.asarray(series.isna() | (series == ""), dtype=bool)


def _is(series: pd.Series, value: Value) -> Mask:
    if value is None or value == "":
        return _is_empty(series)
    same: Mask = np.asarray(series == value, dtype=bool)
    if isinstance(value, str):
        return same
    # Python takes True for 1; a condition does not.
    boolean: Mask = np.asarray(series.map(lambda held: isinstance(held, bool)), dtype=bool)
    return same & boolean if isinstance(value, bool) else same & ~boolean


def _in(series: pd.Series, values: tuple[Value, ...]) -> Mask:
    found = np.zeros(len(series), dtype=bool)
    for value in values:
        found |= _is(series, value)
    return found


def _contains(series: pd.Series, value: str) -> Mask:
    return np.asarray(series.str.casefold().str.contains(value.casefold(), regex=False, na=False), dtype=bool)


def _starts_with(series: pd.Series, value: str) -> Mask:
    return np.asarray(series.str.casefold().str.startswith(value.casefold(), na=False), dtype=bool)


def _compare(compare: Callable[[Any, Any], Any]) -> Callable[..., Mask]:
    def mask(series: pd.Series, value: float | str) -> Mask:
        if isinstance(value, str):
            # Without the Z at the end, instants of any precision and dates are in order as texts.
            text = series.map(lambda held: held.removesuffix("Z") if isinstance(held, str) else None)
            known: Mask = np.asarray(text.notna(), dtype=bool)
            found: Mask = np.asarray(compare(text.where(known, ""), value.removesuffix("Z")), dtype=bool)
            return known & found
        return np.asarray(compare(pd.to_numeric(series, errors="coerce"), value), dtype=bool)

    return mask


def _opposite(test: Callable[..., Mask]) -> Callable[..., Mask]:
    return lambda series, value: ~test(series, value)


_OPERATORS: dict[str, Callable[..., Mask]] = {
    "is": _is,
    "is not": _opposite(_is),
    "is empty": _is_empty,
    "is not empty": _opposite(_is_empty),
    "in": _in,
    "not in": _opposite(_in),
    "contains": _contains,
    "starts with": _starts_with,
    "greater than": _compare(operator.gt),
    "at least": _compare(operator.ge),
    "less than": _compare(operator.lt),
    "at most": _compare(operator.le),
}
