"""The schema that migrations make is the one that the code declares, on both databases."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, select

from modstamp.connectors.engagement import tables
from modstamp.migrations import METADATA, configuration, migrate, revision

_STAGES = {"New", "Approaching", "Replied", "Unresponsive", "Do Not Contact", "Bad Data"}


def test_every_declared_table_is_made(empty_database: Engine) -> None:
    migrate(empty_database)
    declared = {name for metadata in METADATA for name in metadata.tables}
    assert set(inspect(empty_database).get_table_names()) == declared | {"alembic_version"}


def test_migrations_and_declarations_agree(database: Engine) -> None:
    with database.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based index")  # SQLite does not tell what they are made of
        command.check(configuration(connection))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("New", marks=pytest.mark.requirement("STG-006")),
        pytest.param("Approaching", marks=pytest.mark.requirement("STG-007")),
        pytest.param("Replied", marks=pytest.mark.requirement("STG-008")),
        pytest.param("Unresponsive", marks=pytest.mark.requirement("STG-009")),
        pytest.param("Do Not Contact", marks=pytest.mark.requirement("STG-010")),
        pytest.param("Bad Data", marks=pytest.mark.requirement("STG-011")),
    ],
)
def test_the_stages_of_the_reference_are_there_from_the_start(database: Engine, name: str) -> None:
    with database.connect() as connection:
        assert connection.scalars(select(tables.stages.c.name)).all().count(name) == 1


@pytest.mark.requirement("STG-012")
def test_stages_may_be_changed_and_stay_so(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(tables.stages.delete().where(tables.stages.c.name == "Replied"))
        connection.execute(tables.stages.insert().values(name="Won"))
    migrate(database)
    with database.connect() as connection:
        names = set(connection.scalars(select(tables.stages.c.name)))
    assert names == _STAGES - {"Replied"} | {"Won"}


def test_migrating_again_changes_nothing(database: Engine) -> None:
    with database.connect() as connection:
        before = revision(connection)
    migrate(database)
    with database.connect() as connection:
        assert revision(connection) == before
        assert len(connection.execute(select(tables.stages)).all()) == len(_STAGES)


def test_several_processes_may_migrate_at_once(empty_database: Engine) -> None:
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(migrate, empty_database) for _ in range(3)]:
            done.result()
    with empty_database.connect() as connection:
        assert revision(connection) is not None


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
