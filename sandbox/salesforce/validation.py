"""Judging a whole record before it is saved: fields, required values, references, uniqueness, the admin's rules."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sandbox.salesforce.faults import Fault
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, invalid_record, unsupported
from sandbox.salesforce.rules import STANDARD_RULE, ValidationRule
from sandbox.salesforce.schema import Field, ObjectType
from sandbox.salesforce.store import Store
from sandbox.salesforce.tables import quoted
from sandbox.salesforce.values import checked

TEN_DIGITS = re.compile(r"1?(\d{3})(\d{3})(\d{4})")


def check_record(
    org: Org,
    object_type: ObjectType,
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    allow_duplicates: bool,
) -> dict[str, Any]:
    """Return the values as they are to be kept; `before` is the record that they change, None for a new one.

    Raises:
        Refusal: the first reason for which Salesforce would not save the record.
    """
    _check_writable(object_type, values, "createable" if before is None else "updateable")
    if before is not None and before.get("IsConverted"):
        raise invalid_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    place = {"object": object_type.name, "operation": "create" if before is None else "update"}
    if before is not None:
        place["id"] = before["Id"]
    kept = {name: _rewritten(org, object_type.fields[name], value, place) for name, value in values.items()}
    _check_required(object_type, kept, new=before is None)
    kept = {name: checked(object_type.fields[name], value) for name, value in kept.items()}
    for name, value in kept.items():
        if value is not None and object_type.fields[name].references:
            _check_reference(org, object_type, object_type.fields[name], value, before)
    after = {**_defaults(object_type, before), **kept}
    _check_unique(org.store, object_type, kept, before)
    _check_rules(org, object_type, after, place)
    if not allow_duplicates:
        _check_duplicates(org, object_type, after, before, place)
    return kept


def check_restorable(store: Store, object_type: ObjectType, record_id: str) -> None:
    """Raise `Refusal` for a record that is not in the recycle bin, or cannot come out of it with all that went along.

    While it was there, another record may have been given its unique value.
    """
    record = store.get(object_type.name, record_id)
    if record is None or not record.get("IsDeleted"):
        raise invalid_record("UNDELETE_FAILED", "entity is not in the recycle bin", "Id")
    _check_unique(store, object_type, record, None)
    for child, child_id in store.taken_along(record_id):
        check_restorable(store, store.schema[child], child_id)


def living_match(store: Store, object_type: ObjectType, name: str, value: Any) -> list[str]:
    """Ids of the records, none of them deleted, that hold this value."""
    condition = f"{quoted(name)} = ?" + (" AND IsDeleted = 0" if object_type.soft_deletes else "")
    sql = f"SELECT Id FROM {quoted(object_type.name)} WHERE {condition} ORDER BY _row"
    return [record_id for (record_id,) in store.reader().execute(sql, (value,))]


def _check_writable(object_type: ObjectType, values: Mapping[str, Any], flag: str) -> None:
    closed = [name for name in values if flag not in object_type.fields[name].flags]
    if closed:
        message = (
            f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set."
        )
        raise invalid_record("INVALID_FIELD_FOR_INSERT_UPDATE", message, *closed)


def _rewritten(org: Org, field: Field, value: Any, place: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    if field.type == "email" and org.options.lower_emails:
        value = value.lower()
    if field.type == "phone" and org.options.format_phones:
        value = _telephone(value)
    fault = org.faults.take("rewriting", lambda each: field.name in each["fields"], **place)
    return STYLES[fault["style"]](value) if fault else value


def _telephone(value: str) -> str:
    digits = TEN_DIGITS.fullmatch(re.sub(r"\D", "", value))
    return f"({digits[1]}) {digits[2]}-{digits[3]}" if digits and not value.startswith("+") else value


STYLES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "lower": str.lower,
        "upper": str.upper,
        "title": str.title,
        "phone": _telephone,
        "spaces": lambda value: " ".join(value.split()),
    }
)


def _check_required(object_type: ObjectType, values: Mapping[str, Any], *, new: bool) -> None:
    fields = object_type.fields.values()
    missing = [each.name for each in fields if new and each.required and values.get(each.name) is None]
    emptied = [
        name
        for name, value in values.items()
        if value is None
        and not object_type.fields[name].flags & {"nillable"}
        and name not in missing
        and object_type.fields[name].kind != "boolean"
    ]
    if missing or emptied:
        names = missing + emptied
        raise invalid_record("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", *names)


def _check_reference(
    org: Org, object_type: ObjectType, field: Field, value: str, before: Mapping[str, Any] | None
) -> None:
    if before is not None and before.get(field.name) == value:
        return
    served = [each for name in field.references if (each := org.schema.object_named(name))]
    if not served:
        raise unsupported(f"a value for {field.name}: {', '.join(field.references)} is not served")
    target = next((each for each in served if each.prefix == value[:3]), None)
    if target is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, field.name)
    row = org.store.get(target.name, value)
    if row is None or row.get("IsDeleted"):
        raise invalid_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
    if field.name == "OwnerId":
        _check_owner(object_type, target, row)


def _check_owner(object_type: ObjectType, target: ObjectType, owner: Mapping[str, Any]) -> None:
    if target.name == "Group" and owner["Type"] != "Queue":
        raise invalid_record("INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", "OwnerId")
    if target.name == "User" and not owner["IsActive"]:
        message = f"operation performed with inactive user [{owner['Id'][:15]}] as owner of {object_type.name}"
        raise invalid_record("INACTIVE_OWNER_OR_USER", message, "OwnerId")


def _defaults(object_type: ObjectType, before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if before is not None:
        return before
    return object_type.defaults


def _check_unique(
    store: Store, object_type: ObjectType, values: Mapping[str, Any], before: Mapping[str, Any] | None
) -> None:
    for field in object_type.unique_fields:
        value = values.get(field.name)
        others = [] if value is None else living_match(store, object_type, field.name, value)
        if others and (before is None or others != [before["Id"]]):
            message = f"duplicate value found: {field.name} duplicates value on record with id: {others[0][:15]}"
            raise invalid_record("DUPLICATE_VALUE", message)


def _check_rules(org: Org, object_type: ObjectType, after: Mapping[str, Any], place: Mapping[str, str]) -> None:
    def broken(fault: Fault) -> bool:
        return _rule(fault).refuses(after)

    broken_by = [rule for rule in org.rules.validation if rule.object == object_type.name and rule.refuses(after)]
    if fault := org.faults.take("validation_rule", broken, **place):
        broken_by.append(_rule(fault))
    for rule in broken_by:
        raise invalid_record("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, rule.field)


def _rule(fault: Fault) -> ValidationRule:
    return ValidationRule(**{name: fault[name] for name in ("object", "field", "matches", "message")})


def _check_duplicates(
    org: Org,
    object_type: ObjectType,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    place: Mapping[str, str],
) -> None:
    def same(fields: Sequence[str]) -> list[str]:
        if not all(after.get(name) for name in fields):
            return []
        if before is not None and all(before.get(name) == after.get(name) for name in fields):
            return []
        sets = [set(living_match(org.store, object_type, name, after[name])) for name in fields]
        return sorted(set.intersection(*sets) - {before["Id"] if before else ""})

    for rule in org.rules.duplicate:
        if rule.object == object_type.name and rule.active and (found := same(rule.fields)):
            raise _duplicates(rule.name, object_type, found)
    if fault := org.faults.take("duplicate_rule", lambda each: bool(same(each["fields"])), **place):
        raise _duplicates(STANDARD_RULE, object_type, same(fault["fields"]))


def _duplicates(rule: str, object_type: ObjectType, same: list[str]) -> Refusal:
    refusal = invalid_record("DUPLICATES_DETECTED", "Use one of these records?")
    records = [{"record": {"attributes": {"type": object_type.name}, "Id": each}} for each in same]
    refusal.details["duplicateResult"] = {
        "allowSave": True,
        "duplicateRule": rule,
        "duplicateRuleEntityType": object_type.name,
        "matchResults": [{"entityType": object_type.name, "matchRecords": records, "success": True}],
    }
    return refusal
