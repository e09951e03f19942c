"""Bringing the internal database to the schema of this version: state tables, engagement tables and their triggers.

It knows both sets of tables, which do not know each other; so it stands where the wiring stands. Revisions are made
with ``python -m modstamp.migrations "what changes"``. A change of the triggers ships with a revision too, be it empty.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, func, select

from modstamp.connectors.engagement import capture, types
from modstamp.state import tables as state_tables

METADATA: tuple[MetaData, ...] = (types.metadata, state_tables.metadata)

_LOCK = 0x6D6F6473  # any number that no other program of this database locks


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision, in one transaction. A database that has it already is left as it is.

    Several processes may call it at once: one does the work, the others wait for it.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # SQLite's transactions are one at a time
        settings = configuration(connection)
        present = revision(connection)
        if present == newest():
            return
        if present is not None:
            _each_table(connection, capture.remove)  # SQLite drops no column that a trigger names
        command.upgrade(settings, "head")
        _each_table(connection, capture.install)


@cache
def newest() -> str | None:
    """The revision of this version. Found once per process, as it takes reading all of them."""
    return ScriptDirectory.from_config(_scripts(Config())).get_current_head()


def revision(connection: Connection) -> str | None:
    """The revision that the database has; None: it has never been migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, without a file: the scripts in this package, over an open connection."""
    return _scripts(Config(attributes={"connection": connection}))


def _scripts(settings: Config) -> Config:
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def _each_table(connection: Connection, do: Callable[[Connection, Table], None]) -> None:
    for table in types.metadata.sorted_tables:
        do(connection, table)
