"""Which fields there are by now, and what of fields and records the integration user may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.salesforce.faults import Fault, Faults
from sandbox.salesforce.schema import FLAGS, Field, ObjectType, Schema, with_types, without_field
from sandbox.salesforce.schema import with_fields as added_to
from sandbox.salesforce.store import Store

TEXT_LENGTH: Final = 255
WRITING: Final = frozenset({"createable", "updateable"})
Change = Callable[[Schema, Fault], Schema]


@dataclass(slots=True)
class View:
    """A schema as the faults of some kinds leave it, made anew only when others are in force."""

    faults: Faults
    changes: Mapping[str, Change]
    _last: tuple[Schema, tuple[Fault, ...], Schema] | None = None

    def of(self, schema: Schema) -> Schema:
        faults, last = self.faults.in_force(*self.changes), self._last
        if not faults:
            return schema
        if last and last[0] is schema and [each.id for each in last[1]] == [each.id for each in faults]:
            return last[2]
        made = schema
        for fault in faults:
            made = self.changes[fault.kind](made, fault)
        self._last = (schema, faults, made)
        return made


@dataclass(slots=True)
class Access:
    """What faults leave of the org's fields and records."""

    store: Store
    faults: Faults
    base: Schema = field(init=False)
    _everybody: View = field(init=False)
    _ours: View = field(init=False)

    def __post_init__(self) -> None:
        self.base = self.store.schema
        self._everybody = View(self.faults, {"added_field": _add, "dropped_field": _drop, "changed_field": _change})
        self._ours = View(self.faults, {"hidden_field": _hide})
        self.faults.prepare = self._prepare

    @property
    def schema(self) -> Schema:
        """The fields that there are."""
        return self._everybody.of(self.base)

    @property
    def shown(self) -> Schema:
        """The fields that the API shows."""
        return self._ours.of(self.schema)

    def refusal_code(self, object_name: str, record_id: str) -> str | None:
        """What a write of this record through the API is refused with; None when it may be seen."""
        for fault in self._hiding(object_name):
            if not fault["ids"] or record_id in fault["ids"]:
                return str(fault["code"])
        return None

    def seen(self, object_name: str, record_ids: Iterable[str]) -> set[str]:
        """Those of the records that the API shows."""
        return {each for each in record_ids if self.refusal_code(object_name, each) is None}

    def condition(self, object_name: str) -> tuple[str, tuple[str, ...]]:
        """SQL over the table `t` that leaves out what may not be seen, and its parameters; '' when all may be."""
        hiding = self._hiding(object_name)
        if not hiding:
            return "", ()
        if not all(fault["ids"] for fault in hiding):
            return "0", ()
        ids = [record_id for fault in hiding for record_id in fault["ids"]]
        return "t.Id NOT IN (SELECT value FROM json_each(?))", (json.dumps(ids),)

    def _prepare(self, fault: Fault) -> None:
        """A new field needs its column before anybody asks for it; afterwards the column stays."""
        if fault.kind == "added_field":
            self.store.extend(_add(self.store.schema, fault))

    def _hiding(self, object_name: str) -> list[Fault]:
        return [fault for fault in self.faults.in_force("hidden_records") if fault["object"] == object_name]


def _add(schema: Schema, fault: Fault) -> Schema:
    def changed(object_type: ObjectType) -> ObjectType:
        flags = frozenset(FLAGS) - ({"nillable"} if fault["required"] else frozenset())
        name = str(fault["field"])
        return added_to(
            object_type, {name: Field(name=name, label=name, type="string", length=TEXT_LENGTH, flags=flags)}
        )

    return _changed(schema, fault, changed)


def _drop(schema: Schema, fault: Fault) -> Schema:
    return _changed(schema, fault, lambda object_type: without_field(object_type, fault["field"]))


def _change(schema: Schema, fault: Fault) -> Schema:
    def changed(object_type: ObjectType) -> ObjectType:
        found = object_type.fields[fault["field"]]
        kind, length = str(fault["type"] or found.type), int(fault["length"] or found.length)
        return added_to(object_type, {found.name: replace(found, type=kind, length=length)})

    return _changed(schema, fault, changed)


def _hide(schema: Schema, fault: Fault) -> Schema:
    def locked(object_type: ObjectType) -> ObjectType:
        found = object_type.fields.get(fault["field"])
        return (
            added_to(object_type, {found.name: replace(found, flags=found.flags - WRITING)}) if found else object_type
        )

    return _changed(schema, fault, locked) if fault["read_only"] else _drop(schema, fault)


def _changed(schema: Schema, fault: Fault, change: Callable[[ObjectType], ObjectType]) -> Schema:
    found = schema.object_named(fault["object"])
    return with_types(schema, [change(found)]) if found else schema
