"""The SQLite tables behind the object types: one table per type, one column per field."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from sandbox.salesforce.schema import Field, ObjectType, Schema

COLUMN_TYPES = {
    "id": "TEXT",
    "boolean": "INTEGER",
    "integer": "INTEGER",
    "number": "REAL",
    "date": "TEXT",
    "datetime": "TEXT",
    # Salesforce compares text without regard to case.
    "text": "TEXT COLLATE NOCASE",
}
# Children are looked up when their parent goes, so what cascades is indexed as well as what is looked for.
INDEXED = frozenset({"unique", "externalId", "cascadeDelete", "indexed"})
OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS _sequence (prefix TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS _deletions (object TEXT NOT NULL, id TEXT NOT NULL, deleted TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS _deletions_by_time ON _deletions (object, deleted)",
    "CREATE TABLE IF NOT EXISTS _taken_along (parent TEXT NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS _taken_along_by_parent ON _taken_along (parent)",
)


@lru_cache(maxsize=4096)
def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def prepare(connection: sqlite3.Connection, schema: Schema) -> None:
    """Create what is missing: tables, columns of fields that were added since, indexes."""
    for statement in OWN_TABLES:
        connection.execute(statement)
    for object_type in schema.objects.values():
        _prepare_object(connection, object_type)


def _prepare_object(connection: sqlite3.Connection, object_type: ObjectType) -> None:
    table = quoted(object_type.name)
    stored = [each for each in object_type.fields.values() if each.stored]
    columns = ", ".join(_column(each) for each in stored)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (_row INTEGER PRIMARY KEY AUTOINCREMENT, {columns})")
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    for each in stored:
        if each.name not in present:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {_column(each)}")
    _index(connection, object_type, "Id", unique=True)
    _index(connection, object_type, "SystemModstamp", "Id")
    for each in stored:
        if each.type == "email" or each.flags & INDEXED:
            _index(connection, object_type, each.name, unique="unique" in each.flags)


def _index(connection: sqlite3.Connection, object_type: ObjectType, *columns: str, unique: bool = False) -> None:
    name = quoted("_".join((object_type.name, "by", *columns)))
    listed = ", ".join(quoted(column) for column in columns)
    kind = "UNIQUE INDEX" if unique else "INDEX"
    conditions = [
        f"{quoted(column)} IS NOT NULL" for column in columns if "nillable" in object_type.fields[column].flags
    ]
    if unique and columns != ("Id",) and object_type.soft_deletes:
        # A record in the recycle bin does not stand in the way of a new one with the same unique value.
        conditions.append("IsDeleted = 0")
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    connection.execute(f"CREATE {kind} IF NOT EXISTS {name} ON {quoted(object_type.name)} ({listed}){where}")


def _column(field: Field) -> str:
    return f"{quoted(field.name)} {COLUMN_TYPES[field.kind]}"
