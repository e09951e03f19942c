"""`python -m sandbox.org.edit lead ada@example.org Phone=+4930123`: one edit, as a person would make it.

In Salesforce (lead, contact, account) under the org's rules and in the field names of Salesforce; in the engagement
database (prospect) by column. The record is named by its mail address (an account by its name) or its id; an empty
value empties the field.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Integer, TableClause, Text, cast, func, or_, select, update

from sandbox.org.database import NotMigratedError, open_database, reflected
from sandbox.org.places import add_arguments, read_places
from sandbox.salesforce.org import Options, open_org
from sandbox.salesforce.people import perform
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.schema import ObjectType

OBJECTS = {"lead": ("Lead", "Email"), "contact": ("Contact", "Email"), "account": ("Account", "Name")}
PLAIN_KINDS = frozenset({"boolean", "integer", "number"})


class NoSuchRecordError(Exception):
    """There is no such record, more than one, or no such field."""


def edit_external(state: Path, record_type: str, name: str, texts: Mapping[str, str]) -> str:
    """Edit one Salesforce record under the org's rules and return its id.

    Raises:
        NoSuchRecordError: no record, or more than one, goes by that name.
        Refusal: Salesforce does not save the record.
    """
    object_name, key = OBJECTS[record_type]
    org = open_org(state, Options())
    try:
        condition = f"IsDeleted = 0 AND (Id = ? OR {key} = ?)"
        found = [str(row["Id"]) for row in org.store.rows(object_name, condition, (name, name))]
        values = _typed(org.schema[object_name], texts)
        return perform(org, {"object": object_name, "id": _only(found, name), "values": values})
    finally:
        org.store.close()


def edit_internal(url: str, name: str, texts: Mapping[str, str]) -> int:
    """Edit one prospect and return its id.

    Raises:
        NoSuchRecordError: no prospect goes by that name, or it has no such column.
    """
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            prospects = reflected(connection, "prospects")
            named = or_(func.lower(prospects.c["email"]) == name.lower(), cast(prospects.c["id"], Text) == name)
            row_id = int(
                _only([str(row[0]) for row in connection.execute(select(prospects.c["id"]).where(named))], name)
            )
            changes = {column: _read(prospects, column, text) for column, text in texts.items()}
            connection.execute(update(prospects).where(prospects.c["id"] == row_id).values(changes))
    finally:
        engine.dispose()
    return row_id


def _typed(object_type: ObjectType, texts: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in texts.items():
        field = object_type.field_named(name)
        if field is None:
            raise NoSuchRecordError(f"{object_type.name} has no field {name}")
        values[field.name] = json.loads(text.lower()) if text and field.kind in PLAIN_KINDS else text or None
    return values


def _read(table: TableClause, column: str, text: str) -> Any:
    if column not in table.c:
        raise NoSuchRecordError(f"{table.name} has no column {column}, but {', '.join(table.c.keys())}")
    plain = isinstance(table.c[column].type, Boolean | Integer)
    return json.loads(text.lower()) if text and plain else text or None


def _only(found: list[str], name: str) -> str:
    if len(found) != 1:
        raise NoSuchRecordError(f"{len(found)} records go by {name}" + (": name one by its id" if found else ""))
    return found[0]


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.org.edit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("type", choices=[*OBJECTS, "prospect"])
    parser.add_argument("record", help="mail address, account name or id")
    parser.add_argument("values", nargs="+", metavar="field=value")
    add_arguments(parser)
    given = parser.parse_args(words)
    places = read_places(given)
    texts = dict(text.split("=", 1) for text in given.values if "=" in text)
    if len(texts) < len(given.values):
        parser.error("values are given as field=value, each field once")
    try:
        if given.type == "prospect":
            done: int | str = edit_internal(places.database(), given.record, texts)
        else:
            done = edit_external(places.state, given.type, given.record, texts)
    except (NotMigratedError, NoSuchRecordError, Refusal) as error:
        raise SystemExit(str(error)) from None
    print(f"{given.type} {done}: {', '.join(given.values)}")


if __name__ == "__main__":
    main()
