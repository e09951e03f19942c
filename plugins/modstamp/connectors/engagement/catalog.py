"""Which table holds the records of a type, and what its columns may hold.

The reference schema's types have names of their own; any other table of the database is a type by its own name (G31).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Column, Connection, Enum, MetaData, Table, UniqueConstraint
from sqlalchemy.exc import NoSuchTableError, SAWarning
from sqlalchemy.sql.visitors import iterate

from modstamp.connectors.engagement import values
from modstamp.connectors.engagement.definitions import CREATED_AT, UPDATED_AT
from modstamp.connectors.engagement.types import TYPES
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Field, TypeDescription


def table_name(type_name: str) -> str:
    """The name of the table that holds a type."""
    return TYPES[type_name].name if type_name in TYPES else type_name


class Catalog:
    """Tables by type name; those that are not known in advance are read from the database once."""

    def __init__(self, types: Mapping[str, Table] = TYPES) -> None:
        self._tables = dict(types)
        self._descriptions: dict[str, TypeDescription] = {}

    def table(self, connection: Connection, type_name: str) -> Table:
        """Raises `ConfigurationError`: no such table, or its primary key has more than one column, or none."""
        if type_name not in self._tables:
            self._tables[type_name] = _reflected(connection, type_name)
        return self._tables[type_name]

    def describe(self, connection: Connection, type_name: str) -> TypeDescription:
        """From the table as it is in the database now, not as the code declares it: doctor looks for the difference."""
        if type_name not in self._descriptions:
            declared = self.table(connection, type_name)
            table = _reflected(connection, declared.name)
            unique = _unique(table, declared)  # SQLite does not show indexes of lower(email); the declaration does
            fields = [self._field(column, unique) for column in table.columns if values.kind(column) is not None]
            self._descriptions[type_name] = TypeDescription(
                name=type_name, fields={field.name: field for field in fields}
            )
        return self._descriptions[type_name]

    def _field(self, column: Column[Any], unique: set[str]) -> Field:
        own = column.primary_key or column.name in {CREATED_AT, UPDATED_AT} or column.computed is not None
        has_default = column.server_default is not None or column.identity is not None
        is_enum = isinstance(column.type, Enum)
        return Field(
            name=column.name,
            kind=values.kind(column) or "",
            label=column.name.replace("_", " ").capitalize(),
            length=None if is_enum else getattr(column.type, "length", None),
            required=not (column.nullable or has_default or own),
            createable=not own,
            updateable=not own,
            unique=column.primary_key or column.name in unique,
            calculated=column.computed is not None,
            choices=tuple(column.type.enums) if isinstance(column.type, Enum) else (),
            restricted=is_enum,
            refers_to=tuple(sorted(self._type_of(key.column.table.name) for key in column.foreign_keys)),
        )

    def _type_of(self, table_name: str) -> str:
        return next((name for name, table in self._tables.items() if table.name == table_name), table_name)


def columns(table: Table, names: Sequence[str]) -> list[Column[Any]]:
    """Raises `ConfigurationError` with every name that is no column of the table, or one that cannot be mapped."""
    unusable = [name for name in names if name not in table.columns or values.kind(table.columns[name]) is None]
    if unusable:
        known = ", ".join(column.name for column in table.columns if values.kind(column) is not None)
        raise ConfigurationError(
            [
                Problem(f"table '{table.name}'", f"it has no usable column '{name}'", f"use one of {known}")
                for name in unusable
            ],
        )
    return [table.columns[name] for name in names]


def key(table: Table) -> Column[Any]:
    """The one column of the primary key."""
    (column,) = table.primary_key
    return column


def _reflected(connection: Connection, name: str) -> Table:
    with warnings.catch_warnings():
        # Of indexes by expression (SQLite) and types that cannot be mapped; neither is needed.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection|Did not recognize type", SAWarning)
        try:
            table = Table(name, MetaData(), autoload_with=connection)
        except NoSuchTableError:
            fix = "name one of the known types or a table of the database, or run the migrations"
            raise ConfigurationError([Problem("engagement database", f"there is no table '{name}'", fix)]) from None
    if len(table.primary_key) != 1:
        what, fix = f"its primary key has {len(table.primary_key)} columns", "give it a primary key of one column"
        raise ConfigurationError([Problem(f"table '{name}'", what, fix)])
    return table


def _unique(*tables: Table) -> set[str]:
    """Columns that alone must be unique, be it in whatever case."""
    found: list[list[Any]] = []
    for table in tables:
        found += [list(index.expressions) for index in table.indexes if index.unique]
        found += [list(entry.columns) for entry in table.constraints if isinstance(entry, UniqueConstraint)]
    named = [{column.name for part in parts for column in _columns_in(part)} for parts in found]
    return {name for names in named if len(names) == 1 for name in names}


def _columns_in(expression: ClauseElement) -> list[Column[Any]]:
    return [part for part in iterate(expression) if isinstance(part, Column)]
