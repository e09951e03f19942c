"""What field mappings look up in other types, against what the two systems say of these types (STG-030 to STG-034)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile, suggestion
from modstamp.mapping.conditions import fields
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Side, TypeDescription

Searched = tuple[Side, str]  # the side that is asked, and the type there


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """`keys`: the fields that records are found by; `read`: those that are looked at besides. An id is none of them."""

    asked: Searched
    keys: tuple[str, ...]
    read: tuple[str, ...] = ()


def searched(mapping: TypeMapping) -> list[Searched]:
    """Each type that runs of this mapping search, once."""
    return list(dict.fromkeys(search.asked for row in mapping.fields if (search := _search(row))))


def check(file: MappingFile, found: Mapping[Searched, TypeDescription | None]) -> Iterator[Problem]:
    """What no search could find. `found`: what `searched` names; None: the system shows no such type."""
    for index, row in enumerate(file.mapping.fields):
        search = _search(row)
        if search is not None:
            where = file.document.where(("fields", index, "lookup" if row.lookup else "reference"))
            for what, fix in _faults(search, found.get(search.asked)):
                yield Problem(where, what, fix)


def _search(row: FieldMapping) -> _Search | None:
    if row.lookup is not None:
        type_name, _, wanted = row.derived_name.partition(".")
        keys = tuple(name for name in row.lookup.match if name.lower() != "id")
        judged = fields(row.lookup.where) if row.lookup.where else ()
        return _Search(asked=(row.source, type_name), keys=keys, read=(wanted, *judged))
    if row.reference is not None and row.reference.look_for is not None:
        type_name, _, name = row.reference.look_for.partition(".")
        return _Search(asked=(Side.EXTERNAL, type_name), keys=(name,))
    return None


def _faults(search: _Search, description: TypeDescription | None) -> Iterator[tuple[str, str]]:
    """What is wrong, and the fix."""
    side, type_name = search.asked
    if description is None:
        what = f"the {side} side has no type '{type_name}' to look into, or our user may not see it"
        yield what, "correct the type's name, or give our user the right to read it"
        return
    for name in dict.fromkeys((*search.keys, *search.read)):
        field = description.fields.get(name)
        if field is None:
            fix = f"{suggestion(name, list(description.fields))} Else give our user the right to see it"
            yield f"{type_name} has no field '{name}' to look into, or our user may not see it", fix
        elif name in search.keys and not field.filterable:
            what = f"no query can ask for {type_name} records by {name}"
            yield what, "name a field that can be filtered by, such as a short text"
