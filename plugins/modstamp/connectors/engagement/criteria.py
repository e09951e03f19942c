"""A condition as SQL: what `evaluation` says of a frame, asked of a table of the engagement database."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table, TypeDecorator, func

from modstamp import instants
from modstamp.mapping.predicates import Every, Predicate, Some, Test
from modstamp.model import Value

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"greater than": operator.gt, "at least": operator.ge, "less than": operator.lt, "at most": operator.le}
)


def clause(predicate: Predicate, table: Table, *, dialect: str) -> ColumnElement[bool]:
    """True of each row for which the condition holds, and of those of which only reading can tell."""
    if isinstance(predicate, Every | Some):
        parts = [clause(member, table, dialect=dialect) for member in predicate.members]
        return sa.and_(*parts) if isinstance(predicate, Every) else sa.or_(*parts)
    if isinstance(predicate, Test):
        column = table.c[predicate.field.name]
        asked = _asked(predicate, column, dialect)
        # An empty field makes a question unknown, which is as good as no; turned round it would have to be yes.
        return sa.not_(func.coalesce(asked, sa.false())) if predicate.negated else asked
    return sa.true() if predicate is not False else sa.false()


def _asked(test: Test, column: sa.Column[Any], dialect: str) -> ColumnElement[bool]:
    if test.ask == "empty":
        nothing = column.is_(None)
        return nothing | (column == "") if isinstance(column.type, sa.String) else nothing
    if test.ask == "among":
        values = [found for value in test.values if (found := _bound(column, value, test.field.kind)) is not None]
        return column.in_(values) if values else sa.false()
    if test.ask in _COMPARE:
        compared: ColumnElement[bool] = _COMPARE[test.ask](column, _bound(column, test.values[0], test.field.kind))
        return compared
    text, wanted = _folded(column, dialect), str(test.values[0]).lower()
    if test.ask == "contains":
        return text.contains(wanted, autoescape=True)
    return text.startswith(wanted, autoescape=True)


def _folded(column: sa.Column[Any], dialect: str) -> ColumnElement[str]:
    """SQLite's own lower() knows A to Z only."""
    fold = func.unicode_lower if dialect == "sqlite" else func.lower
    return fold(sa.cast(column, sa.Text) if isinstance(column.type, sa.Enum) else column, type_=sa.Text())


def _bound(column: sa.Column[Any], value: Value, kind: str) -> ColumnElement[Any] | None:
    """A parameter that compares with the column. None: no value of the column reads like this one."""
    if kind == "instant":
        moment = instants.from_text(str(value))
        zoned = isinstance(column.type, TypeDecorator) or getattr(column.type, "timezone", False)
        return sa.literal(moment if zoned else moment.replace(tzinfo=None), column.type)
    if kind == "date":
        return sa.literal(sa.Date().python_type.fromisoformat(str(value)), sa.Date())
    if kind in ("integer", "number"):
        return sa.literal(value, sa.BigInteger() if isinstance(value, int) else sa.Float())
    if kind == "reference" and isinstance(column.type, sa.Integer):
        text = str(value)
        return sa.literal(int(text), sa.BigInteger()) if text.isdecimal() and str(int(text)) == text else None
    return sa.literal(value, column.type)
