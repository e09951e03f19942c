"""Changes of internal records become pending entries, whoever makes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, MetaData, Table, text

from modstamp.connectors.engagement import capture, tables
from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records
from modstamp.errors import ConfigurationError
from modstamp.frames import object_frame
from modstamp.state.tables import pending

pytestmark = pytest.mark.guarantee("G4")


@pytest.fixture
def connection(connection: Connection) -> Connection:
    """Two mappings hear of prospects; there is one prospect, and nothing is pending."""
    run(connection, "INSERT INTO prospects (id, email, city) VALUES (100, 'a@example.com', 'Ulm')")
    capture.watch(connection, {"lead": "prospects", "contact": "prospects"})
    return connection


def run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def entries(connection: Connection, mapping: str = "lead") -> dict[str, tuple[int, set[str], bool]]:
    """Record id → counter, changed columns, deleted."""
    found = connection.execute(pending.select().where(pending.c.mapping == mapping))
    return {row.record_id: (row.counter, set(row.columns), row.deleted) for row in found}


def test_an_edit_is_told_to_every_mapping(connection: Connection) -> None:
    run(connection, "UPDATE prospects SET city = 'Bonn' WHERE id = 100")
    assert entries(connection, "lead") == entries(connection, "contact") == {"100": (1, {"city"}, False)}


def test_further_edits_raise_the_counter_and_gather_columns(connection: Connection) -> None:
    run(connection, "UPDATE prospects SET city = 'Bonn'", "UPDATE prospects SET phone = '1', city = 'Jena'")
    assert entries(connection) == {"100": (2, {"city", "phone"}, False)}


def test_the_entry_knows_when_each_column_changed(connection: Connection) -> None:
    run(connection, "UPDATE prospects SET city = 'Bonn'", "UPDATE prospects SET phone = '1'")
    columns: dict[str, str] = connection.execute(pending.select()).mappings().all()[0]["columns"]
    assert columns["city"] <= columns["phone"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", moment) for moment in columns.values())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE prospects SET city = city",
        "UPDATE prospects SET city = 'Ulm'",
        "UPDATE prospects SET updated_at = '2030-01-01 00:00:00.000000'",
    ],
)
def test_an_update_that_changes_nothing_makes_no_entry(connection: Connection, statement: str) -> None:
    run(connection, statement)
    assert entries(connection) == {}


def test_new_and_deleted_records_are_told(connection: Connection) -> None:
    run(connection, "INSERT INTO prospects (id) VALUES (101)", "DELETE FROM prospects WHERE id = 100")
    assert entries(connection) == {"100": (1, set(), True), "101": (1, set(), False)}


def test_a_record_that_comes_back_is_no_longer_deleted(connection: Connection) -> None:
    run(connection, "DELETE FROM prospects", "INSERT INTO prospects (id) VALUES (100)")
    assert entries(connection) == {"100": (2, set(), False)}


def test_a_changed_key_is_one_record_gone_and_one_come(connection: Connection) -> None:
    run(connection, "UPDATE prospects SET id = 200")
    assert entries(connection) == {"100": (1, set(), True), "200": (1, set(), False)}


def test_an_edit_wakes_a_waiting_entry(connection: Connection) -> None:
    run(connection, "UPDATE prospects SET city = 'Bonn'")
    run(connection, "UPDATE sync_pending SET reason = 'parent', waits_for = 'account:1', columns = NULL")
    run(connection, "UPDATE prospects SET phone = '1'")
    assert entries(connection) == {"100": (2, {"phone"}, False)}
    assert {row.waits_for for row in connection.execute(pending.select())} == {None}


@pytest.mark.guarantee("G5")
def test_the_writer_alone_hears_nothing_of_what_it_writes(connection: Connection) -> None:
    records = Records(connection, Catalog())
    with capture.writer(connection, "lead"):
        values = object_frame({"_id": ["100"], "city": ["Bonn"]})
        records.update("prospect", values, pd.DataFrame({"city": [True]}))
        (made,) = records.insert("prospect", object_frame({"city": ["Ulm"]}))
    assert entries(connection, "lead") == {}
    assert set(entries(connection, "contact")) == {"100", made}
    run(connection, "UPDATE prospects SET city = 'Jena' WHERE id = 100")
    assert set(entries(connection, "lead")) == {"100"}


@pytest.mark.guarantee("G5")
def test_the_mark_of_a_writer_ends_with_a_failed_transaction(database: Engine) -> None:
    with database.begin() as connection:
        capture.watch(connection, {"lead": "prospects"})
    with pytest.raises(ZeroDivisionError), database.begin() as connection, capture.writer(connection, "lead"):
        raise ZeroDivisionError
    with database.begin() as connection:
        run(connection, "INSERT INTO prospects (id) VALUES (1)")
        assert set(entries(connection)) == {"1"}


def test_tables_that_no_mapping_watches_are_silent(connection: Connection) -> None:
    run(connection, "INSERT INTO roles (name) VALUES ('Boss')")
    assert entries(connection) == {}


def test_watching_is_stated_as_a_whole(connection: Connection) -> None:
    capture.watch(connection, {"contact": "prospects"})
    run(connection, "UPDATE prospects SET city = 'Bonn'")
    assert entries(connection, "lead") == {}
    assert set(entries(connection, "contact")) == {"100"}


def test_a_lost_transaction_leaves_no_entry(database: Engine) -> None:
    with database.begin() as connection:
        capture.watch(connection, {"lead": "prospects"})
    with database.connect() as connection:
        run(connection, "INSERT INTO prospects (id) VALUES (1)")
        connection.rollback()
        assert entries(connection) == {}


def test_hand_written_edits_move_the_time_of_the_last_edit(connection: Connection) -> None:
    def edited() -> Any:
        return connection.execute(tables.prospects.select()).mappings().one()["updated_at"]

    run(connection, "UPDATE prospects SET updated_at = '2020-01-01 00:00:00+00:00'" if is_postgresql(connection) else
        "UPDATE prospects SET updated_at = '2020-01-01 00:00:00.000000'")  # fmt: skip
    old = edited()
    assert old.year == 2020
    run(connection, "UPDATE prospects SET city = city")
    assert edited() == old
    run(connection, "UPDATE prospects SET city = 'Bonn'")
    assert edited() > old


def is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@pytest.mark.guarantee("G31")
def test_any_table_can_be_watched(connection: Connection) -> None:
    fillers = ", ".join(f"c{number} TEXT" for number in range(120))
    run(connection, f"""CREATE TABLE "Big 'Deals' 100%" ("the Number" INTEGER PRIMARY KEY, "Na'me" TEXT, {fillers})""")
    table = Table("Big 'Deals' 100%", MetaData(), autoload_with=connection)
    capture.install(connection, table)
    capture.install(connection, table)
    capture.watch(connection, {"deal": table.name})
    connection.execute(table.insert().values({"the Number": 1, "Na'me": "x"}))
    connection.execute(table.update().values({"Na'me": "y", "c119": "z"}))
    assert entries(connection, "deal") == {"1": (2, {"Na'me", "c119"}, False)}
    capture.remove(connection, table)
    connection.execute(table.delete())
    assert entries(connection, "deal") == {"1": (2, {"Na'me", "c119"}, False)}


@pytest.mark.guarantee("G31")
def test_what_will_be_installed_can_be_read_first(connection: Connection) -> None:
    shown = capture.statements(connection, tables.prospects)
    assert any(re.match("CREATE (OR REPLACE )?TRIGGER", statement) for statement in shown)
    run(connection, "CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b))")
    with pytest.raises(ConfigurationError, match="2 columns"):
        capture.statements(connection, Table("pairs", MetaData(), autoload_with=connection))


def test_columns_that_json_cannot_compare_are_captured_on_postgresql(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        run(
            connection,
            "CREATE TABLE odd (id int PRIMARY KEY, j json, p point, double int GENERATED ALWAYS AS (id * 2) STORED)",
        )
        capture.install(connection, Catalog().table(connection, "odd"))
        capture.watch(connection, {"odd": "odd"})
        run(connection, """INSERT INTO odd VALUES (1, '{"a": 1}', '(1,2)')""", "UPDATE odd SET j = '{\"a\": 2}'")
        assert entries(connection, "odd") == {"1": (2, {"j"}, False)}


def test_truncating_is_deleting_on_postgresql(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        capture.watch(connection, {"lead": "prospects"})
        run(connection, "INSERT INTO prospects (id) VALUES (1), (2)", "TRUNCATE prospects CASCADE")
        assert entries(connection) == {"1": (2, set(), True), "2": (2, set(), True)}


def test_a_program_without_rights_on_the_state_is_heard_on_postgresql(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        capture.watch(connection, {"lead": "prospects"})
        run(connection, "CREATE ROLE clerk_without_rights", "GRANT INSERT, UPDATE ON prospects TO clerk_without_rights")
        run(connection, "SET LOCAL ROLE clerk_without_rights", "INSERT INTO prospects (id) VALUES (1)", "RESET ROLE")
        assert set(entries(connection)) == {"1"}
        run(connection, "DROP OWNED BY clerk_without_rights", "DROP ROLE clerk_without_rights")


def test_columns_may_come_and_go_on_postgresql(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        capture.watch(connection, {"lead": "prospects"})
        run(connection, "INSERT INTO prospects (id) VALUES (1)", "DELETE FROM sync_pending")
        run(connection, "ALTER TABLE prospects DROP COLUMN custom3", "ALTER TABLE prospects ADD COLUMN shoe int")
        run(connection, "UPDATE prospects SET shoe = 42")
        assert entries(connection) == {"1": (1, {"shoe"}, False)}


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_conflict_clauses_of_sqlite_do_not_reach_the_entries(sqlite: Engine, verb: str) -> None:
    with sqlite.begin() as connection:
        capture.watch(connection, {"lead": "roles"})
        run(connection, "INSERT INTO roles (id, name) VALUES (1, 'A')", "UPDATE roles SET name = 'B'")
        run(connection, "UPDATE OR IGNORE roles SET name = 'C'", f"{verb} INTO roles (id, name) VALUES (1, 'D')")
        counter, columns, _ = entries(connection)["1"]
        assert counter == (4 if verb.endswith("REPLACE") else 3)
        assert json.dumps(sorted(columns)) == '["name"]'
