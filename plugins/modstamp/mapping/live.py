"""A mapping against what the two systems say of themselves: fields, rights, types (OSF-004 to OSF-007, STG-002).

`check_live` finds what would fail; `advise_live` what may fail for single records, or once another toggle is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile, suggestion
from modstamp.mapping.conditions import fields
from modstamp.mapping.documents import Path
from modstamp.mapping.schema import section
from modstamp.model import OWN_KEY_LENGTH, Direction, Field, Operation, Side, TypeDescription

Sides = Mapping[Side, TypeDescription]

_RIGHTS = {Operation.CREATE: "createable", Operation.UPDATE: "updateable", Operation.DELETE: "deletable"}
_ACCEPTS = {  # kind of the target → kinds of a source whose values it can hold as they are
    "text": {"text", "choice"},
    "choice": {"choice", "text"},
    "number": {"number", "integer"},
}


def check_live(
    file: MappingFile,
    internal: TypeDescription,
    external: TypeDescription,
    references: Mapping[str, TypeDescription] | None = None,
) -> list[Problem]:
    """What would fail in every run. `references`: internal types by name, to check the columns that `by:` names."""
    sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
    return [
        *unknown_fields(file, sides),
        *_unknown_in_conditions(file, sides),
        *_unknown_lookups(file, references or {}),
        *_rights(file, sides, needed=True),
        *_unwritable_fields(file, sides),
        *_types(file, sides),
        *_value_tables(file, sides),
        *_required_fields(file, sides),
        *_own_key(file, external),
    ]


def advise_live(file: MappingFile, internal: TypeDescription, external: TypeDescription) -> list[Problem]:
    """What will send single records to quarantine, and rights that are missing for what is switched off."""
    sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
    return [*_rights(file, sides, needed=False), *_lengths(file, sides)]


def unknown_fields(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    """Field mappings that name what a system does not show: no run may go on as if they were not there (STG-002)."""
    for index, row in enumerate(file.mapping.fields):
        for side, description in sides.items():
            if row.name(side) not in description.fields:
                yield _unknown(file, ("fields", index, side.value), row.name(side), description)


def _unknown_in_conditions(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for direction in Direction:
        description = sides[direction.source]
        for place, condition in file.mapping.conditions(direction).items():
            for name in (name for name in fields(condition) if name not in description.fields):
                yield _unknown(file, place, name, description)


def _unknown_lookups(file: MappingFile, references: Mapping[str, TypeDescription]) -> Iterator[Problem]:
    for index, row in enumerate(file.mapping.fields):
        description = references.get(row.reference.type) if row.reference else None
        if row.reference and row.reference.by and description and row.reference.by not in description.fields:
            yield _unknown(file, ("fields", index, "reference"), row.reference.by, description)


def _unknown(file: MappingFile, path: Path, name: str, description: TypeDescription) -> Problem:
    """Names are exact: case counts (STG-002)."""
    what = f"{description.name} has no field '{name}', or our user may not see it"
    fix = f"{suggestion(name, list(description.fields))} Else give our user the right to see it"
    return Problem(file.document.where(path), what, fix)


def _rights(file: MappingFile, sides: Sides, *, needed: bool) -> Iterator[Problem]:
    """Rights on the object that are missing: for operations that are switched on (`needed`), or for the others."""
    for direction in _active(file):
        description = sides[direction.target]
        for operation, right in _RIGHTS.items():
            if file.mapping.toggles(direction).of(operation).on is needed and not getattr(description, right):
                what = f"our user may not {operation} {description.name} records"
                fix = f"give it the right to {operation} {description.name}, or leave that toggle off"
                yield Problem(file.document.where((section(direction), operation.value)), what, fix)


def _unwritable_fields(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for index, direction, field in _written(file, sides):
        toggles = file.mapping.toggles(direction)
        for operation, writable in ((Operation.CREATE, field.createable), (Operation.UPDATE, field.updateable)):
            if toggles.of(operation).on and not writable:
                why = "it is calculated" if field.calculated else "the system or our user's rights forbid it"
                what = f"{field.name} cannot be written on {operation}: {why}"
                back = "in" if direction is Direction.PUSHING else "out"
                fix = f"write 'direction: {back}', or give our user the right to edit the field"
                yield Problem(file.document.where(("fields", index)), what, fix)


def _types(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for index, source, target in _copied(file, sides):
        if source.kind in _ACCEPTS.get(target.kind, {target.kind}):
            continue
        what = f"{source.name} is {source.kind} and {target.name} is {target.kind}"
        yield Problem(file.document.where(("fields", index)), what, "map two fields of one kind, or add a value table")


def _value_tables(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    """Values that a restricted choice of the other system does not have are refused by it, record by record."""
    for index, row in enumerate(file.mapping.fields):
        table, field = file.table(row), sides[Side.EXTERNAL].fields.get(row.external)
        if table is None or field is None or not field.restricted:
            continue
        for value in sorted(set(table.lookup(Direction.PUSHING).values()) - set(field.choices)):
            what = f"value table '{table.name}' names '{value}', which {field.name} does not have"
            fix = suggestion(value, list(field.choices))
            yield Problem(file.document.where(("fields", index, "values")), what, fix)


def _required_fields(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for direction in _active(file):
        toggle, description = file.mapping.toggles(direction).create, sides[direction.target]
        mapped = {row.name(direction.target) for row in file.mapping.fields if row.travels(direction)}
        for field in description.fields.values() if toggle.on else ():
            if field.required and field.createable and field.name not in mapped:
                what = f"{description.name} needs {field.name} on create, and no field mapping writes it"
                fix = f"map a field to {field.name}, or switch {section(direction)} create off"
                yield Problem(file.document.where((section(direction), "create")), what, fix)


def _own_key(file: MappingFile, external: TypeDescription) -> Iterator[Problem]:
    """Where the system itself would let a second record with the same key pass, the key proves nothing (G21)."""
    name, path = file.mapping.own_key, ("own_key",)
    if name is None:
        return
    field = external.fields.get(name)
    if field is None:
        yield _unknown(file, path, name, external)
        return
    faults = {
        "it is no text field": field.kind != "text",
        f"it holds less than {OWN_KEY_LENGTH} characters": field.length is None or field.length < OWN_KEY_LENGTH,
        "it is not marked as unique": not field.unique,
        "it is not marked as an external id": not field.external_id,
        "our user may not write it on create": not field.createable,
    }
    wrong = [fault for fault, is_so in faults.items() if is_so]
    if wrong:
        what = f"{name} cannot be the own key of {external.name}: {', '.join(wrong)}"
        fix = f"make a text field of {OWN_KEY_LENGTH} characters or more, unique and an external id, that we may write"
        yield Problem(file.document.where(path), what, fix)


def _lengths(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for index, source, target in _copied(file, sides):
        if target.length is not None and (source.length is None or source.length > target.length):
            what = f"{source.name} may be longer than the {target.length} characters of {target.name}"
            fix = f"longer values wait in quarantine; lengthen {target.name}, or shorten them at the source"
            yield Problem(file.document.where(("fields", index)), what, fix)


def _written(file: MappingFile, sides: Sides) -> Iterator[tuple[int, Direction, Field]]:
    """Every known target field that a run writes: its place among the file's fields, the direction, the field."""
    for direction in _active(file):
        for index, row in enumerate(file.mapping.fields):
            field = sides[direction.target].fields.get(row.name(direction.target))
            if field and row.travels(direction):
                yield index, direction, field


def _copied(file: MappingFile, sides: Sides) -> Iterator[tuple[int, Field, Field]]:
    """Of these, the ones that get the source's value as it is: place, source field, target field."""
    for index, direction, target in _written(file, sides):
        row = file.mapping.fields[index]
        source = sides[direction.source].fields.get(row.name(direction.source))
        if source and not row.values and not row.reference:
            yield index, source, target


def _active(file: MappingFile) -> tuple[Direction, ...]:
    return tuple(direction for direction in Direction if file.mapping.is_on(direction))
