"""Hearing of changes without triggers, by a column that holds the time of the last change (G31)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from modstamp.connectors.engagement import capture, tables
from modstamp.connectors.engagement.catalog import Catalog
from modstamp.engine import degraded
from tests.fixtures.role import Role, new_role
from tests.fixtures.world import World

MAIL = "ada@example.com"


@pytest.fixture
def role(postgresql: Engine) -> Iterator[Role]:
    yield from new_role(postgresql)


def without_triggers(world: World) -> World:
    """The touch trigger goes too: the table's own program keeps its column."""
    with world.engine.begin() as connection:
        capture.remove(connection, tables.prospects)
        capture.watch(connection, {world.mapping.name: "prospects"}, {world.mapping.name: "updated_at"})
    return world


def edit(world: World, record: str, **values: str) -> None:
    now = (
        "clock_timestamp()" if world.engine.dialect.name == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    )
    changes = ", ".join(f"{name} = :{name}" for name in values)
    world.sql(f"UPDATE prospects SET {changes}, updated_at = {now} WHERE id = :id", id=int(record), **values)  # noqa: S608


@pytest.mark.guarantee("G31")
def test_edits_and_new_records_are_found_by_the_column(world: World) -> None:
    without_triggers(world)
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle()
    ((record, _),) = world.links()
    edit(world, record, phone="1")
    world.prospect(email="b@example.com", last_name="Bob")

    summary = world.push()

    assert world.leads()[lead]["Phone"] == "1"
    assert {row["LastName"] for row in world.leads().values()} == {"Lovelace", "Bob"}
    assert "degraded: no triggers on prospect, changes are read from updated_at" in summary.message


@pytest.mark.guarantee("G31")
def test_a_change_within_the_lookback_is_looked_at_once(world: World) -> None:
    without_triggers(world)
    world.lead(Email=MAIL, LastName="Lovelace")
    world.settle()
    ((record, _),) = world.links()
    edit(world, record, phone="1")
    world.push()
    world.settle(1)

    assert world.push().counts.get("seen") is None
    edit(world, record, phone="2")
    assert world.push().counts["seen"] == 1


@pytest.mark.guarantee("G31")
def test_a_change_that_becomes_visible_late_is_found_by_the_lookback(world: World) -> None:
    without_triggers(world)
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle()
    ((record, _),) = world.links()
    world.push()

    late = "clock_timestamp() - interval '20 seconds'"
    if world.engine.dialect.name == "sqlite":
        late = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-20 seconds')"
    world.sql(f"UPDATE prospects SET phone = '1', updated_at = {late} WHERE id = :id", id=int(record))  # noqa: S608
    world.push()

    assert world.leads()[lead]["Phone"] == "1"


@pytest.mark.guarantee("G31")
@pytest.mark.guarantee("G1")
def test_two_edits_of_one_second_are_both_found(world: World) -> None:
    """A column of whole seconds shows them with one time. Its clock is ahead, so that the second lasts long enough."""
    without_triggers(world)
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle()
    ((record, _),) = world.links()
    second = "date_trunc('second', clock_timestamp()) + interval '10 seconds'"
    if world.engine.dialect.name == "sqlite":
        second = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '+10 seconds')"
    world.sql(f"UPDATE prospects SET phone = '1', updated_at = {second} WHERE id = :id", id=int(record))  # noqa: S608
    world.push()
    world.sql("UPDATE prospects SET phone = '2' WHERE id = :id", id=int(record))
    world.push()
    assert world.leads()[lead]["Phone"] == "2"


@pytest.mark.guarantee("G31")
def test_a_login_without_the_right_to_triggers_is_told_apart(postgresql: Engine, role: Role) -> None:
    with postgresql.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (number integer PRIMARY KEY, name text)")
    role.may("SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public", "CREATE, USAGE ON SCHEMA public")
    login = create_engine(make_url(postgresql.url).set(username=role.name, password=role.password))
    with login.begin() as connection:
        table = Catalog().table(connection, "people")
        # The function of all triggers belongs to the owner of the state.
        triggers = [each for each in capture.outstanding(connection, table) if "TRIGGER modstamp" in each]
        assert len(triggers) == 4
        assert not capture.try_out(connection, triggers)
        connection.exec_driver_sql("SELECT 1")  # the transaction goes on
    role.may("TRIGGER ON people")
    with login.begin() as connection:
        assert capture.try_out(connection, triggers)
    with login.begin() as connection:
        assert capture.outstanding(connection, table) == []
        connection.exec_driver_sql("SELECT 1")
    with postgresql.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE people ADD COLUMN created_at timestamptz")
        assert capture.outstanding(connection, Catalog().table(connection, "people")) != []
    login.dispose()


@pytest.mark.guarantee("G31")
def test_a_new_record_without_a_time_is_found_and_looked_at_once(postgresql_world: World) -> None:
    world = without_triggers(postgresql_world)
    world.sql("ALTER TABLE prospects ALTER updated_at DROP NOT NULL")
    world.poll()
    world.push()
    world.prospect(email="b@example.com", last_name="Bob", updated_at=None)

    assert world.push().counts["created"] == 1
    assert world.push().counts.get("seen") is None
    assert len(world.leads()) == 1


@pytest.mark.guarantee("G31")
def test_the_first_look_goes_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(degraded, "_PAGE", 2)
    without_triggers(world)
    for number in range(5):
        world.prospect(email=f"{number}@example.com", last_name="Bob")
    world.poll()
    pages: list[str] = []
    world.reach = lambda step: pages.append(step) if step in ("records.scan", "records.changed") else None

    assert world.push().counts["created"] == 5
    assert pages == ["records.scan"] * 3
