"""Conditions over a frame of records, whole columns at a time.

Kept apart from the models because it needs pandas, which nothing may import that Airflow reads at DAG-parse time.

How values compare:

- Empty is None or an empty text. `is null` means `is empty`; an empty value *is not* anything else.
- `is` and `in` are exact: case and spaces count, and a text never equals a number. A number equals a number (1 is 1.0).
- `contains` and `starts with` ignore case.
- `greater than` and its kin compare a number with numbers (and texts that read as one), a date or an instant with dates
  and instants; of everything else they are false.
- A field that the frame does not have is unknown (G8): every row that looks at it fails.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.mapping.conditions import AllOf, Condition, Row, describe, members
from modstamp.model import Value

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

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
    return same & (_is_boolean(series) if isinstance(value, bool) else ~_is_boolean(series))


def _is_boolean(series: pd.Series) -> Mask:
    return np.asarray(series.map(lambda held: isinstance(held, bool)), dtype=bool)


def _in(series: pd.Series, values: tuple[Value, ...]) -> Mask:
    found = np.zeros(len(series), dtype=bool)
    for value in values:
        found |= _is(series, value)
    return found


def _contains(series: pd.Series, value: str) -> Mask:
    return _text_where(series, lambda text: value.casefold() in text.casefold())


def _starts_with(series: pd.Series, value: str) -> Mask:
    return _text_where(series, lambda text: text.casefold().startswith(value.casefold()))


def _compare(compare: Callable[[Any, Any], Any]) -> Callable[..., Mask]:
    def mask(series: pd.Series, value: float | str) -> Mask:
        if isinstance(value, str):
            # Without the Z at the end, instants of any precision and dates are in order as texts.
            bound = value.removesuffix("Z")
            return _text_where(series, lambda text: bool(_DATE.match(text) and compare(text.removesuffix("Z"), bound)))
        numbers = pd.to_numeric(series.mask(_is_boolean(series)), errors="coerce")
        return np.asarray(compare(numbers, value), dtype=bool)

    return mask


def _text_where(series: pd.Series, test: Callable[[str], bool]) -> Mask:
    """Texts that pass. pandas' own text methods loop just so, and refuse columns that hold no text at all."""
    return np.asarray(series.map(lambda held: isinstance(held, str) and test(held)), dtype=bool)


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
