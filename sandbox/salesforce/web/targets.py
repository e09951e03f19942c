"""What a path names: an object type, a field, a record."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.jobs import Job
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found
from sandbox.salesforce.query import record_maker
from sandbox.salesforce.records import Writer
from sandbox.salesforce.schema import Field, ObjectType
from sandbox.salesforce.soql.syntax import Path, Query
from sandbox.salesforce.soql.translate import translate
from sandbox.salesforce.web.call import Call

Record = dict[str, Any]


def object_of(org: Org, call: Call) -> ObjectType:
    object_type = org.access.shown.object_named(call.parameters["object"])
    if object_type is None:
        raise not_found()
    return object_type


def key_field(object_type: ObjectType, name: str) -> Field:
    """The field that an upsert or look-up by key goes by."""
    field = object_type.field_named(name)
    if field is None or not (field.flags & {"externalId", "idLookup"}):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", message)
    return field


def new_job(org: Org, call: Call, **order: Any) -> Job:
    """A job of this user, known to the org from now on; `order` is what else there is to say of it."""
    return org.jobs.add(
        Job(
            id=org.jobs.new_id(),
            version=call.version,
            created=org.clock.stamp(),
            created_by=call.user_id,
            **order,
        )
    )


def writer(org: Org, call: Call) -> Writer:
    header = call.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
    return Writer(org=org, user_id=call.user_id, allow_duplicates="allowsave=true" in header)


def read_records(
    org: Org, object_type: ObjectType, record_ids: Sequence[str], names: Sequence[str], base: str
) -> Mapping[str, Record]:
    """Read living records with all or the named fields, by id; those that are not there are left out."""
    chosen = names or [each.name for each in object_type.described]
    paths = tuple(Path(tuple(name.split(".")), 1) for name in chosen)
    text = f"SELECT {', '.join(chosen)} FROM {object_type.name}"
    query = Query(text=text, fields=paths, source=Path((object_type.name,), 1))
    statement = translate(query, org.access.shown, org.clock, with_deleted=False)
    living = " AND IsDeleted = 0" if object_type.soft_deletes else ""
    wanted = org.access.seen(object_type.name, (full for each in record_ids if (full := ids.normalise(each))))
    connection = org.store.reader()
    marks = ", ".join("?" * len(wanted))
    sql = f'SELECT _row FROM "{object_type.name}" WHERE Id IN ({marks}){living}'
    numbers = [number for (number,) in connection.execute(sql, tuple(wanted))]
    make = record_maker(statement, base)
    return {row[0]: make(row) for row in connection.execute(statement.read, (str(numbers),))}
