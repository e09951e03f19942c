"""One record at a time: create, read, update, delete, by id or by key."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found
from sandbox.salesforce.records import Change, read_values
from sandbox.salesforce.schema import Field, ObjectType
from sandbox.salesforce.validation import living_match
from sandbox.salesforce.values import from_text
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import key_field, object_of, read_records, writer


def create(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    values = read_values(org, object_type, call.json_object)
    change = Change(operation="create", object_type=object_type, values=values)
    record_id, _ = writer(org, call).save_one(change)
    location = f"{call.data_path}/sobjects/{object_type.name}/{record_id}"
    return Answer(status=201, body=_saved(record_id), headers={"Location": location})


def read(org: Org, call: Call) -> Answer:
    return _read(org, call, object_of(org, call), call.parameters["id"])


def update(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    if any(name.lower() == "id" for name in call.json_object):
        raise Refusal(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    values = read_values(org, object_type, call.json_object)
    record_id = call.parameters["id"]
    writer(org, call).save_one(Change(operation="update", object_type=object_type, values=values, record_id=record_id))
    return Answer(status=204)


def delete(org: Org, call: Call) -> Answer:
    return _delete(org, call, object_of(org, call), call.parameters["id"])


def upsert(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    field, value = _key(call, object_type)
    if field.name == "Id":
        return update(org, call.with_(parameters={**call.parameters, "id": call.parameters["value"]}))
    if field.name in (values := read_values(org, object_type, call.json_object)):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise Refusal(400, "INVALID_FIELD", message)
    found = living_match(org.store, object_type, field.name, value)
    if len(found) > 1:
        return _several(call, object_type, found)
    change = Change(operation="upsert", object_type=object_type, values=values, key=(field, value))
    record_id, created = writer(org, call).save_one(change)
    return Answer(status=201 if created else 200, body=_saved(record_id) | {"created": created})


def read_by_key(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    found = _found(org, call, object_type)
    return _read(org, call, object_type, found[0]) if len(found) == 1 else _several(call, object_type, found)


def delete_by_key(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    found = _found(org, call, object_type)
    return _delete(org, call, object_type, found[0]) if len(found) == 1 else _several(call, object_type, found)


def _read(org: Org, call: Call, object_type: ObjectType, record_id: str) -> Answer:
    names = [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]
    found = read_records(org, object_type, [record_id], names, f"{call.data_path}/sobjects")
    record = found.get(ids.normalise(record_id) or "")
    if record is None:
        raise not_found()
    return Answer(body=record)


def _delete(org: Org, call: Call, object_type: ObjectType, record_id: str) -> Answer:
    change = Change(operation="delete", object_type=object_type, values={}, record_id=record_id)
    writer(org, call).save_one(change)
    return Answer(status=204)


def _key(call: Call, object_type: ObjectType) -> tuple[Field, Any]:
    field = key_field(object_type, call.parameters["field"])
    return field, from_text(field, call.parameters["value"])


def _found(org: Org, call: Call, object_type: ObjectType) -> list[str]:
    field, value = _key(call, object_type)
    found = living_match(org.store, object_type, field.name, value)
    if not found:
        raise not_found()
    return found


def _several(call: Call, object_type: ObjectType, found: list[str]) -> Answer:
    return Answer(status=300, body=[f"{call.data_path}/sobjects/{object_type.name}/{each}" for each in found])


def _saved(record_id: str) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []}
