"""`python -m sandbox.org.edit lead ada@example.org Phone=+4930123`: one edit, as a person would make it.

In Salesforce (lead, contact, account) under the org's rules and in the field names of Salesforce; in the engagement
database (prospect, meeting, meeting_attendee, mail, call, text, task) by column. The record is named by its mail
address (an account by its name) or its id; an empty value empties the field. In the engagement database `new` makes
one:

    meeting new user=REP guests=ADA,BOB title=Demo starts_at=2026-12-01T10:00 minutes=45
    meeting 12 starts_at=2026-12-02T10:00
    meeting 12 canceled=true
    task 5 status=done
    call new user=REP prospect=ADA duration_seconds=240 disposition=Connected

where REP, ADA and BOB are mail addresses.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.org import desk
from sandbox.org.database import NotMigratedError
from sandbox.org.desk import NoSuchRecordError, only
from sandbox.org.places import add_arguments, read_places
from sandbox.salesforce.org import Options, open_org
from sandbox.salesforce.people import perform
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.schema import ObjectType

OBJECTS = {"lead": ("Lead", "Email"), "contact": ("Contact", "Email"), "account": ("Account", "Name")}
PLAIN_KINDS = frozenset({"boolean", "integer", "number"})


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
        return perform(org, {"object": object_name, "id": only(found, name), "values": values})
    finally:
        org.store.close()


def _typed(object_type: ObjectType, texts: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in texts.items():
        field = object_type.field_named(name)
        if field is None:
            raise NoSuchRecordError(f"{object_type.name} has no field {name}")
        values[field.name] = json.loads(text.lower()) if text and field.kind in PLAIN_KINDS else text or None
    return values


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.org.edit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("type", choices=[*OBJECTS, *desk.TABLES])
    parser.add_argument("record", help="mail address, account name, id, or new")
    parser.add_argument("values", nargs="+", metavar="field=value")
    add_arguments(parser)
    given = parser.parse_args(words)
    places = read_places(given)
    texts = dict(text.split("=", 1) for text in given.values if "=" in text)
    if len(texts) < len(given.values):
        parser.error("values are given as field=value, each field once")
    try:
        if given.type in desk.TABLES:
            done: int | str = desk.enter(places.database(), given.type, given.record, texts)
        else:
            done = edit_external(places.state, given.type, given.record, texts)
    except (NotMigratedError, NoSuchRecordError, Refusal) as error:
        raise SystemExit(str(error)) from None
    print(f"{given.type} {done}: {', '.join(given.values)}")


if __name__ == "__main__":
    main()
