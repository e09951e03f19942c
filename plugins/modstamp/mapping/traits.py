"""What a mapping should mind in an org that is not a plain one: what is supported, and what is not.

Notes say what was found and how it is dealt with; advice is for what a person had better change.
"""

from __future__ import annotations

from collections.abc import Iterator

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.conditions import fields
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Field, Side, Trait, TypeDescription

RECORD_TYPE = "RecordTypeId"


def notes(mapping: TypeMapping, external: TypeDescription) -> list[str]:
    """What was found, in sentences."""
    found = [f"{external.name}: {_NOTES[trait].format(', '.join(names))}" for trait, names in external.traits.items()]
    formulas = ", ".join(field.name for field in calculated(mapping, external))
    if formulas:
        found.append(
            f"{external.name}: calculated: {formulas}. Their values change while the record does not, so the nightly "
            "upkeep reads them again"
        )
    if mapping.internal in _WATCHED and mapping.outbound.create.on:
        found.append(f"{external.name}: {_WATCHED[mapping.internal]}")
    return [*found, *_left_out(mapping, external)]


def _left_out(mapping: TypeMapping, external: TypeDescription) -> list[str]:
    """Fields that may not stand together, and what becomes of them."""
    return [
        f"{external.name}: {row.external} is left out while {other} names a {' or '.join(types)}, with which "
        "Salesforce does not take it; it is sent once that has become another record"
        for row in mapping.fields
        for other, types in row.left_out_with.items()
    ]


# What another sync of the org may write too; nothing that we may read tells whether it runs.
_WATCHED = {
    "meeting": (
        "if the org runs Lightning Sync or Einstein Activity Capture, it writes the same meetings: keep one of the "
        "two, or leave calendars out of the other"
    ),
    "mail": "if the org runs Einstein Activity Capture, it writes the same mails: keep one of the two",
}
_NOTES = {
    Trait.PERSONS: (
        "the org has person accounts ({}). They are read like others; Salesforce refuses writes of their Name, and of "
        "their contacts' fields: these wait in quarantine, which is all the support there is"
    ),
    Trait.CURRENCIES: (
        "the org has several currencies ({}). Amounts travel as they stand in the record, in its own currency, and are "
        "not converted"
    ),
    Trait.TIME_ZONES: (
        "users have time zones of their own ({}). Instants travel in UTC and dates as they are written, so no zone "
        "shifts either; only list views and reports with relative dates go by our user's zone"
    ),
    Trait.PLACES: "the org has lists of states and countries ({}): other names are refused by Salesforce",
    Trait.RECORD_TYPES: (
        "the org has record types ({}). New records get our user's default one, unless a field mapping writes another; "
        "a value that a record's type does not have is refused by Salesforce"
    ),
}


def advice(file: MappingFile, external: TypeDescription) -> Iterator[Problem]:
    """What is likely to end in quarantine, or to mean something else than it seems to."""
    mapping, traits = file.mapping, external.traits
    mapped = {row.external for row in mapping.fields}
    if Trait.PERSONS in traits and _writes(mapping) and not _asked(mapping, traits[Trait.PERSONS][0]):
        what = f"what is written to a person account's {external.name} is refused in part, and waits in quarantine"
        condition = f"{{field: {traits[Trait.PERSONS][0]}, operator: is, value: false}}"
        yield Problem(file.document.where(("outbound",)), what, f"leave them out: inbound create when {condition}")
    if Trait.RECORD_TYPES in traits and mapping.outbound.create.on and RECORD_TYPE not in mapped:
        what = f"new {external.name} records get the default record type of our user"
        fix = f"map {RECORD_TYPE} with a value table of the types' ids, or choose that default in the user's profile"
        yield Problem(file.document.where(("outbound", "create")), what, fix)
    code = next(iter(traits.get(Trait.CURRENCIES, ())), None)
    if code and code not in mapped:
        for index, row in enumerate(mapping.fields):
            if (field := external.fields.get(row.external)) and field.native == "currency":
                what = f"{field.name} is in each record's own currency, which is not mapped"
                yield Problem(file.document.where(("fields", index)), what, f"map {code}, too")
    for index, row in enumerate(mapping.fields):
        if row.external in traits.get(Trait.PLACES, ()) and row.travels(Direction.PUSHING) and _writes(mapping):
            what = f"{row.external} takes the names of the org's list alone"
            fix = f"map {row.external}Code with a value table, or keep the same names here"
            yield Problem(file.document.where(("fields", index)), what, fix)


def calculated(mapping: TypeMapping, external: TypeDescription) -> list[Field]:
    """Fields that come in, or that a computed one is made of, and whose value may change without the record (G7)."""
    names = dict.fromkeys(
        name
        for row in mapping.fields
        if row.updates(Direction.POLLING) and row.lookup is None
        for name in row.read_names(Side.EXTERNAL)
    )
    shown = (external.fields.get(name) for name in names)
    return [field for field in shown if field is not None and field.calculated]


def _writes(mapping: TypeMapping) -> bool:
    return mapping.pushing.on and (mapping.outbound.create.on or mapping.outbound.update.on)


def _asked(mapping: TypeMapping, name: str) -> bool:
    """Whether a condition looks at the field already."""
    return any(name in fields(each) for each in mapping.conditions(Direction.POLLING).values())
