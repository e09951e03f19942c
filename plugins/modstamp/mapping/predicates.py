"""A condition made ready for a source that evaluates it itself: SOQL, SQL, and whatever comes.

What `evaluation` says of values is said here of kinds of fields: opposites and relative times are resolved, rows that
can never or must always hold are folded away, and bounds are brought to what the kind can hold (days, whole numbers).
A source renders the few tests that are left. What it cannot ask is `BEYOND` it: it then finds more records than the
condition means, never fewer, because a condition has no `not`; whoever needs them exactly judges what was read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

from modstamp import instants
from modstamp.mapping.conditions import OPPOSITES, RELATIVE, AllOf, Condition, Row, members, moment_of
from modstamp.mapping.periods import period
from modstamp.model import Field, Value

_MIDNIGHT = "T00:00:00.000000"

Ask = Literal["empty", "among", "contains", "starts with", "greater than", "at least", "less than", "at most"]


class Unasked(Enum):
    """Only who has read the record can tell."""

    BEYOND = "beyond"


BEYOND: Final = Unasked.BEYOND
BESIDE: Mapping[str, Ask] = MappingProxyType(
    {"greater than": "greater than", "at least": "greater than", "less than": "at most", "at most": "at most"}
)
"""How to ask about a bound that lies between two values that a field can hold, by the lower one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One question about a field. A negated test holds wherever the plain one does not, so for empty fields too.

    `values`: for "among" one or more, never empty ones; for texts and bounds exactly one; for "empty" none.
    """

    __test__ = False  # for pytest: not one of its own

    field: Field
    ask: Ask
    values: tuple[Value, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """True when every member is."""

    members: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """True when one member is."""

    members: tuple[Predicate, ...]


Predicate = bool | Unasked | Test | Every | Some


def predicate(condition: Condition, fields: Mapping[str, Field], now: datetime) -> Predicate:
    """`fields`: those that the source shows; a row about any other never holds (G8). `now`: of relative times."""
    if isinstance(condition, Row):
        field = fields.get(condition.field)
        return False if field is None else _row(condition, field, now)
    parts = [predicate(member, fields, now) for member in members(condition)]
    return every(parts) if isinstance(condition, AllOf) else some(parts)


def every(parts: Iterable[Predicate]) -> Predicate:
    """Folded: what always holds says nothing, what never holds says all."""
    left = [part for part in parts if part is not True]
    if any(part is False for part in left):
        return False
    return left[0] if len(left) == 1 else Every(tuple(left)) if left else True


def some(parts: Iterable[Predicate]) -> Predicate:
    left = [part for part in parts if part is not False]
    if any(part is True for part in left):
        return True
    return left[0] if len(left) == 1 else Some(tuple(left)) if left else False


def _row(row: Row, field: Field, now: datetime) -> Predicate:
    if row.operator == "changed":
        return BEYOND
    operator = OPPOSITES.get(row.operator, row.operator)
    positive = _within(row, field, now) if row.operator in RELATIVE else _positive(operator, row.value, field)
    return positive if operator == row.operator else _negated(positive)


def _negated(positive: Predicate) -> Predicate:
    if isinstance(positive, bool):
        return not positive
    if isinstance(positive, Test):
        return Test(field=positive.field, ask=positive.ask, values=positive.values, negated=not positive.negated)
    if isinstance(positive, Every):
        return some(map(_negated, positive.members))
    return every(map(_negated, positive.members)) if isinstance(positive, Some) else BEYOND


def _positive(operator: str, value: Value | tuple[Value, ...], field: Field) -> Predicate:
    if operator == "is empty":
        return Test(field=field, ask="empty")
    if operator in ("is", "in"):
        return _among(value if isinstance(value, tuple) else (value,), field)
    bound = value if isinstance(value, str | int | float) else ""
    if operator in ("contains", "starts with"):
        return _text("contains" if operator == "contains" else "starts with", bound, field)
    asks: Mapping[str, Ask] = {"before": "less than", "after": "greater than"}
    plain: Mapping[str, Ask] = {each: each for each in ("greater than", "at least", "less than", "at most")}
    return _compared({**plain, **asks}[operator], bound, field)


def _among(values: tuple[Value, ...], field: Field) -> Predicate:
    wanted = tuple(dict.fromkeys(value for value in values if value not in (None, "") and _possible(value, field)))
    empty = any(value is None or value == "" for value in values)
    return some(
        [
            Test(field=field, ask="empty") if empty else False,
            Test(field=field, ask="among", values=wanted) if wanted else False,
        ]
    )


def _possible(value: Value, field: Field) -> bool:
    """Whether a field of this kind can hold just this value, as values are written here."""
    if isinstance(value, bool):
        return field.kind == "boolean"
    if isinstance(value, int | float):
        return field.kind == "number" or (field.kind == "integer" and value == math.floor(value))
    text = str(value)
    if field.kind == "instant":
        return "T" in text and moment_of(text) is not None and instants.to_text(instants.from_text(text)) == text
    if field.kind == "date":
        return "T" not in text and moment_of(text) is not None
    return field.kind in ("text", "choice", "reference")


def _text(ask: Ask, value: Value, field: Field) -> Predicate:
    if field.kind in ("text", "choice"):
        return Test(field=field, ask=ask, values=(value,))
    return False if field.kind in ("boolean", "integer", "number") else BEYOND


def _compared(ask: Ask, bound: Value, field: Field) -> Predicate:
    """Texts may read as numbers or times, which no source is asked to find out."""
    if field.kind in ("text", "choice", "reference"):
        return BEYOND
    if isinstance(bound, str):
        return _time(ask, moment_of(bound) or "", field) if field.kind in ("date", "instant") else False
    if field.kind == "integer" and isinstance(bound, int | float):
        whole = math.floor(bound)
        return Test(field=field, ask=ask if whole == bound else BESIDE[ask], values=(whole,))
    return Test(field=field, ask=ask, values=(bound,)) if field.kind == "number" else False


def _time(ask: Ask, bound: str, field: Field) -> Predicate:
    """`bound` as `moment_of` writes it."""
    if field.kind == "instant":
        return Test(field=field, ask=ask, values=(instants.to_text(instants.from_text(f"{bound}Z")),))
    day = bound.removesuffix(_MIDNIGHT)
    return Test(field=field, ask=ask if day != bound else BESIDE[ask], values=(bound[: len("YYYY-MM-DD")],))


def _within(row: Row, field: Field, now: datetime) -> Predicate:
    ends = period(row, now)
    if field.kind == "date":
        ends = (ends[0][: len("YYYY-MM-DD")], ends[1][: len("YYYY-MM-DD")])
    return every([_compared("at least", ends[0], field), _compared("at most", ends[1], field)])


def is_askable(asked: Predicate) -> bool:
    """Whether a source that renders every test answers it whole: nothing is left to who has read the record."""
    if isinstance(asked, Every | Some):
        return all(map(is_askable, asked.members))
    return asked is not BEYOND
