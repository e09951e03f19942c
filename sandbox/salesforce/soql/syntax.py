"""The parts of a parsed query. Every part keeps its position, because Salesforce names it when it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Path:
    """A field, possibly through parents (`Owner.Name`); `column` counts from 1 in the query text."""

    names: tuple[str, ...]
    column: int
    line: int = 1

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; kind is STRING, DATETIME, DATE, NUMBER, BOOLEAN, NULL or DATE_LITERAL."""

    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    path: Path
    negated: bool
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    part: Condition


Condition: TypeAlias = "Comparison | Membership | All | Either | Negation"


@dataclass(frozen=True, slots=True)
class Ordering:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`fields` is None for `SELECT COUNT()`; `SELECT COUNT(field)` has the field in `counted`."""

    text: str
    fields: tuple[Path, ...] | None
    counted: Path | None = None
    source: Path
    where: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
