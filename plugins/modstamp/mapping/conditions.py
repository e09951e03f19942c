"""Conditions: rows of field, operator and value, nested in `all` and `any` (OSF-130 to OSF-134).

There is no `not`: each operator that has an opposite names it. So a field that is unknown (G8) can be taken as "does
not hold" wherever it stands, and no condition becomes true for want of knowledge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from modstamp.mapping.durations import duration
from modstamp.model import Value

Operator = Literal[
    "is", "is not", "is empty", "is not empty", "in", "not in",
    "contains", "does not contain", "starts with", "does not start with",
    "greater than", "at least", "less than", "at most", "before", "after",
    "within the last", "not within the last", "within the next", "not within the next",
    "changed",
]  # fmt: skip

LISTS = frozenset({"in", "not in"})
WITHOUT_VALUE = frozenset({"is empty", "is not empty", "changed"})
TEXTS = frozenset({"contains", "does not contain", "starts with", "does not start with"})
COMPARISONS = frozenset({"greater than", "at least", "less than", "at most"})
TIMES = frozenset({"before", "after"})
RELATIVE = frozenset({"within the last", "not within the last", "within the next", "not within the next"})
OPPOSITES = {
    "is not": "is", "is not empty": "is empty", "not in": "in", "does not contain": "contains",
    "does not start with": "starts with", "not within the last": "within the last",
    "not within the next": "within the next",
}  # fmt: skip
"""Negative operator → the positive one. The negative one is true wherever the positive one is false."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z)?")
_MIDNIGHT = "T00:00:00.000000"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Strict):
    """One comparison. `field` is named as the source of the direction names it.

    `value`: a scalar; a list for `in` and `not in`; absent for `is empty`, `is not empty` and `changed`. Dates are
    ``YYYY-MM-DD``, instants ``YYYY-MM-DDTHH:MM:SSZ``, durations ``30 days``; a date compared with an instant means the
    start of that day in UTC. A row with `on: false` is ready, and says nothing yet.
    """

    field: str = Field(min_length=1)
    operator: Operator
    value: Value | tuple[Value, ...] = None
    on: bool = True

    @model_validator(mode="after")
    def _value_fits_operator(self) -> Self:
        if fault := _fault(self):
            raise PydanticCustomError("condition_value", "{fault}", {"fault": f"'{self.operator}' {fault}"})
        return self


class AllOf(_Strict):
    """True when every member is."""

    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(_Strict):
    """True when one member is."""

    any: tuple[Condition, ...] = Field(min_length=1)


def _kind(value: Any) -> str:
    """Which of the three a value is meant to be, so that a mistake is reported for that one only."""
    if isinstance(value, dict):
        return next((key for key in ("all", "any") if key in value), "row")
    if isinstance(value, AllOf):
        return "all"
    return "any" if isinstance(value, AnyOf) else "row"


Condition = Annotated[
    Annotated[Row, Tag("row")] | Annotated[AllOf, Tag("all")] | Annotated[AnyOf, Tag("any")],
    Discriminator(_kind),
]

AllOf.model_rebuild()
AnyOf.model_rebuild()


def _fault(row: Row) -> str | None:
    """What is wrong with a row's value; None when it suits the operator."""
    if (row.operator in WITHOUT_VALUE) == ("value" in row.model_fields_set):
        return "takes no value" if row.operator in WITHOUT_VALUE else "needs a value"
    if (row.operator in LISTS) != isinstance(row.value, tuple):
        return "needs a list of values" if row.operator in LISTS else "takes one value, not a list"
    return next(
        (needs for operators, suits, needs in _NEEDS if row.operator in operators and not suits(row.value)), None
    )


def _is_ordered(value: Value | tuple[Value, ...]) -> bool:
    if isinstance(value, str):
        return moment_of(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Value | tuple[Value, ...]) -> bool:
    return isinstance(value, str) and bool(value)


def _is_time(value: Value | tuple[Value, ...]) -> bool:
    return isinstance(value, str) and moment_of(value) is not None


def _is_duration(value: Value | tuple[Value, ...]) -> bool:
    return isinstance(value, str) and duration(value) is not None


_NEEDS: tuple[tuple[frozenset[str], Callable[[Value | tuple[Value, ...]], bool], str], ...] = (
    (TEXTS, _is_text, "needs a text"),
    (COMPARISONS, _is_ordered, "needs a number, a date (YYYY-MM-DD) or an instant (YYYY-MM-DDTHH:MM:SSZ)"),
    (TIMES, _is_time, "needs a date (YYYY-MM-DD) or an instant (YYYY-MM-DDTHH:MM:SSZ)"),
    (RELATIVE, _is_duration, "needs a duration, such as '30 days' or '12 hours'"),
)


def moment_of(text: str) -> str | None:
    """A date or an instant as a text that sorts: microseconds, no ``Z``; a date is the start of its day in UTC.

    None: the text is neither.
    """
    if not _TIME.fullmatch(text):
        return None
    if len(text) == len("YYYY-MM-DD"):
        sortable = text + _MIDNIGHT
    else:
        whole, _, fraction = text.removesuffix("Z").partition(".")
        sortable = f"{whole}.{fraction:0<6}"
    try:
        datetime.fromisoformat(sortable)
    except ValueError:
        return None
    return sortable


@dataclass(frozen=True, slots=True)
class Criteria:
    """A condition that a source is asked to apply, at one moment."""

    condition: Condition
    now: datetime

    @property
    def fields(self) -> tuple[str, ...]:
        return fields(self.condition)


def members(condition: AllOf | AnyOf) -> tuple[Condition, ...]:
    return condition.all if isinstance(condition, AllOf) else condition.any


def active(condition: Condition | None) -> Condition | None:
    """The condition without the rows that are switched off; None where nothing is left."""
    if condition is None or isinstance(condition, Row):
        return condition if condition is not None and condition.on else None
    left = tuple(each for each in map(active, members(condition)) if each is not None)
    if not left:
        return None
    return AllOf(all=left) if isinstance(condition, AllOf) else AnyOf(any=left)


def rows(condition: Condition) -> Iterator[Row]:
    """Every comparison, in reading order."""
    if isinstance(condition, Row):
        yield condition
        return
    for member in members(condition):
        yield from rows(member)


def fields(condition: Condition) -> tuple[str, ...]:
    """Every field that the condition looks at, each once, in reading order."""
    return tuple(dict.fromkeys(row.field for row in rows(condition)))


def describe(condition: Condition) -> str:
    """The condition as people read it: ``Email is not empty and HasOptedOutOfEmail is false``."""
    if isinstance(condition, Row):
        return _describe_row(condition)
    word = " and " if isinstance(condition, AllOf) else " or "
    return word.join(_bracketed(member) for member in members(condition))


def _bracketed(member: Condition) -> str:
    text = describe(member)
    return text if isinstance(member, Row) or len(members(member)) == 1 else f"({text})"


def _describe_row(row: Row) -> str:
    if row.operator in WITHOUT_VALUE:
        return f"{row.field} {row.operator}"
    if isinstance(row.value, tuple):
        return f"{row.field} {row.operator} [{', '.join(map(_literal, row.value))}]"
    if row.operator in RELATIVE:
        return f"{row.field} {row.operator} {row.value}"
    return f"{row.field} {row.operator} {_literal(row.value)}"


def _literal(value: Value) -> str:
    """A value as YAML writes it; a date or an instant without its quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) and not _TIME.fullmatch(value) else str(value)
