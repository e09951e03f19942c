"""Saving records: reading what a client sent, judging it, writing it; one refusal per record, never half a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.locks import rows_of
from sandbox.salesforce.logic import LOGIC, PLAIN
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, invalid_record, unsupported
from sandbox.salesforce.saving import Saving
from sandbox.salesforce.schema import Field, ObjectType
from sandbox.salesforce.validation import check_record, living_match
from sandbox.salesforce.values import from_json

Result = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record to be saved. `operation` is create, update, upsert or delete.

    An update names its record by `record_id`, an upsert by `key` (a field and the value looked for).
    """

    operation: str
    object_type: ObjectType
    values: Mapping[str, Any]
    record_id: str | None = None
    key: tuple[Field, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, and with which options of the request; `moment` is stamped instead of the present."""

    org: Org
    user_id: str
    allow_duplicates: bool = False
    moment: datetime | None = None

    def save(self, changes: Sequence[Change], *, all_or_none: bool = False) -> list[Result]:
        """Save records in order, in one transaction, and return one result each.

        With `all_or_none` one refusal undoes all; the others then carry ALL_OR_NONE_OPERATION_ROLLED_BACK.
        """
        moment = self.moment or self.org.begin_write(self.user_id)
        results: list[Result] = []
        try:
            with self._locking(changes) as missed, self.org.store.writing():
                results += [self._result(change, moment, missed) for change in changes]
                if all_or_none:
                    _undo_unless_good(results)
        except _RolledBack:
            results = [_rolled_back(result) for result in results]
        return results

    def save_one(self, change: Change) -> tuple[str, bool]:
        """Save one record; return its id and whether it is new.

        Raises:
            Refusal: the record is not saved.
        """
        moment = self.moment or self.org.begin_write(self.user_id)
        with self._locking([change]) as missed, self.org.store.writing():
            return self._apply(change, moment, missed)

    @contextmanager
    def _locking(self, changes: Sequence[Change]) -> Iterator[frozenset[str]]:
        """Lock the rows of a request while a fault asks for it; yields those that another request has locked."""
        fault = next(iter(self.org.faults.in_force("parent_lock")), None)
        if fault is None:
            yield frozenset()
            return
        wanted = {each for change in changes for each in self._rows_of(change)}
        with self.org.locks.taken(wanted) as missed:
            self.org.work.pause(fault["delay"])
            yield missed

    def _rows_of(self, change: Change) -> list[str]:
        """The record, where it is there already, and its parents before and after the change."""
        found = [change.record_id] if change.record_id else []
        if change.key is not None and change.key[1] is not None:
            found = living_match(self.org.store, change.object_type, change.key[0].name, change.key[1])
        return rows_of(self.org.store, change.object_type.name, found, change.values)

    def _check_locks(self, change: Change, missed: frozenset[str]) -> None:
        blocked = sorted(missed.intersection(self._rows_of(change))) if missed else []
        place = {"object": change.object_type.name, "operation": change.operation, "id": change.record_id or ""}
        if blocked and self.org.faults.take("parent_lock", **place):
            raise _locked(blocked)

    def _result(self, change: Change, moment: datetime, missed: frozenset[str]) -> Result:
        try:
            record_id, created = self._apply(change, moment, missed)
        except Refusal as refusal:
            return {"success": False, "errors": [refusal.result()]} | ({"created": False} if change.key else {})
        return {"id": record_id, "success": True, "errors": []} | ({"created": created} if change.key else {})

    def _apply(self, change: Change, moment: datetime, missed: frozenset[str]) -> tuple[str, bool]:
        if change.operation == "upsert":
            change = self._decided(change)
        self._check_locks(change, missed)
        self._check_ability(change)
        if change.operation == "create":
            record_id = self._save(change, None, moment)
        else:
            record_id = self._change(change, self._existing(change), moment)
        if change.operation != "delete":
            self._flow(change, record_id, moment)
        return record_id, change.operation == "create"

    def _change(self, change: Change, record: Mapping[str, Any], moment: datetime) -> str:
        record_id, place = str(record["Id"]), {"object": change.object_type.name, "operation": change.operation}
        if self.org.faults.take("row_lock", **place, id=record_id):
            raise _locked([record_id])
        if change.operation == "delete":
            self.org.store.delete(change.object_type.name, [record_id], by=self.user_id, modified=moment)
            saving = self._saving(change, {}, record, moment)
            LOGIC.get(saving.name, PLAIN).removed(saving, record_id)
            return record_id
        return self._save(change, record, moment)

    def _flow(self, change: Change, record_id: str, moment: datetime) -> None:
        """What a flow makes of a saved record, in this transaction or some time later, in this user's name."""
        org, name = self.org, change.object_type.name
        place = {"object": name, "operation": change.operation, "id": record_id, "by": org.by(self.user_id)}
        fault = org.faults.take("flow", **place)
        if fault is None:
            return
        if fault["delay"]:
            update = partial(org.store.update, name, record_id, fault["values"], by=self.user_id)
            org.work.start(update, delay=fault["delay"])
        else:
            org.store.update(name, record_id, fault["values"], modified=moment, by=self.user_id)

    def _decided(self, change: Change) -> Change:
        """An upsert becomes a create or an update, by what is there."""
        if change.key is None:
            raise unsupported("an upsert without a key")
        field, value = change.key
        if value is None and field.name != "Id":
            raise invalid_record("MISSING_ARGUMENT", f"{field.name} not specified", field.name)
        if field.name == "Id":
            operation = "create" if value is None else "update"
            return Change(operation=operation, object_type=change.object_type, values=change.values, record_id=value)
        found = living_match(self.org.store, change.object_type, field.name, value)
        if len(found) > 1:
            message = f"{field.name}: more than one record found for external id field: {found}"
            raise Refusal(300, "DUPLICATE_EXTERNAL_ID", message, (field.name,))
        values = dict(change.values) | ({} if found else {field.name: value})
        operation, record_id = ("update", found[0]) if found else ("create", None)
        return Change(operation=operation, object_type=change.object_type, values=values, record_id=record_id)

    @staticmethod
    def _check_ability(change: Change) -> None:
        ability = {"create": "createable", "update": "updateable", "delete": "deletable"}[change.operation]
        if ability not in change.object_type.abilities:
            name = change.object_type.name
            raise Refusal(
                400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {name} does not support {change.operation}"
            )

    def _save(self, change: Change, before: Mapping[str, Any] | None, moment: datetime) -> str:
        store, object_type = self.org.store, change.object_type
        values = check_record(self.org, object_type, change.values, before, allow_duplicates=self.allow_duplicates)
        logic = LOGIC.get(object_type.name, PLAIN)
        saving = self._saving(change, values, before, moment)
        saving = replace(saving, values=logic.completed(saving))
        fields = store.schema[object_type.name].fields
        kept = {name: value for name, value in saving.values.items() if fields[name].stored}
        with store.writing():
            if before is None:
                record_id = store.insert_many(object_type.name, [kept], created=moment, by=self.user_id)[0]
            else:
                record_id = str(before["Id"])
                store.update(object_type.name, record_id, kept, modified=moment, by=self.user_id)
            logic.settle(saving, record_id)
        return record_id

    def _saving(
        self, change: Change, values: Mapping[str, Any], before: Mapping[str, Any] | None, moment: datetime
    ) -> Saving:
        return Saving(
            store=self.org.store,
            name=change.object_type.name,
            values=values,
            before=before,
            moment=moment,
            by=self.user_id,
            features=self.org.options.features,
        )

    def _existing(self, change: Change) -> Mapping[str, Any]:
        given = change.record_id or ""
        if not given:
            raise invalid_record("MISSING_ARGUMENT", f"Id not specified in {change.operation} call", "Id")
        full = ids.normalise(given)
        if full is None:
            raise invalid_record("MALFORMED_ID", f"malformed id {given}", "Id")
        record = self.org.store.get(change.object_type.name, full)
        if record is None:
            raise Refusal(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if self.org.by(self.user_id) == "api" and (code := self.org.access.refusal_code(change.object_type.name, full)):
            raise Refusal(403, code, f"insufficient access rights on object id: {full}", ())
        if record.get("IsDeleted"):
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
        return record


def _locked(record_ids: Sequence[str]) -> Refusal:
    message = f"unable to obtain exclusive access to this record or {len(record_ids)} records: {','.join(record_ids)}"
    return invalid_record("UNABLE_TO_LOCK_ROW", message)


def read_values(org: Org, object_type: ObjectType, data: Mapping[str, Any]) -> dict[str, Any]:
    """Read a JSON record: names to fields, values to their types; a parent may be named by an external id.

    Raises:
        Refusal: something that refuses the whole request, not this record alone.
    """
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name == "attributes":
            continue
        field = object_type.field_named(name)
        if field is not None:
            values[field.name] = value if field.kind == "address" else from_json(field, value)
        elif isinstance(value, Mapping) and (link := object_type.relationship_named(name)):
            values[link.name] = parent_id(org, link, value)
        else:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}")
    return values


def parent_id(org: Org, link: Field, reference: Mapping[str, Any]) -> str:
    keys = {name: value for name, value in reference.items() if name != "attributes"}
    targets = [each for name in link.references if (each := org.schema.object_named(name))]
    if len(keys) != 1 or len(targets) != 1:
        raise unsupported(f"naming the parent {link.relationship} by anything but one external id of one type")
    ((name, value),) = keys.items()
    field = targets[0].field_named(name)
    if field is None or not field.flags & {"externalId", "idLookup"}:
        message = f"{name} is not an External ID or indexed field for {targets[0].name}"
        raise Refusal(400, "INVALID_FIELD", message)
    found = living_match(org.store, targets[0], field.name, value)
    if len(found) != 1:
        message = f"Foreign key external ID: {value} not found for field {name} in entity {targets[0].name}"
        raise Refusal(400, "INVALID_FIELD", message)
    return found[0]


class _RolledBack(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


def _undo_unless_good(results: list[Result]) -> None:
    if not all(result["success"] for result in results):
        raise _RolledBack


def _rolled_back(result: Result) -> Result:
    if not result["success"]:
        return result
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    refusal = invalid_record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message)
    return {"success": False, "errors": [refusal.result()]} | ({"created": False} if "created" in result else {})
