"""Collections: up to 200 records saved, or 2,000 read, in one call; each record has its own result, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from sandbox.salesforce import ids
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, malformed_json, not_found
from sandbox.salesforce.records import Change, read_values
from sandbox.salesforce.schema import ObjectType
from sandbox.salesforce.values import from_json
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import key_field, object_of, read_records, writer

MOST_RECORDS: Final = 200
MOST_IDS: Final = 2_000
MOST_CHUNKS: Final = 10


def create(org: Org, call: Call) -> Answer:
    records, all_or_none = _records(call)
    types = [_type(org, record) for record in records]
    chunks = sum(1 for _ in groupby(types, key=lambda each: each.name))
    if chunks > MOST_CHUNKS:
        message = f"Cannot have more than {MOST_CHUNKS} chunks in a single operation."
        raise Refusal(400, "INVALID_FIELD", message)
    changes = [
        Change(operation="create", object_type=each, values=read_values(org, each, record))
        for each, record in zip(types, records, strict=True)
    ]
    return Answer(body=writer(org, call).save(changes, all_or_none=all_or_none))


def update(org: Org, call: Call) -> Answer:
    records, all_or_none = _records(call)
    changes = [_update(org, _type(org, record), record) for record in records]
    return Answer(body=writer(org, call).save(changes, all_or_none=all_or_none))


def upsert(org: Org, call: Call) -> Answer:
    records, all_or_none = _records(call)
    object_type = object_of(org, call)
    field = key_field(object_type, call.parameters["field"])
    changes = []
    for record in records:
        if _type(org, record).name != object_type.name:
            raise Refusal(400, "INVALID_TYPE", f"All records must be of type {object_type.name}")
        given = {name: value for name, value in record.items() if name.lower() != field.name.lower()}
        value = next((value for name, value in record.items() if name.lower() == field.name.lower()), None)
        values = read_values(org, object_type, given)
        key = (field, from_json(field, value))
        changes.append(Change(operation="upsert", object_type=object_type, values=values, key=key))
    return Answer(body=writer(org, call).save(changes, all_or_none=all_or_none))


def delete(org: Org, call: Call) -> Answer:
    record_ids = [each.strip() for each in call.query.get("ids", "").split(",") if each.strip()]
    _check_number(len(record_ids), MOST_RECORDS)
    changes = [
        Change(operation="delete", object_type=_type_of_id(org, each), values={}, record_id=each) for each in record_ids
    ]
    all_or_none = call.query.get("allOrNone", "").lower() == "true"
    return Answer(body=writer(org, call).save(changes, all_or_none=all_or_none))


def retrieve(org: Org, call: Call) -> Answer:
    """Read records of one type by id; null stands where an id is wrong, deleted or unknown."""
    object_type = object_of(org, call)
    record_ids, names = _wanted(call)
    _check_number(len(record_ids), MOST_IDS)
    if not names:
        raise Refusal(400, "MISSING_ARGUMENT", "The fields to retrieve must be named")
    found = read_records(org, object_type, record_ids, names, f"{call.data_path}/sobjects")
    return Answer(body=[found.get(ids.normalise(each) or "") for each in record_ids])


def _wanted(call: Call) -> tuple[list[str], list[str]]:
    if call.method == "GET":
        split = [[part.strip() for part in call.query.get(key, "").split(",")] for key in ("ids", "fields")]
        return [each for each in split[0] if each], [each for each in split[1] if each]
    lists = [call.json_object.get(key, []) for key in ("ids", "fields")]
    if not all(isinstance(each, list) and all(isinstance(part, str) for part in each) for each in lists):
        raise malformed_json("ids and fields must be lists of strings")
    return lists[0], lists[1]


def _records(call: Call) -> tuple[Sequence[Mapping[str, Any]], bool]:
    records = call.json_object.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise malformed_json("records must be a list of objects")
    _check_number(len(records), MOST_RECORDS)
    return records, bool(call.json_object.get("allOrNone"))


def _check_number(number: int, most: int) -> None:
    if number > most:
        message = f"Cannot invoke method for more than {most} records, but {number} records were given"
        raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
    if not number:
        raise Refusal(400, "REQUIRED_FIELD_MISSING", "The list of records is empty")


def _update(org: Org, object_type: ObjectType, record: Mapping[str, Any]) -> Change:
    record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
    values = {name: value for name, value in record.items() if name.lower() != "id"}
    return Change(
        operation="update",
        object_type=object_type,
        values=read_values(org, object_type, values),
        record_id="" if record_id is None else str(record_id),
    )


def _type(org: Org, record: Mapping[str, Any]) -> ObjectType:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if name is None:
        raise Refusal(400, "INVALID_FIELD", "Object type not specified: attributes.type is missing")
    object_type = org.access.shown.object_named(str(name))
    if object_type is None:
        raise not_found()
    return object_type


def _type_of_id(org: Org, record_id: str) -> ObjectType:
    object_type = org.access.shown.object_of_id(record_id)
    if object_type is None:
        raise Refusal(400, "MALFORMED_ID", f"malformed id {record_id}")
    return object_type
