"""The engagement database as anybody else meets it: by its URL and what its catalogue shows."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    TableClause,
    column,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import SAWarning

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
CHUNK = 5_000


class NotMigratedError(Exception):
    """The engagement database lacks a table."""


def open_database(url: str) -> Engine:
    """Open `postgresql://…` or `sqlite:///path`."""
    parsed = make_url(url)
    engine = create_engine(parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername)))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def reflected(connection: Connection, name: str) -> TableClause:
    """A table with its columns.

    Raises:
        NotMigratedError: there is no such table.
    """
    inspector = inspect(connection)
    if not inspector.has_table(name):
        raise NotMigratedError(f"the engagement database has no table {name}: run its migrations first")
    return table(name, *(column(each["name"], each["type"]) for each in inspector.get_columns(name)))


def insert_rows(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    target = reflected(connection, name)
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(target), [dict(row) for row in rows[start : start + CHUNK]])


def insert_numbered(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows that all have the same columns, many in one statement, and return their ids in the same order."""
    if not rows:
        return []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)  # an index of an expression
        target = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
    statement = insert(target).returning(target.c["id"], sort_by_parameter_order=True)
    return [int(found) for found in connection.scalars(statement, [dict(row) for row in rows])]


def ids_by(connection: Connection, name: str, key: str) -> dict[str, int]:
    """The id of each row by one of its columns, where that is filled."""
    source = reflected(connection, name)
    found = connection.execute(select(source.c[key], source.c["id"]).where(source.c[key].is_not(None)))
    return {str(value): int(row_id) for value, row_id in found}


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    del record
    connection.isolation_level = None  # the driver would begin later than the first read
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 30000")


def _begin(connection: Connection) -> None:
    # Whoever reads first and writes later is refused when somebody else wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
