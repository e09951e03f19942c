"""The options of one field mapping, against each other: what cannot go together is refused when the file is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.conditions import rows
from modstamp.mapping.documents import Path
from modstamp.mapping.expressions import MARK, ExpressionError, expression
from modstamp.mapping.field import FieldMapping, Instead, template_name
from modstamp.mapping.strict import section
from modstamp.mapping.templates import reference_of, template
from modstamp.model import Direction, Side

_OF_ANOTHER = re.compile(r"[A-Za-z]\w*\.[A-Za-z]\w*")
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
    yield from _unmapped(file, row)
    yield from _derived(file, row)
    yield from _template(file, row)
    yield from _look_for(row)
    yield from _partial(file, row)
    yield from _too_long(row)
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


def _unmapped(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    if row.unmapped == "hold":
        return
    if row.values is None:
        yield "unmapped", "without a value table every value travels as it is", "take 'unmapped' out, or add 'values'"
    elif isinstance(row.unmapped, Instead):
        for direction in Direction:
            if row.unmapped.of(direction) is not None and not row.travels(direction):
                what, name = f"nothing travels {section(direction)}", section(direction)
                yield "unmapped", what, f"take '{name}' out, or let the field travel that way"
            elif not _comes_back(file, row, row.unmapped, direction):
                what = f"'{row.unmapped.of(direction)}' is in no pair, so that it could not go back, nor its record"
                fix = f"name a value of the table, or say with '{section(direction.other)}' what it becomes"
                yield "unmapped", what, fix


def _comes_back(file: MappingFile, row: FieldMapping, instead: Instead, direction: Direction) -> bool:
    """What replaced a value is a value like any other: where it travels back, a pair must name it, or `unmapped`."""
    value = instead.of(direction)
    if value is None or not row.travels(direction.other) or instead.of(direction.other) is not None:
        return True
    table = file.table(row) if not isinstance(row.values, str) or row.values in file.tables else None
    return table is None or value in table.lookup(direction.other)


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


def _derived(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    """Computed and looked-up values: read-only, so one way, and never a key."""
    marked = [side for side in Side if row.name(side).startswith(MARK)]
    dotted = [side for side in Side if "." in row.name(side) and side not in marked]
    if not (marked or dotted or row.lookup) or row.template is not None:
        return
    if row.direction == "both":
        what = "a value that is computed or looked up is read-only, and cannot travel both ways"
        yield "direction", what, "write 'direction: in' or 'direction: out'"
        return
    for side in [*marked, *dotted]:
        if side is not row.source:
            what = f"'{row.name(side)}' is on the side that is written"
            yield str(side), what, "turn the direction round, or name a plain field there"
    if row.internal in file.mapping.match_fields:
        yield "internal", "a computed or looked-up field cannot be part of the match key", "take it out of 'match'"
    yield from _searched(row, marked) if row.lookup or dotted else _computed(row)


def _searched(row: FieldMapping, marked: list[Side]) -> Iterator[_Fault]:
    name = row.derived_name
    if marked:
        yield "lookup", "a computed value is not looked up", "take 'lookup' or the expression out"
    elif row.lookup is None:
        what = f"'{name}' names a field of another record, which is known only with 'lookup'"
        yield str(row.source), what, "add 'lookup: {match: {…}}', or name a field of the record itself"
    elif not _OF_ANOTHER.fullmatch(name):
        what = f"a lookup's {row.source} field names the field that is wanted of the record found"
        yield str(row.source), what, "write it as Type.Field, such as Account.Industry"
    if row.lookup and row.lookup.where and any(each.operator == "changed" for each in rows(row.lookup.where)):
        yield "lookup", "'changed' cannot be asked of the record that is sought", "take it out of 'where'"


def _computed(row: FieldMapping) -> Iterator[_Fault]:
    try:
        expression(row.derived_name.removeprefix(MARK))
    except ExpressionError as error:
        yield str(row.source), f"the expression cannot be read: {error}", "correct it; see docs/mappings.md"


def _template(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    """A text that goes out, put together here: nothing else says what it is."""
    if row.template is None:
        return
    if row.internal != template_name(row.external):
        yield "internal", "a template stands in place of the internal field", "take 'internal' out, or the template"
    if row.direction != "out":
        yield "direction", "a text that is put together here only goes out", "take 'direction' out"
    if row.lookup or row.reference or row.values:
        what = "a template takes no 'lookup', 'reference' or 'values'"
        yield "template", what, "take them out, or name a field in place of the template"
    if row.internal in file.mapping.match_fields:
        yield "template", "a text that is put together cannot be part of the match key", "take it out of 'match'"
    try:
        named = template(row.template).named
    except ExpressionError as error:
        yield "template", f"the template cannot be read: {error}", "correct it; see docs/mappings.md"
        return
    known = {each.internal for each in file.mapping.fields if each.names_parent}
    for prefix in (each for each in named if reference_of(each) not in known):
        what = f"'{prefix}.…' needs a field mapping of '{reference_of(prefix)}' with a reference by id"
        yield "template", what, "map that field, or use fields of the record itself"


def _look_for(row: FieldMapping) -> Iterator[_Fault]:
    if row.reference is None or row.reference.look_for is None:
        return
    if row.reference.by is None:
        what = "'look_for' finds records by a name, and 'by' does not say which column holds it here"
        yield "reference", what, "add 'by:'"
    if row.values is not None:
        yield "reference", "'look_for' compares names, and a value table would change them", "take one of the two out"


def _partial(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    """Values of which only a part may count, and lists."""
    for key in ("references", "left_out_with", "fallback", "resend_with", "last_day_when"):
        if getattr(row, key) and row.direction != "out":
            yield key, f"'{key}' is about values that are sent alone", "write 'direction: out'"
    if row.references and (row.reference or row.values or row.is_derived or row.empty_as.outbound is not None):
        what = "a list of references takes no 'reference', 'values', 'lookup', expression or placeholder"
        yield "references", what, "take the others out"
    if (row.references or row.left_out_with or row.fallback) and row.internal in file.mapping.match_fields:
        what = "of its value only a part may count, so it cannot be part of the match key"
        yield "internal", what, "take it out of 'match'"
    yield from _fallback(file, row)
    yield from _other_fields(file, row)


def _fallback(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    """It names a record by its id, in place of another one that is named by its id."""
    if row.fallback is None:
        return
    if row.reference is None or row.reference.by is not None or row.values:
        yield "fallback", "it stands in for a reference by id", "add 'reference:', or take 'fallback' out"
    elif row.fallback.reference == row.reference.type:
        what = f"'{row.fallback.internal}' would name a record of the same type as the field itself"
        yield "fallback", what, "name another type, such as account"
    known = {each.internal for each in file.mapping.fields if each.names_parent}
    if row.fallback.named and row.fallback.named[0] not in known:
        what = f"'{row.fallback.internal}' needs a field mapping of '{row.fallback.named[0]}' with a reference by id"
        yield "fallback", what, "map that field, or name one of the record itself"


def _other_fields(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    others = [each for each in file.mapping.fields if each is not row]
    for name in row.left_out_with:
        if not any(each.external == name and each.names_parent for each in others):
            what = f"no other field mapping writes a reference into '{name}'"
            yield "left_out_with", what, "name the external field to go by"
    named = {"resend_with": row.resend_with, "last_day_when": filter(None, [row.last_day_when])}
    for key, name in ((key, name) for key, names in named.items() for name in names):
        if name not in [each.internal for each in others]:
            yield key, f"'{name}' is the internal field of no other mapping", "name the field it goes with"


def _too_long(row: FieldMapping) -> Iterator[_Fault]:
    if row.too_long == "hold":
        return
    if not row.travels(Direction.PUSHING):
        yield "too_long", "nothing travels outbound, so nothing is shortened", "take 'too_long' out"
    if row.named_types or row.values:
        yield "too_long", "ids and values of a table are not shortened", "take 'too_long' out"


def _placeholders(file: MappingFile, row: FieldMapping) -> Iterator[_Fault]:
    if row.reference is not None:
        yield "empty_as", "a placeholder names no record", "take 'empty_as' out, or the reference"
    if row.internal in file.mapping.match_fields:
        what = "records without a value would all match each other by the placeholder"
        yield "empty_as", what, "take 'empty_as' out, or the field out of 'match'"
    table = file.table(row) if not isinstance(row.values, str) or row.values in file.tables else None
    for side, position in ((Side.INTERNAL, 0), (Side.EXTERNAL, 1)):
        if table and row.placeholder(side) in [pair[position] for pair in table.pairs]:
            what = f"'{row.placeholder(side)}' is a value of the value table, and cannot mean nothing too"
            yield "empty_as", what, "choose another placeholder, or take the pair out"
