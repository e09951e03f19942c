"""``python -m modstamp.migrations.document > docs/schema.md``: the internal database, for people to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from modstamp.connectors.engagement import definitions
from modstamp.connectors.engagement.types import TYPES
from modstamp.state.tables import metadata as state_metadata

_HEAD = """\
# The internal database

Generated from the table definitions by `python -m modstamp.migrations.document > docs/schema.md`; do not edit.

Types are PostgreSQL's. On SQLite whole numbers are `INTEGER`, times are texts in UTC and JSON is text. Triggers capture
every change of an engagement table, and keep its `updated_at`.
"""
_ENGAGEMENT = "## Engagement tables\n"
_STATE = "## State tables\n\nWritten by Modstamp alone. G numbers name rules of the guarantees.\n"


def markdown() -> str:
    """The whole document."""
    names = {table.name: type_name for type_name, table in TYPES.items()}
    engagement = [_section(table, f"Type `{names[table.name]}`. ") for table in definitions.metadata.sorted_tables]
    state = [_section(table, "") for table in state_metadata.sorted_tables]
    return "\n".join([_HEAD, _ENGAGEMENT, *engagement, _STATE, *state])


def _section(table: Table, opening: str) -> str:
    head = [f"### {table.name}", "", f"{opening}{table.comment or ''}.", ""]
    columns = ["| column | type | key | may be empty | meaning |", "|---|---|---|---|---|", *map(_row, table.columns)]
    indexes = list(_indexes(table))
    return "\n".join([*head, *columns, *(["", *indexes] if indexes else []), ""])


def _row(column: Column[Any]) -> str:
    keys = ["primary"] if column.primary_key else []
    keys += sorted(f"→ {key.column.table.name}" for key in column.foreign_keys)
    type_name = column.type.compile(postgresql.dialect()).lower()  # type: ignore[no-untyped-call]
    cells = (f"`{column.name}`", type_name, ", ".join(keys), "yes" if column.nullable else "", column.comment or "")
    return f"| {' | '.join(cells)} |"


def _indexes(table: Table) -> Iterator[str]:
    """Unique ones forbid something and are told; the others only save time."""
    unique: list[Index | UniqueConstraint] = [index for index in table.indexes if index.unique]
    unique += [entry for entry in table.constraints if isinstance(entry, UniqueConstraint)]
    for entry in sorted(unique, key=lambda found: str(found.name)):
        parts = entry.expressions if isinstance(entry, Index) else entry.columns
        where = entry.dialect_options["postgresql"]["where"] if isinstance(entry, Index) else None
        condition = "" if where is None else f" where `{where}`"
        yield f"- unique: {', '.join(f'`{_named(part)}`' for part in parts)}{condition}"


def _named(part: Any) -> str:
    return part.name if isinstance(part, Column) else str(part)


if __name__ == "__main__":
    sys.stdout.write(markdown())
