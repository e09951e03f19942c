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
class Aggregate:
    """`SUM(Amount) total`: a function in lower case, its field, and the name of the result; None: it has none."""

    function: str
    path: Path
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A grouped field under a name of the query's own."""

    path: Path
    alias: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; kind is STRING, DATETIME, DATE, NUMBER, BOOLEAN, NULL or DATE_LITERAL."""

    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path | Aggregate
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
    path: Path | Aggregate
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`fields` is None for `SELECT COUNT()`; `children` are the queries of children, whose source is a relationship."""

    text: str
    fields: tuple[Path | Named | Aggregate, ...] | None
    source: Path
    children: tuple[Query, ...] = ()
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def grouped(self) -> bool:
        """Whether it finds groups of records, or all of them as one."""
        return bool(self.group) or any(not isinstance(each, Path) for each in self.fields or ())
