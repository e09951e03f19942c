"""Object types and their fields, read from data files; what describe tells and what the store is built from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

OBJECTS_FOLDER = Path(__file__).parent / "objects"
DEFAULT_CUSTOM_FIELDS = OBJECTS_FOLDER / "custom_fields.yaml"
AUDIT_FIELDS = OBJECTS_FOLDER / "audit_fields.yaml"
FLAGS = ("createable", "updateable", "nillable", "filterable", "sortable", "groupable")
# Flags that a type does not have unless a file says so.
LACKED_BY_TYPE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "address": frozenset({"createable", "updateable", "sortable", "groupable"}),
        "datetime": frozenset({"groupable"}),
        "double": frozenset({"groupable"}),
        "currency": frozenset({"groupable"}),
    }
)
# How a value is kept, which decides how it is compared, sent and described.
KIND_OF_TYPE: Mapping[str, str] = MappingProxyType(
    {
        "id": "id",
        "reference": "id",
        "boolean": "boolean",
        "int": "integer",
        "double": "number",
        "currency": "number",
        "percent": "number",
        "date": "date",
        "datetime": "datetime",
        "address": "address",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as describe shows it; lengths in characters. `labels` has those of values that differ from them."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    flags: frozenset[str] = frozenset()
    references: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    values: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    default: Any = None

    @property
    def kind(self) -> str:
        """One of id, boolean, integer, number, date, datetime, address, text."""
        return KIND_OF_TYPE.get(self.type, "text")

    @property
    def required(self) -> bool:
        """Whether a new record must bring a value for it."""
        return "createable" in self.flags and not self.flags & {"nillable", "defaultedOnCreate"}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def stored(self) -> bool:
        """Whether it has a column of its own (a compound field is put together from others)."""
        return self.kind != "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One object type; its fields in describe's order."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: Mapping[str, Field]
    abilities: frozenset[str]
    by_lower_name: Mapping[str, Field] = field(default_factory=dict)
    by_relationship: Mapping[str, Field] = field(default_factory=dict)

    def field_named(self, name: str) -> Field | None:
        """Find a field whatever the case of the letters, as the API does."""
        return self.by_lower_name.get(name.lower())

    def relationship_named(self, name: str) -> Field | None:
        return self.by_relationship.get(name.lower())

    @property
    def soft_deletes(self) -> bool:
        return "IsDeleted" in self.fields

    @property
    def presented(self) -> bool:
        """Whether it has pages of its own, with layouts, feeds and lists of what was used last."""
        return bool(self.abilities & {"undeletable", "layoutable"})

    @property
    def person(self) -> bool:
        """Whether its Name is put together from FirstName and LastName."""
        return "Name" in self.fields and "composed" in self.fields["Name"].flags

    @property
    def unique_fields(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields.values() if "unique" in each.flags)

    def takes_along(self, parent: str) -> tuple[str, ...]:
        """The fields through which its records go, and come back, with a record of the type `parent`."""
        fields = self.fields.values()
        return tuple(each.name for each in fields if "cascadeDelete" in each.flags and parent in each.references)

    def components(self, compound: Field) -> dict[str, Field]:
        """The stored parts of an address, under the keys that the API gives them."""
        parts = [each for each in self.fields.values() if each.compound == compound.name]
        head = compound.name.removesuffix("Address")
        return {_lower_first(part.name.removeprefix(head)): part for part in sorted(parts, key=lambda part: part.name)}


@dataclass(frozen=True, slots=True)
class Schema:
    """All object types of the org."""

    objects: Mapping[str, ObjectType]
    by_lower_name: Mapping[str, ObjectType]
    by_prefix: Mapping[str, ObjectType]

    def object_named(self, name: str) -> ObjectType | None:
        return self.by_lower_name.get(name.lower())

    def object_of_id(self, record_id: str) -> ObjectType | None:
        return self.by_prefix.get(record_id[:3])

    def __getitem__(self, name: str) -> ObjectType:
        return self.objects[name]


def load_schema(*custom_files: Path) -> Schema:
    """Read the standard objects and the custom fields of the given files (the shipped one when none is given)."""
    custom: dict[str, dict[str, Field]] = {}
    for path in custom_files or (DEFAULT_CUSTOM_FIELDS,):
        for object_name, fields in _read(path).items():
            custom.setdefault(object_name, {}).update(
                {name: _custom_field(name, data) for name, data in fields.items()}
            )
    objects = _standard_objects()
    unknown = custom.keys() - {each.name for each in objects}
    if unknown:
        raise ValueError(f"custom fields for object types that are not served here: {', '.join(sorted(unknown))}")
    return _schema([with_fields(each, custom.get(each.name, {})) for each in objects])


def with_types(schema: Schema, types: Iterable[ObjectType]) -> Schema:
    """A schema in which these types stand in place of those of their names."""
    return _schema((dict(schema.objects) | {each.name: each for each in types}).values())


def with_fields(object_type: ObjectType, fields: Mapping[str, Field]) -> ObjectType:
    """A type that has these fields too, or in place of those of their names."""
    return _of_fields(object_type, dict(object_type.fields) | dict(fields))


def without_field(object_type: ObjectType, name: str) -> ObjectType:
    """A type that does not have this field."""
    return _of_fields(object_type, {key: each for key, each in object_type.fields.items() if key != name})


@lru_cache(maxsize=1)
def _standard_objects() -> tuple[ObjectType, ...]:
    audit = {name: _field(name, data) for name, data in _read(AUDIT_FIELDS).items()}
    skipped = {AUDIT_FIELDS.name, DEFAULT_CUSTOM_FIELDS.name}
    files = [path for path in sorted(OBJECTS_FOLDER.glob("*.yaml")) if path.name not in skipped]
    return tuple(_object(_read(path), audit) for path in files)


def _schema(objects: Iterable[ObjectType]) -> Schema:
    by_name = {each.name: each for each in objects}
    return Schema(
        objects=by_name,
        by_lower_name={name.lower(): each for name, each in by_name.items()},
        by_prefix={each.prefix: each for each in by_name.values()},
    )


def _object(data: dict[str, Any], audit: Mapping[str, Field]) -> ObjectType:
    without = frozenset(data.get("without", ()))
    kept = {name: each for name, each in audit.items() if name not in without}
    head = {name: kept.pop(name) for name in ("Id", "IsDeleted") if name in kept}
    head["Id"] = replace(head["Id"], label=f"{data['label']} ID")
    own = {name: _field(name, values) for name, values in data["fields"].items()}
    bare = ObjectType(
        name=data["name"],
        label=data["label"],
        plural=data["plural"],
        prefix=data["prefix"],
        fields={},
        abilities=frozenset(data.get("abilities", ("createable", "updateable", "deletable", "undeletable"))),
    )
    return with_fields(bare, head | own | kept)


def _of_fields(object_type: ObjectType, fields: Mapping[str, Field]) -> ObjectType:
    return replace(
        object_type,
        fields=fields,
        by_lower_name={name.lower(): each for name, each in fields.items()},
        by_relationship={each.relationship.lower(): each for each in fields.values() if each.relationship},
    )


def _custom_field(name: str, data: dict[str, Any]) -> Field:
    if not name.endswith("__c"):
        raise ValueError(f"the name of a custom field must end with __c: {name}")
    return _field(name, data)


def _field(name: str, data: dict[str, Any]) -> Field:
    rest = dict(data)
    lacks = frozenset(rest.pop("lacks", ())) | LACKED_BY_TYPE.get(data["type"], frozenset())
    flags = frozenset(FLAGS) - lacks | frozenset(rest.pop("has", ()))
    for key in ("references", "values"):
        rest[key] = tuple(rest.get(key, ()))
    return Field(name=name, flags=flags, **rest)


def _read(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader, in C where built
    return dict(content or {})


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
