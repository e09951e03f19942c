"""What a person enters in the engagement database: one record, named by its columns and by people's mail addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Boolean, Connection, Date, DateTime, Integer, TableClause, Text, cast, func, or_, select, update

from sandbox.org.database import insert_numbered, insert_rows, open_database, reflected

TABLES = MappingProxyType(
    {
        "prospect": "prospects",
        "meeting": "meetings",
        "meeting_attendee": "meeting_attendees",
        "mail": "mails",
        "call": "calls",
        "text": "texts",
        "task": "tasks",
    }
)
NEW = "new"
# Said by mail address: word → (column, table).
PEOPLE = MappingProxyType(
    {
        "user": ("user_id", "users"),
        "booker": ("booker_id", "users"),
        "prospect": ("prospect_id", "prospects"),
    }
)
MINUTES = 30  # of a meeting, if nobody says otherwise


class NoSuchRecordError(Exception):
    """There is no such record, more than one, or no such field."""


def enter(url: str, record_type: str, name: str, texts: Mapping[str, str]) -> int:
    """Edit one record, or make it when its name is `new`, and return its id.

    Beside columns: `user`, `booker` and `prospect` by mail address; for a meeting `guests`, with commas between their
    addresses, and `minutes`. A meeting that is moved stays as long as it was.

    Raises:
        NoSuchRecordError: no record goes by that name, or it has no such column.
    """
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            table = reflected(connection, TABLES[record_type])
            guests = [each for each in texts.get("guests", "").split(",") if each]
            words = {word: text for word, text in texts.items() if word not in {"guests", "minutes"}}
            cells = dict(_cell(connection, table, word, text) for word, text in words.items())
            number = None if name == NEW else int(only(_named(connection, table, name), name))
            if record_type == "meeting":
                cells |= _lasting(connection, table, number, cells, texts.get("minutes"))
            if number is not None and cells:
                connection.execute(update(table).where(table.c["id"] == number).values(cells))
            owner = None
            if number is None:
                (number,) = insert_numbered(connection, table.name, [cells])
                owner = cells.get("user_id")
            insert_rows(connection, "meeting_attendees", _attendees(connection, number, owner, guests))
    finally:
        engine.dispose()
    return number


def only(found: list[str], name: str) -> str:
    """Raises `NoSuchRecordError`: none or several of them go by the name."""
    if len(found) != 1:
        raise NoSuchRecordError(f"{len(found)} records go by {name}" + (": name one by its id" if found else ""))
    return found[0]


def _named(connection: Connection, table: TableClause, name: str) -> list[str]:
    named = cast(table.c["id"], Text) == name
    if table.name in {"prospects", "users"}:
        named = or_(named, func.lower(table.c["email"]) == name.lower())
    return [str(row[0]) for row in connection.execute(select(table.c["id"]).where(named))]


def _cell(connection: Connection, table: TableClause, word: str, text: str) -> tuple[str, Any]:
    if word in PEOPLE and PEOPLE[word][0] in table.c:
        column, people = PEOPLE[word]
        return column, int(only(_named(connection, reflected(connection, people), text), text))
    return word, _read(table, word, text)


def _read(table: TableClause, column: str, text: str) -> Any:
    if column not in table.c:
        raise NoSuchRecordError(f"{table.name} has no column {column}, but {', '.join(table.c.keys())}")
    kind = table.c[column].type
    if not text:
        return None
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(kind, Date):
        return date.fromisoformat(text)
    return json.loads(text.lower()) if isinstance(kind, Boolean | Integer) else text


def _lasting(
    connection: Connection, table: TableClause, number: int | None, cells: Mapping[str, Any], minutes: str | None
) -> dict[str, Any]:
    """The end that goes with a start."""
    if "starts_at" not in cells or "ends_at" in cells:
        return {}
    length = timedelta(minutes=int(minutes or MINUTES))
    if number is not None and minutes is None:
        times = select(table.c["starts_at"], table.c["ends_at"]).where(table.c["id"] == number)
        starts, ends = connection.execute(times).one()
        length = ends - starts
    return {"ends_at": cells["starts_at"] + length}


def _attendees(connection: Connection, meeting: int, owner: int | None, guests: list[str]) -> list[dict[str, Any]]:
    """The guests and, where there is an owner to be put before them, who invited them."""
    if not guests:
        return []
    users = reflected(connection, "users")
    mails = connection.scalars(select(users.c["email"]).where(users.c["id"] == owner))
    hosts = [{"meeting_id": meeting, "email": each, "organizer": True, "answer": "accepted"} for each in mails]
    return hosts + [{"meeting_id": meeting, "email": each, "organizer": False, "answer": None} for each in guests]
