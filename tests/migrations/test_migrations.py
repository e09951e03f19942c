"""The schema that migrations make is the one that the code declares, on both databases."""

from __future__ import annotations

import warnings

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, select

from modstamp.connectors.engagement import tables
from modstamp.migrations import METADATA, configuration, migrate, revision

pytestmark = pytest.mark.requirement("STG-001")


def test_every_declared_table_is_made(empty_database: Engine) -> None:
    migrate(empty_database)
    declared = {name for metadata in METADATA for name in metadata.tables}
    assert set(inspect(empty_database).get_table_names()) == declared | {"alembic_version"}


def test_migrations_and_declarations_agree(database: Engine) -> None:
    with database.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based index")  # SQLite does not tell what they are made of
        command.check(configuration(connection))


def test_migrating_again_changes_nothing(database: Engine) -> None:
    with database.connect() as connection:
        before = revision(connection)
    migrate(database)
    with database.connect() as connection:
        assert revision(connection) == before == "0002"
        assert len(connection.execute(select(tables.stages)).all()) == 6


def test_a_migration_can_be_taken_back(empty_database: Engine) -> None:
    migrate(empty_database)
    with empty_database.begin() as connection:
        command.downgrade(configuration(connection), "base")
    assert inspect(empty_database).get_table_names() == ["alembic_version"]


def test_a_failed_migration_leaves_nothing_behind(empty_database: Engine) -> None:
    with empty_database.connect() as connection:
        transaction = connection.begin()
        command.upgrade(configuration(connection), "head")
        transaction.rollback()
    assert inspect(empty_database).get_table_names() == []
