"""Names and texts as they stand in SQL that takes no parameters, on PostgreSQL and SQLite alike."""

from __future__ import annotations

from sqlalchemy import Table


def quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def literal(value: str) -> str:
    return "'{}'".format(value.replace("'", "''"))


def table_quoted(table: Table) -> str:
    """With its schema, if it has one."""
    return ".".join(quoted(part) for part in (table.schema, table.name) if part)
