"""The options of one field mapping, against each other: what cannot go together is refused when the file is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.documents import Path
from modstamp.mapping.schema import FieldMapping, Instead, section
from modstamp.model import Direction, Side

_Fault = tuple[str, str, str]  # the key of the option, what is wrong, the fix


def check(file: MappingFile) -> Iterator[Problem]:
    """Every incompatible pair of options of every field, each at its place."""
    for index, row in enumerate(file.mapping.fields):
        for key, what, fix in _faults(file, row):
            path: Path = ("fields", index, key)
            yield Problem(file.document.where(path), f"{row.internal} and {row.external}: {what}", fix)


def _faults(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    yield from _ways(row)
    yield from _conflict(row)
    yield from _only_on(file, row)
    yield from _unmapped(row)
    if row.empty_as.inbound is not None or row.empty_as.outbound is not None:
        yield from _placeholders(file, row)


def _ways(row: FieldMapping) -> Iterator[_Fault]:
    """An option of a direction in which the field does not travel."""
    for direction in Direction:
        name = section(direction)
        placeholder = row.placeholder(direction.target)
        if not row.travels(direction):
            fix = f"take '{name}' out, or let the field travel that way"
            if row.skips_empty(direction):
                yield "skip_empty", f"nothing travels {name}, so no blank is skipped", fix
            if placeholder is not None:
                yield "empty_as", f"nothing travels {name}, so no placeholder is written", fix
        elif row.skips_empty(direction) and placeholder is not None:
            what = f"{name} blanks cannot both be skipped and be written as '{placeholder}'"
            yield "empty_as", what, f"take '{name}' out of 'skip_empty' or of 'empty_as'"


def _unmapped(row: FieldMapping) -> Iterator[_Fault]:
    if row.unmapped == "hold":
        return
    if row.values is None:
        yield "unmapped", "without a value table every value travels as it is", "take 'unmapped' out, or add 'values'"
    elif isinstance(row.unmapped, Instead):
        for direction in Direction:
            if row.unmapped.of(direction) is not None and not row.travels(direction):
                what, name = f"nothing travels {section(direction)}", section(direction)
                yield "unmapped", what, f"take '{name}' out, or let the field travel that way"


def _conflict(row: FieldMapping) -> Iterator[_Fault]:
    if row.conflict is None:
        return
    if row.direction != "both":
        what = f"the field travels one way only, so that no conflict is there for '{row.conflict}'"
        yield "conflict", what, "take 'conflict' out, or write 'direction: both'"
    elif row.conflict == "strictest" and (row.values or row.reference):
        what = "'strictest' compares yes and no, and this field holds other values"
        yield "conflict", what, "use it for a checkbox on both sides, or another policy"


def _only_on(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    if row.only_on is None:
        return
    if row.conflict is not None:
        yield "conflict", "a field that only a create writes is never in conflict", "take 'conflict' or 'only_on' out"
    if row.skip_empty:
        yield "skip_empty", "a field that only a create writes overwrites nothing", "take 'skip_empty' or 'only_on' out"
    if row.reference and row.reference.by is None and row.reference.type == file.mapping.internal:
        what = "a parent of the own type may be linked after the create, which 'only_on: create' would not write"
        yield "only_on", what, "take 'only_on' out"


def _placeholders(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    if row.reference is not None:
        yield "empty_as", "a placeholder names no record", "take 'empty_as' out, or the reference"
    if row.internal in file.mapping.match:
        what = "records without a value would all match each other by the placeholder"
        yield "empty_as", what, "take 'empty_as' out, or the field out of 'match'"
    table = file.table(row) if not isinstance(row.values, str) or row.values in file.tables else None
    for side, position in ((Side.INTERNAL, 0), (Side.EXTERNAL, 1)):
        if table and row.placeholder(side) in [pair[position] for pair in table.pairs]:
            what = f"'{row.placeholder(side)}' is a value of the value table, and cannot mean nothing too"
            yield "empty_as", what, "choose another placeholder, or take the pair out"
