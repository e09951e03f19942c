"""Which expectations hold for a mapping in a direction: derived from both schemas, extended by `expect:`.

Derived for every field that travels:

- a value, where the target requires one on create;
- the target's length, unless the source's values are never longer;
- the target's choices, where it accepts no others;
- the target's kind of value, where the source has another one or the target holds no text.

Nothing is derived for references by id: a parent that is missing makes its child wait (G16).

Uniqueness is not among them: Great Expectations would refuse all records that share a value, while the plan holds only
the second (G15).

An entry of `expect:` may name a field as either side calls it. It applies in each direction in which the field travels;
a field with a value table or a reference holds different values on both sides, so there it applies only towards the
side whose name it uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modstamp.mapping import expectations
from modstamp.mapping.documents import Document
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Field, TypeDescription

_TEXTS = frozenset({"text", "choice", "reference"})
_LISTED = 10  # choices named in a reason

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$"
_KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "boolean": ("expect_column_values_to_be_in_type_list", {"type_list": ["bool"]}),
    "integer": ("expect_column_values_to_be_in_type_list", {"type_list": ["int"]}),
    "number": ("expect_column_values_to_be_in_type_list", {"type_list": ["int", "float"]}),
    "date": ("expect_column_values_to_match_regex", {"regex": _DATE}),
    "instant": ("expect_column_values_to_match_regex", {"regex": _INSTANT}),
    **dict.fromkeys(_TEXTS, ("expect_column_values_to_be_in_type_list", {"type_list": ["str"]})),
}


_NEVER_NULL = "expect_column_values_to_not_be_null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One expectation. `name`: Great Expectations' own; `arguments` name columns of the target.

    `reason` is what a person reads of a record that breaks it, `where` the place in the configuration to change.
    """

    name: str
    arguments: Mapping[str, Any]
    reason: str
    where: str

    @property
    def columns(self) -> tuple[str, ...]:
        return expectations.columns(self.arguments)

    @property
    def code(self) -> str:
        """To group rejections by: ``expect_column_values_to_not_be_null(LastName)``."""
        return f"{self.name}({', '.join(self.columns)})"

    def as_dict(self) -> dict[str, Any]:
        return {"expectation": self.name, "columns": list(self.columns), "reason": self.reason, "where": self.where}


def suite(mapping: TypeMapping, direction: Direction, source: TypeDescription, target: TypeDescription) -> list[Rule]:
    """The rules for converted rows of this mapping and direction. Fields that a side does not describe are left out."""
    return [*_derived(mapping, direction, source, target), *written(mapping, direction)]


def _derived(
    mapping: TypeMapping, direction: Direction, source: TypeDescription, target: TypeDescription
) -> Iterator[Rule]:
    for row in mapping.fields:
        field = target.fields.get(row.name(direction.target))
        if field is None or not row.updates(direction):  # of what a create alone carries, the target itself judges
            continue
        origin = None if row.values or row.reference else source.fields.get(row.name(direction.source))
        for name, arguments, reason in _of_field(row, origin, field):
            if name == _NEVER_NULL and row.skips_empty(direction):
                continue  # what is empty is not written
            where = f"{target.name}.{field.name}"
            yield Rule(name=name, arguments={"column": field.name, **arguments}, reason=reason, where=where)


def _of_field(row: FieldMapping, origin: Field | None, field: Field) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, arguments, reason of each derived rule. `origin`: the source's field if its values arrive as they are."""
    if row.reference and row.reference.by is None:
        return
    if field.required:
        yield _NEVER_NULL, {}, f"{field.name} has no value"
    if field.kind in _KINDS and not row.reference and not _both_text(origin, field):
        yield *_KINDS[field.kind], f"{field.name} is not of kind {field.kind}"
    if field.kind in _TEXTS and field.length is not None and _may_exceed(origin, field.length):
        reason = f"{field.name} is longer than {field.length} characters"
        yield "expect_column_value_lengths_to_be_between", {"min_value": 0, "max_value": field.length}, reason
    if field.restricted and field.choices and not _same_choices(origin, field):
        reason = f"{field.name} has a value that is not among its choices ({_listed(field.choices)})"
        yield "expect_column_values_to_be_in_set", {"value_set": list(field.choices)}, reason


def _both_text(origin: Field | None, field: Field) -> bool:
    return origin is not None and {origin.kind, field.kind} <= _TEXTS


def _may_exceed(origin: Field | None, length: int) -> bool:
    return origin is None or origin.length is None or origin.length > length


def _same_choices(origin: Field | None, field: Field) -> bool:
    """Whether the source restricts its values to choices that the target has too."""
    return origin is not None and origin.restricted and set(origin.choices) <= set(field.choices)


def _listed(choices: tuple[str, ...]) -> str:
    return ", ".join(choices[:_LISTED]) + (", …" if len(choices) > _LISTED else "")


def written(mapping: TypeMapping, direction: Direction, document: Document | None = None) -> Iterator[Rule]:
    """The mapping's own expectations, about the target's columns. `document`: the mapping's file, to name its lines."""
    names = expectations.targets(mapping, direction)
    for position, name, arguments in expectations.entries(mapping.expect):
        if all(column in names for column in expectations.columns(arguments)):
            resolved = expectations.renamed(arguments, names)
            details = ", ".join(f"{key} {value}" for key, value in resolved.items() if not key.startswith("column"))
            about = ", ".join(expectations.columns(resolved))
            reason = f"{about} breaks {name}" + (f" ({details})" if details else "")
            path = ("expect", position, name)
            where = document.where(path) if document else f"{mapping.name}, expect {position + 1}"
            yield Rule(name=name, arguments=resolved, reason=reason, where=where)
