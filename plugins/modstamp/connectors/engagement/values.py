"""A column's values: what kind they are, and how they look in the database and in a frame of records.

Values travel to the database as JSON (see `rowset`): the stored form is what JSON can hold and the column's type reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from modstamp import instants
from modstamp.errors import RejectedRecordError
from modstamp.model import Value

_TOO_LARGE = 2**63  # for the integers of any database
_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Enum, "choice"),  # a String too, so before it
    (sa.String, "text"),
    (sa.Uuid, "text"),
    (sa.Integer, "integer"),
    (sa.Numeric, "number"),
    (sa.Float, "number"),
    (sa.DateTime, "instant"),
    (sa.Date, "date"),
)


def kind(column: sa.Column[Any]) -> str | None:
    """As in `model.Field`. Ids of records are references. None: a type that cannot be mapped, such as JSON or bytes."""
    if column.primary_key or column.foreign_keys:
        return "reference"
    plain = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return next((name for known, name in _KINDS if isinstance(plain, known)), None)


def shown(column: sa.Column[Any], values: Iterable[Any]) -> list[Value]:
    """Database → frame."""
    convert = _SHOWN.get(kind(column) or "", str if isinstance(column.type, sa.Uuid) else None)
    if convert is None:
        return list(values)
    return [None if value is None else convert(value) for value in values]


def stored(column: sa.Column[Any], values: Iterable[Value], *, dialect: str) -> list[Value]:
    """Frame → database. Raises `RejectedRecordError` when a value is not of the column's kind."""
    convert = _STORED.get(_storage(column), str)
    try:
        converted = [None if value is None else convert(value) for value in values]
    except (TypeError, ValueError):
        raise RejectedRecordError("wrong_kind", f"{column.name}: a value is no {kind(column)}") from None
    if dialect == "sqlite" and kind(column) == "instant":
        return [value and _sqlite_instant(str(value)) for value in converted]
    return converted


def can_hold(column: sa.Column[Any], values: Sequence[Value], *, dialect: str) -> list[bool]:
    """Per value whether the column could hold it. One by one only where some cannot: nearly always all can."""
    try:
        found = stored(column, values, dialect=dialect)
        if isinstance(column.type, sa.Uuid):
            _ = [UUID(str(value)) for value in found]
    except (RejectedRecordError, ValueError):
        if len(values) == 1:
            return [False]
        return [can_hold(column, [value], dialect=dialect)[0] for value in values]
    return [not isinstance(value, int) or abs(value) < _TOO_LARGE for value in found]


def check_length(column: sa.Column[Any], values: Iterable[Value]) -> None:
    """Raises `RejectedRecordError`. Not left to the database, as SQLite keeps texts of any length."""
    length = getattr(column.type, "length", None)
    if length and any(isinstance(value, str) and len(value) > length for value in values):
        raise RejectedRecordError("too_long", f"{column.name}: a text is longer than {length} characters")


def _storage(column: sa.Column[Any]) -> str:
    """References are stored as what they refer to: mostly numbers, though texts in a frame."""
    found = kind(column) or ""
    return "integer" if found == "reference" and isinstance(column.type, sa.Integer) else found


def _shown_instant(value: datetime) -> str:
    return instants.to_text(value if value.tzinfo else value.replace(tzinfo=UTC))


def _sqlite_instant(value: str) -> str:
    return instants.from_text(value).strftime("%Y-%m-%d %H:%M:%S.%f")


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _integer(value: Value) -> int:
    """Whole numbers only; a reference comes as text."""
    number = int(value)  # type: ignore[arg-type]  # None was left out; anything else may raise
    if isinstance(value, float) and value != number:
        raise ValueError(value)
    return number


def _number(value: Value) -> float:
    number = float(value)  # type: ignore[arg-type]  # as above
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _date(value: Value) -> str:
    return datetime.strptime(str(value), "%Y-%m-%d").date().isoformat()  # noqa: DTZ007 - a date has no zone


_SHOWN: Mapping[str, Callable[[Any], Value]] = MappingProxyType(
    {"reference": str, "number": float, "instant": _shown_instant, "date": lambda value: value.isoformat()},
)
_STORED: Mapping[str, Callable[[Any], Value]] = MappingProxyType(
    {
        "boolean": _boolean,
        "integer": _integer,
        "number": _number,
        "instant": lambda value: instants.to_text(instants.from_text(str(value))),
        "date": _date,
    },
)
