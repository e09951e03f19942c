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
FEATURES = Path(__file__).with_name("features.yaml")
FLAGS = ("createable", "updateable", "nillable", "filterable", "sortable", "groupable")
# Flags that a type does not have unless a file says so.
LACKED_BY_TYPE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "address": frozenset({"createable", "updateable", "sortable", "groupable"}),
        "datetime": frozenset({"groupable"}),
        "double": frozenset({"groupable"}),
        "currency": frozenset({"groupable"}),
        "junctionidlist": frozenset({"filterable", "sortable", "groupable"}),
    }
)
# The owner of a record of a custom type.
OWNER: Mapping[str, Any] = MappingProxyType(
    {
        "type": "reference",
        "label": "Owner ID",
        "lacks": ["nillable"],
        "has": ["defaultedOnCreate"],
        "references": ["Group", "User"],
        "relationship": "Owner",
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
        "junctionidlist": "list",
    }
)
# What an administrator gives to Activity is there on both of its types.
ACTIVITIES = ("Event", "Task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as describe shows it; lengths in characters. `labels` has those of values that differ from them.

    `children` is what queries of a parent call the records that point to it through this field.
    """

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
    children: str | None = None
    compound: str | None = None
    values: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    default: Any = None

    @property
    def kind(self) -> str:
        """One of id, boolean, integer, number, date, datetime, address, list (of ids), text."""
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
        """Whether it has a column of its own (a compound field or a list of ids is put together from others)."""
        return self.kind not in {"address", "list"}

    @property
    def internal(self) -> bool:
        """Whether the org keeps it to itself: no resource shows it."""
        return "internal" in self.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One object type; its fields in describe's order. `told` is what describe says otherwise than of most types."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: Mapping[str, Field]
    abilities: frozenset[str]
    told: Mapping[str, Any] = field(default_factory=dict)
    record_types: tuple[str, ...] = ()
    by_lower_name: Mapping[str, Field] = field(default_factory=dict)
    by_relationship: Mapping[str, Field] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    boolean_columns: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def field_named(self, name: str) -> Field | None:
        """Find a field whatever the case of the letters, as the API does."""
        return self.by_lower_name.get(name.lower())

    def relationship_named(self, name: str) -> Field | None:
        return self.by_relationship.get(name.lower())

    @property
    def described(self) -> tuple[Field, ...]:
        """The fields that describe tells of: not those of the org alone, nor lists of ids, as a recording shows."""
        return tuple(each for each in self.fields.values() if not each.internal and each.kind != "list")

    @property
    def id_lists(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields.values() if each.kind == "list")

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

    def children_of(self, parent: ObjectType, name: str) -> tuple[ObjectType, Field] | None:
        """The type behind a relationship from a parent to its children, and the field that names the parent."""
        for child in self.objects.values():
            for each in child.fields.values():
                if each.children and each.children.lower() == name.lower() and parent.name in each.references:
                    return child, each
        return None

    def object_of_id(self, record_id: str) -> ObjectType | None:
        return self.by_prefix.get(record_id[:3])

    def __getitem__(self, name: str) -> ObjectType:
        return self.objects[name]


def load_schema(*custom_files: Path) -> Schema:
    """Read the standard objects and what is the org's own in the given files (the shipped one when none is given)."""
    schema = _schema(_standard_objects())
    for path in custom_files or (DEFAULT_CUSTOM_FIELDS,):
        schema = with_metadata(schema, _read(path))
    return schema


def with_metadata(schema: Schema, metadata: Mapping[str, Any]) -> Schema:
    """A schema with what an administrator has made: fields by type, or whole types, which have `fields` of their own.

    Raises:
        ValueError: a name that does not end with __c, a type that is not there, or one without a prefix.
    """
    metadata = _by_type(metadata)
    own = {name: data for name, data in metadata.items() if "fields" in data}
    made = with_types(schema, [_custom_object(name, data) for name, data in own.items()])
    unknown = metadata.keys() - made.objects.keys()
    if unknown:
        raise ValueError(f"custom fields for object types that are not served here: {', '.join(sorted(unknown))}")
    custom = {name: own.get(name, {}).get("fields", data) for name, data in metadata.items()}
    return with_types(
        made,
        [
            with_fields(made[name], {each: _custom_field(each, values) for each, values in fields.items()})
            for name, fields in custom.items()
        ],
    )


def with_features(schema: Schema, *names: str) -> Schema:
    """A schema of an org in which these are switched on; `features.yaml` has them.

    Raises:
        ValueError: there is no such feature.
    """
    known = _read(FEATURES)
    unknown = set(names) - known.keys()
    if unknown:
        raise ValueError(f"no feature {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in names:
        kinds = known[name].get("record_types", {})
        types = [
            replace(
                with_fields(schema[of], {each: _field(each, values) for each, values in fields.items()}),
                record_types=tuple(kinds.get(of, schema[of].record_types)),
            )
            for of, fields in _by_type(known[name]["fields"]).items()
        ]
        schema = with_types(schema, types)
    return schema


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
    skipped = {AUDIT_FIELDS.name, DEFAULT_CUSTOM_FIELDS.name}
    files = [path for path in sorted(OBJECTS_FOLDER.glob("*.yaml")) if path.name not in skipped]
    return tuple(_object(_read(path)) for path in files)


@lru_cache(maxsize=1)
def _audit_fields() -> Mapping[str, Field]:
    return {name: _field(name, data) for name, data in _read(AUDIT_FIELDS).items()}


def _schema(objects: Iterable[ObjectType]) -> Schema:
    by_name = {each.name: each for each in objects}
    return Schema(
        objects=by_name,
        by_lower_name={name.lower(): each for name, each in by_name.items()},
        # Both kinds of picklist entries share a prefix; nothing finds their type by an id.
        by_prefix={each.prefix: each for each in by_name.values()},
    )


def _object(data: Mapping[str, Any]) -> ObjectType:
    without = frozenset(data.get("without", ()))
    kept = {name: each for name, each in _audit_fields().items() if name not in without}
    head = {name: kept.pop(name) for name in ("Id", "IsDeleted") if name in kept}
    head["Id"] = replace(head["Id"], label=data.get("id_label", f"{data['label']} ID"))
    own = {name: _field(name, values) for name, values in data["fields"].items()}
    bare = ObjectType(
        name=data["name"],
        label=data["label"],
        plural=data["plural"],
        prefix=data["prefix"],
        fields={},
        abilities=frozenset(data.get("abilities", ("createable", "updateable", "deletable", "undeletable"))),
        told=data.get("told", {}),
    )
    return with_fields(bare, head | own | kept)


def _of_fields(object_type: ObjectType, fields: Mapping[str, Field]) -> ObjectType:
    return replace(
        object_type,
        fields=fields,
        by_lower_name={name.lower(): each for name, each in fields.items() if not each.internal},
        by_relationship={each.relationship.lower(): each for each in fields.values() if each.relationship},
        columns=tuple(name for name, each in fields.items() if each.stored),
        defaults={name: each.default for name, each in fields.items()},
        boolean_columns=tuple(name for name, each in fields.items() if each.kind == "boolean"),
    )


def _by_type(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of Activity is said of both types of activities."""
    found = {name: data for name, data in fields.items() if name != "Activity"}
    for name in ACTIVITIES if "Activity" in fields else ():
        found[name] = {**fields["Activity"], **found.get(name, {})}
    return found


def _custom_object(name: str, data: Mapping[str, Any]) -> ObjectType:
    """A type of the org's own: with a name, an owner and audit fields, as every such type has them."""
    if not name.endswith("__c") or "prefix" not in data:
        raise ValueError(f"the name of a custom object must end with __c, and its ids need a prefix: {name}")
    label = data.get("label", name.removesuffix("__c").replace("_", " "))
    given = {"name": name, "label": label, "plural": data.get("plural", f"{label}s"), "prefix": data["prefix"]}
    title: dict[str, Any] = {"type": "string", "label": f"{label} Name", "length": 80, "has": ["nameField", "idLookup"]}
    return _object(given | {"fields": {"Name": title, "OwnerId": OWNER}})


def _custom_field(name: str, data: Mapping[str, Any]) -> Field:
    if not name.endswith("__c"):
        raise ValueError(f"the name of a custom field must end with __c: {name}")
    return _field(name, data)


def _field(name: str, data: Mapping[str, Any]) -> Field:
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
