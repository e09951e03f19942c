"""What is settled where the internal database is opened."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from modstamp.connectors.engagement.tables import prospects, roles, users
from modstamp.errors import ConfigurationError
from modstamp.state.database import open_engine, read_only


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://host/name", "psycopg"),
        ("postgresql://host/name", "psycopg"),
        ("postgresql+psycopg2://host/name", "psycopg"),
        ("sqlite:///somewhere.db", "pysqlite"),
    ],
)
def test_the_driver_is_chosen_here(url: str, driver: str) -> None:
    assert open_engine(url).driver == driver


@pytest.mark.parametrize("url", ["mysql://me:secret@host/name", "me:secret@host", ""])
def test_other_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use postgresql://") as caught:
        open_engine(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_read_only_engine_cannot_write(database: Engine) -> None:
    with read_only(database).connect() as connection:
        assert connection.execute(select(roles)).all() == []
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            connection.execute(roles.insert().values(name="A"))
    with database.begin() as connection:
        connection.execute(roles.insert().values(name="A"))


def test_times_are_utc_in_python(database: Engine) -> None:
    with database.begin() as connection:
        made = connection.scalar(roles.insert().values(name="A").returning(roles.c.created_at))
    assert made is not None
    assert made.utcoffset() is not None
    assert not made.utcoffset()


def test_references_are_enforced(database: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), database.begin() as connection:
        connection.execute(prospects.insert().values(owner_id=999))


@pytest.mark.guarantee("G17")
def test_a_plan_cannot_be_overtaken_on_sqlite(sqlite: Engine) -> None:
    """What a transaction has read, no other writes before it ends: it takes the lock when it begins."""
    order: list[str] = []

    def other() -> None:
        with sqlite.begin() as connection:
            order.append("other")
            connection.execute(users.insert().values(email="b@example.com"))

    with sqlite.begin() as connection:
        assert connection.execute(select(users)).all() == []
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("mine")
        connection.execute(users.insert().values(email="a@example.com"))
    thread.join()
    assert order == ["mine", "other"]


def test_readers_do_not_wait_for_a_writer_on_sqlite(sqlite: Engine) -> None:
    with sqlite.begin() as writing, read_only(sqlite).connect() as reading:
        writing.execute(users.insert().values(email="a@example.com"))
        assert reading.execute(select(users)).all() == []


def test_a_dead_server_is_told_soon(tmp_path: Path) -> None:
    with pytest.raises(OperationalError):
        open_engine(f"postgresql://postgres@/name?host={tmp_path}").connect()


def test_letters_beyond_ascii_have_a_lower_case(database: Engine) -> None:
    name = "unicode_lower" if database.dialect.name == "sqlite" else "lower"
    with database.connect() as connection:
        assert connection.scalar(text(f"SELECT {name}('ÉÄ')")) == "éä"


def test_errors_do_not_quote_the_values_of_a_statement(database: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, database.connect() as connection:
        connection.execute(text("SELECT nothing FROM nowhere WHERE email = :email"), {"email": "ada@example.com"})
    assert "ada@example.com" not in str(caught.value)
