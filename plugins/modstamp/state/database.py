"""Opening the internal database: PostgreSQL through psycopg 3, or a SQLite file.

What differs between the two is settled here, so that the rest of the code need not ask which one it has.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from modstamp.errors import ConfigurationError, Problem

_POSTGRESQL = frozenset({"postgres", "postgresql"})
_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_READER = "reader"  # under which an engine of SQLite knows the one that may not write


def open_engine(url: str | URL) -> Engine:
    """The engine of ``postgresql://…`` or ``sqlite:///path``; the driver is chosen here. Nothing is connected by it.

    Who opens the same database again in this process is given the same engine, which knows the statements that it has
    compiled: that takes longer than a run of a few records. Disposing of it ends its connections only.

    Transactions that may write take their lock at once on SQLite (``BEGIN IMMEDIATE``), so that a plan made from rows
    read inside one cannot be overtaken (G17). Errors do not quote the values of a statement, which are personal data
    and would end in Airflow's logs. Raises `ConfigurationError` for any other URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _unusable("the URL cannot be read") from None  # the reason would repeat the URL and its password
    backend = parsed.get_backend_name()
    if backend in _POSTGRESQL:
        return _opened(parsed.set(drivername="postgresql+psycopg"))
    if backend == "sqlite":
        return _opened(parsed.set(drivername="sqlite+pysqlite"))
    raise _unusable(f"'{backend}' is no database that Modstamp knows")


def read_only(engine: Engine) -> Engine:
    """The same database, which itself forbids these transactions to write: for dry runs.

    SQLite has connections of its own for them: to forbid it and to allow it again would make it forget its statements.
    """
    if engine.dialect.name == "sqlite":
        reader: Engine = engine.get_execution_options().get(_READER, engine)
        return reader
    return engine.execution_options(postgresql_readonly=True)


def _unusable(what: str) -> ConfigurationError:
    fix = "use postgresql://login:password@host/database or sqlite:////absolute/path"
    return ConfigurationError([Problem("engagement database", what, fix)])


@lru_cache(maxsize=16)
def _opened(url: URL) -> Engine:
    return _open_sqlite(url) if url.get_backend_name() == "sqlite" else _open_postgresql(url)


def _open_postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": _CONNECT_SECONDS, "application_name": "modstamp"}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={**arguments, **url.query})


def _open_sqlite(url: URL) -> Engine:
    reader = _connected(url, "BEGIN")
    event.listen(reader, "connect", _forbid_writing)
    engine = _connected(url, "BEGIN IMMEDIATE", **{_READER: reader})
    event.listen(engine, "engine_disposed", lambda _: reader.dispose())
    return engine


def _connected(url: URL, begin: str, **options: Any) -> Engine:
    """An engine whose connections are prepared, and whose transactions begin with this statement."""
    arguments = {"timeout": _BUSY_SECONDS}
    engine = create_engine(url, hide_parameters=True, connect_args=arguments, execution_options=options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: sqlite3.Connection, record: Any) -> None:
    del record
    connection.isolation_level = None  # the driver would begin on its own, later than we need it
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    # SQLite's own lower() knows ASCII only. It keeps its name and meaning: an index made with another lower() would be
    # corrupted by the first program that writes to the file without it.
    connection.create_function("unicode_lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _forbid_writing(connection: sqlite3.Connection, record: Any) -> None:
    del record
    connection.execute("PRAGMA query_only = ON")
