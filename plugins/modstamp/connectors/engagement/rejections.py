"""What the database refuses, in words that hold no values: reasons are logged and shown."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType

import psycopg
from sqlalchemy import Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from modstamp.errors import RejectedRecordError

_BY_STATE = MappingProxyType(
    {
        "23502": "required",
        "23503": "reference",
        "23505": "duplicate",
        "23514": "check",
        "22001": "too_long",
        "22003": "out_of_range",
        "P0001": "refused",  # a trigger's own words
    },
)
_BY_NAME = MappingProxyType(
    {
        "SQLITE_CONSTRAINT_NOTNULL": "required",
        "SQLITE_CONSTRAINT_FOREIGNKEY": "reference",
        "SQLITE_CONSTRAINT_UNIQUE": "duplicate",
        "SQLITE_CONSTRAINT_PRIMARYKEY": "duplicate",
        "SQLITE_CONSTRAINT_CHECK": "check",
        "SQLITE_CONSTRAINT_TRIGGER": "refused",
    },
)
_REASONS = MappingProxyType(
    {
        "required": "{where}: a value is required",
        "reference": "{where}: the record referred to does not exist, or is still referred to",
        "duplicate": "{where}: another record has the same value",
        "check": "{where}: the database's own rule does not allow it",
        "too_long": "{where}: a text is too long",
        "out_of_range": "{where}: a number is too large",
    },
)


@contextmanager
def rejections(table: Table) -> Iterator[None]:
    """Turn a refusal inside into `RejectedRecordError`; connection faults and the like pass as they are."""
    try:
        yield
    except DBAPIError as error:
        rejected = _rejection(table, error)
        if rejected is None:
            raise
        raise rejected from None  # the original would carry the parameters, which are personal data


def _rejection(table: Table, error: DBAPIError) -> RejectedRecordError | None:
    origin = error.orig
    if isinstance(origin, psycopg.Error):
        code = _BY_STATE.get(origin.sqlstate or "")
        where = origin.diag.column_name or _column(table, origin.diag.constraint_name or "")
    elif isinstance(origin, sqlite3.Error):
        code = _BY_NAME.get(getattr(origin, "sqlite_errorname", ""))
        where = _column(table, str(origin))
    else:
        return None
    if code is None and not isinstance(error, IntegrityError | DataError):
        return None
    code = code or "refused"
    own_words = str(origin).partition("\n")[0]
    return RejectedRecordError(code, _REASONS[code].format(where=where) if code in _REASONS else own_words)


def _column(table: Table, named: str) -> str:
    """The column that a constraint's name or SQLite's message speaks of; else the table."""
    words = re.sub(rf"\b{re.escape(table.name)}[._]", " ", named)
    names = [column.name for column in table.columns]
    found = [name for name in names if re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", words)]
    return max(found, key=len, default=table.name)
