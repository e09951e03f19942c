"""A mapping against what the two systems say of themselves: fields, rights, types (OSF-004 to OSF-007, STG-002).

`check_live` finds what would fail; `advise_live` what may fail for single records, or once another toggle is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modstamp.errors import Problem
from modstamp.mapping import drift, traits
from modstamp.mapping.catalog import MappingFile, suggestion
from modstamp.mapping.conditions import fields
from modstamp.mapping.documents import Path
from modstamp.mapping.drift import Schema
from modstamp.mapping.required import unmet
from modstamp.mapping.strict import section
from modstamp.mapping.templates import reference_of, template
from modstamp.model import OWN_KEY_LENGTH, Direction, Field, Operation, Side, TypeDescription

Sides = Mapping[Side, TypeDescription]

_RIGHTS = {Operation.CREATE: "createable", Operation.UPDATE: "updateable", Operation.DELETE: "deletable"}
_RESTORE = "runs go on without it: restore it or our user's right to see it, or take it out of the mapping"
_MAY_SEE = "give our user the right to see it"
_SHOW = {"salesforce": f"{_MAY_SEE}: in Setup, make it Visible under 'Set Field-Level Security' of the field"}
_ACCEPT = "accept the type as it is: python -m modstamp drift {0.mapping.name} --accept"
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
    known: Schema | None = None,
) -> list[Problem]:
    """What would fail in every run. `references`: internal types by name, to check the columns that `by:` names.

    `known`: what runs know of the external type.
    """
    sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
    return [
        *stopping(file, sides, known),
        *_unknown_in_conditions(file, sides),
        *_unknown_lookups(file, references or {}),
        *_rights(file, sides, needed=True),
        *_unwritable_fields(file, sides),
        *_types(file, sides),
        *_lists(file, external),
        *_templates(file, sides, references or {}),
        *_placeholders(file, sides),
        *_checkboxes(file, sides),
        *_backfill(file, internal),
        *_value_tables(file, sides),
        *_required_fields(file, sides),
        *_own_key(file, external),
    ]


def advise_live(
    file: MappingFile, internal: TypeDescription, external: TypeDescription, known: Schema | None = None
) -> list[Problem]:
    """What will send single records to quarantine, what drifted, and rights missing for what is switched off."""
    sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
    return [
        *_rights(file, sides, needed=False),
        *_lengths(file, sides),
        *_drifted(file, sides, known),
        *traits.advice(file, external),
    ]


def stopping(file: MappingFile, sides: Sides, known: Schema | None) -> Iterator[Problem]:
    """What no run may go on with as if it were not so (G8, STG-002). `known`: what runs know of the external type.

    A field that went stops a run if the drift policy says so, or if records would be doubled without it. A name that
    was never shown is a mistake in the file, whatever the policy.
    """
    policy, external = file.mapping.drift, sides[Side.EXTERNAL]
    bearable = () if policy == "stop" else drift.went(file.mapping, known, external)
    for index, row in enumerate(file.mapping.fields):
        for side, description in sides.items():
            for name in row.read_names(side):
                if name in description.fields or (side is Side.EXTERNAL and name in bearable):
                    continue
                other = sides[side.other].fields.get(row.name(side.other))
                yield _unknown(file, ("fields", index, side.value), name, description, other)
    for each in drift.compare(file.mapping, known, external) if policy == "stop" else ():
        if each.verb == "changed":
            yield Problem(
                file.document.where(_place(file, each.field)), f"{external.name}: {each}", _ACCEPT.format(file)
            )


def _drifted(file: MappingFile, sides: Sides, known: Schema | None) -> Iterator[Problem]:
    """What a person should know of and no run stops at."""
    policy, external = file.mapping.drift, sides[Side.EXTERNAL]
    for each in drift.compare(file.mapping, known, external) if policy != "ignore" else ():
        if each.verb == "appeared":
            fix = drift.proposal(each, sides[Side.INTERNAL])
            yield Problem(
                file.document.where(("fields",)), f"{external.name}: {each}", f"{fix}. Or {_ACCEPT.format(file)}"
            )
        elif policy == "propose" and each.field not in drift.indispensable(file.mapping):
            fix = _RESTORE if each.verb == "vanished" else "see whether the mapping still suits it"
            where = file.document.where(_place(file, each.field))
            yield Problem(where, f"{external.name}: {each}", f"{fix}. Then {_ACCEPT.format(file)}")


def _place(file: MappingFile, external: str) -> Path:
    found = [index for index, row in enumerate(file.mapping.fields) if row.external == external]
    return ("fields", found[0]) if found else ()


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
        if row.falls_back and row.falls_back.named:
            name, wanted = row.falls_back.named
            types = {each.internal: each.named_types[0] for each in file.mapping.fields if each.reference}
            description = references.get(types.get(name, ""))
            if description and wanted not in description.fields:
                yield _unknown(file, ("fields", index, "fallback"), wanted, description)


def _unknown(
    file: MappingFile, path: Path, name: str, description: TypeDescription, other: Field | None = None
) -> Problem:
    """Names are exact: case counts (STG-002). `other`: what it is mapped to, as a pattern for a field to be made."""
    if parts := description.compounds.get(name):
        what = f"{description.name}.{name} holds no value of its own: it is put together from others"
        return Problem(file.document.where(path), what, f"map its parts instead: {', '.join(parts)}")
    what = f"{description.name} has no field '{name}', or our user may not see it"
    fix = f"{suggestion(name, list(description.fields))} Else {_SHOW.get(file.mapping.system, _MAY_SEE)}"
    if other is not None:
        size = f" of {other.length} characters" if other.length else ""
        fix += f", or make the field: {other.kind}{size}, like {other.name}"
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
            if operation is Operation.UPDATE and not file.mapping.fields[index].updates(direction):
                continue
            if toggles.of(operation).on and not writable:
                why = "it is calculated" if field.calculated else "the system or our user's rights forbid it"
                what = f"{field.name} cannot be written on {operation}: {why}"
                back = "in" if direction is Direction.PUSHING else "out"
                fix = f"write 'direction: {back}', or give our user the right to edit the field"
                if parts := sides[direction.target].compounds.get(field.name):
                    fix = f"write 'direction: {back}', and map its parts: {', '.join(parts)}"
                yield Problem(file.document.where(("fields", index)), what, fix)


def _types(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for index, source, target in _copied(file, sides):
        if source.kind in _ACCEPTS.get(target.kind, {target.kind}):
            continue
        what = f"{source.name} is {source.kind} and {target.name} is {target.kind}"
        yield Problem(file.document.where(("fields", index)), what, "map two fields of one kind, or add a value table")


def _lists(file: MappingFile, external: TypeDescription) -> Iterator[Problem]:
    for index, row in enumerate(file.mapping.fields):
        field = external.fields.get(row.external)
        if row.references and field and field.kind != "list":
            what = f"'references' writes a list, and {field.name} is {field.kind}"
            yield Problem(
                file.document.where(("fields", index, "references")), what, "name a field that holds a list of ids"
            )


def _templates(file: MappingFile, sides: Sides, references: Mapping[str, TypeDescription]) -> Iterator[Problem]:
    """What a template looks at in other records must be there; what it makes is a text, the same one if it is fixed."""
    types = {row.internal: row.reference.type for row in file.mapping.fields if row.reference}
    for index, text, field in _with_templates(file, sides):
        path: Path = ("fields", index, "template")
        made = template(text)
        for prefix, wanted in made.named.items():
            description = references.get(types.get(reference_of(prefix), ""))
            for name in wanted:
                if description and name not in description.fields:
                    yield _unknown(file, path, name, description)
        fixed = made.value({}) if not made.ingredients else None
        if field.kind not in ("text", "choice"):
            what = f"a template makes a text, and {field.name} is {field.kind}"
            yield Problem(file.document.where(path), what, "map another field")
        elif fixed is not None and field.choices and fixed not in field.choices:
            fix = suggestion(str(fixed), list(field.choices))
            yield Problem(file.document.where(path), f"{field.name} has no choice '{fixed}'", fix)


def _with_templates(file: MappingFile, sides: Sides) -> Iterator[tuple[int, str, Field]]:
    for index, row in enumerate(file.mapping.fields):
        field = sides[Side.EXTERNAL].fields.get(row.external)
        if row.template is not None and field is not None:
            yield index, row.template, field


def _placeholders(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    """A text that stands for nothing must be one that the field can hold."""
    for index, direction, field in _written(file, sides):
        text = file.mapping.fields[index].placeholder(direction.target)
        if text is None:
            continue
        why = None
        if field.kind not in ("text", "choice"):
            why = f"is {field.kind}"
        elif field.length is not None and len(text) > field.length:
            why = f"holds {field.length} characters"
        elif field.restricted and text not in field.choices:
            why = "has no such choice"
        if why:
            what = f"'{text}' cannot stand for nothing: {field.name} {why}"
            yield Problem(
                file.document.where(("fields", index, "empty_as")), what, "choose a text that the field takes"
            )


def _checkboxes(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for index, row in enumerate(file.mapping.fields):
        for side, description in sides.items():
            field = description.fields.get(row.name(side))
            if row.conflict == "strictest" and field and field.kind != "boolean":
                what = f"'strictest' compares yes and no, and {field.name} is {field.kind}"
                yield Problem(file.document.where(("fields", index, "conflict")), what, "choose another policy")


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


def _backfill(file: MappingFile, internal: TypeDescription) -> Iterator[Problem]:
    lane = file.mapping.backfill
    if lane is None:
        return
    field = internal.fields.get(lane.by)
    if field is None:
        yield _unknown(file, ("backfill", "by"), lane.by, internal)
    elif field.kind not in ("date", "instant"):
        what = f"{field.name} is {field.kind}, and does not tell when a record took place"
        yield Problem(file.document.where(("backfill", "by")), what, "name a field that holds a day or an instant")


def _required_fields(file: MappingFile, sides: Sides) -> Iterator[Problem]:
    for direction in _active(file):
        if not file.mapping.toggles(direction).create.on:
            continue
        description = sides[direction.target]
        for name in unmet(file.mapping, direction, description):
            what = f"{description.name} needs {name} on create, and no field mapping writes it"
            what += "; until one does, outbound create is off" if direction is Direction.PUSHING else ""
            fix = f"map a field to {name}, or switch {section(direction)} create off"
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
        shortened = (
            file.mapping.fields[index].too_long == "shorten" and target.name == file.mapping.fields[index].external
        )
        if not shortened and target.length is not None and (source.length is None or source.length > target.length):
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
        if source and not row.values and not row.named_types:
            yield index, source, target


def _active(file: MappingFile) -> tuple[Direction, ...]:
    return tuple(direction for direction in Direction if file.mapping.is_on(direction))
