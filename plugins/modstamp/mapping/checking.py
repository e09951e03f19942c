"""What one mapping file cannot know by itself: how its parts, and the files together, fit each other. Offline.

Each check yields what a person must change before anything can run. What merely looks unintended is in `advice`; what
only the two systems can tell is in `live`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from modstamp.errors import Problem
from modstamp.mapping import expectations, options
from modstamp.mapping.apart import told_apart
from modstamp.mapping.catalog import MappingFile, suggestion
from modstamp.mapping.conditions import fields, rows
from modstamp.mapping.documents import Path
from modstamp.mapping.field import FieldMapping, ValuePair
from modstamp.mapping.schema import CANCELED, OUTWARD
from modstamp.mapping.strict import section
from modstamp.mapping.values import table_of
from modstamp.model import Direction, Operation, Side

_MINUTE = timedelta(minutes=1)


def check(files: Sequence[MappingFile]) -> list[Problem]:
    """Everything that is wrong with the files as a whole, file by file."""
    return [problem for file in files for problem in _problems(file, files)]


def _problems(file: MappingFile, files: Sequence[MappingFile]) -> Iterator[Problem]:
    for check_file in _EACH:
        yield from check_file(file)
    for check_all in _TOGETHER:
        yield from check_all(file, files)


def _intervals(file: MappingFile) -> Iterator[Problem]:
    polling, pushing = file.mapping.polling.every, file.mapping.pushing.every
    if polling < _MINUTE or polling % _MINUTE:
        yield _problem(
            file, ("polling", "every"), "polling runs every whole minute, or less often", "write '10 minutes'"
        )
    if pushing < timedelta(seconds=1):
        yield _problem(file, ("pushing", "every"), "pushing cannot run that often", "write '1 minute'")


def _mapped_twice(file: MappingFile) -> Iterator[Problem]:
    """Bases, decisions and value tables go by the field's name: two rows of one field would share them (STG-024)."""
    for side in Side:
        first: dict[str, FieldMapping] = {}
        for index, row in enumerate(file.mapping.fields):
            name = row.name(side)
            if first.setdefault(name, row) is not row:
                what = f"{side} field '{name}' is mapped twice (first to '{first[name].name(side.other)}')"
                yield _problem(file, ("fields", index), what, _once(row, side))


def _once(row: FieldMapping, side: Side) -> str:
    """A plain field may go to a second place, under another name."""
    if row.direction == "both" or row.source is not side or row.is_derived:
        return "keep one of the two"
    return f"keep one of the two, or write '={row.name(side)}' here: a computed value is its own"


def _match_fields(file: MappingFile) -> Iterator[Problem]:
    mapped = [row.internal for row in file.mapping.fields]
    for index, each in enumerate(file.mapping.match):
        for name in (each,) if isinstance(each, str) else each:
            if name not in mapped:
                what = f"match field '{name}' is not the internal field of any field mapping"
                yield _problem(file, ("match", index), what, suggestion(name, mapped))


def _defaults(file: MappingFile) -> Iterator[Problem]:
    mapped = {row.internal for row in file.mapping.fields if row.travels(Direction.POLLING)}
    for name in sorted(mapped.intersection(file.mapping.defaults)):
        what = f"'{name}' has a default, and a field mapping writes it"
        yield _problem(file, ("defaults", name), what, "keep one of the two")


def _own_key(file: MappingFile) -> Iterator[Problem]:
    """What a field mapping writes would replace the key by which a created record is known again (G21)."""
    for index, row in enumerate(file.mapping.fields):
        if row.external == file.mapping.own_key:
            what = f"'{row.external}' is the own key, which nothing else may write"
            yield _problem(file, ("fields", index), what, "map another field, or name another own_key")


def _backfill(file: MappingFile) -> Iterator[Problem]:
    """Without triggers the first look goes through the whole table, history and all (G31)."""
    if file.mapping.backfill and file.mapping.changed_by:
        what = "history cannot wait where changes are read from a column: the first look goes through all of it"
        yield _problem(file, ("backfill",), what, "take one of backfill and changed_by out")


def _condition_sides(file: MappingFile) -> Iterator[Problem]:
    """A condition names the source's fields. A name of the other side would be unknown for ever, and never hold."""
    for direction in Direction:
        other = {row.name(direction.target): row.name(direction.source) for row in file.mapping.fields}
        known = set(other.values())
        for place, condition in file.mapping.conditions(direction).items():
            for name in (name for name in fields(condition) if name in other and name not in known):
                what = f"the condition names '{name}', a field of the {direction.target} side"
                fix = f"{section(direction)} conditions look at {direction.source} fields: write '{other[name]}'"
                yield _problem(file, place, what, fix)


def _changed_rows(file: MappingFile) -> Iterator[Problem]:
    """`changed` compares with the base: only a linked record has one, and only of fields that travel that way (G11)."""
    for direction in Direction:
        travelling = [row.name(direction.source) for row in file.mapping.fields if row.travels(direction)]
        for place, condition in file.mapping.conditions(direction).items():
            for name in (row.field for row in rows(condition) if row.operator == "changed"):
                if place[1:] != ("update", "when"):
                    what = (
                        f"'{name} changed' needs a record that was in step before, and so stands in update conditions"
                    )
                    yield _problem(file, place, what, f"move it to {section(direction)}.update.when, or take it out")
                elif name not in travelling:
                    what = f"'{name} changed' looks at a field that does not travel when {direction}"
                    yield _problem(file, place, what, suggestion(name, travelling))


def _after_manual_create(file: MappingFile) -> Iterator[Problem]:
    """A push sees what was made by hand, and a poll brings the values down."""
    mapping, path = file.mapping, ("inbound", "create", "after_manual_create")
    needs = {"pushing": mapping.pushing.on, "polling": mapping.polling.on, "inbound update": mapping.inbound.update.on}
    off = [name for name, on in needs.items() if not on]
    if mapping.inbound.create.after_manual_create and off:
        yield _problem(file, path, f"nothing comes down while {', '.join(off)} is off", "switch it on, or this off")
    if mapping.inbound.create.after_manual_create and not mapping.match_keys:
        what = "nothing comes down: no match key tells which record outside is meant"
        yield _problem(file, path, what, "add 'match:' with the fields that tell two records apart")


def _on_cancel(file: MappingFile) -> Iterator[Problem]:
    mapping = file.mapping
    flagged = any(row.internal == CANCELED and row.updates(Direction.PUSHING) for row in mapping.fields)
    if "on_cancel" in mapping.model_fields_set and mapping.on_cancel in {"flag", "flag_and_delete"} and not flagged:
        what = f"on_cancel: {mapping.on_cancel} writes the field '{CANCELED}', which no field mapping sends"
        yield _problem(file, ("on_cancel",), what, f"add '{{internal: {CANCELED}, external: …, direction: out}}'")
    if mapping.deletes_canceled and not mapping.outbound.delete.on:
        what = f"on_cancel: {mapping.on_cancel} deletes records, and outbound delete is off"
        yield _problem(file, ("on_cancel",), what, "switch outbound delete on, or write 'on_cancel: flag'")


def _one_per(file: MappingFile) -> Iterator[Problem]:
    """Whose copy it is must be named by id: only then is it known whether the owner has a counterpart."""
    copies = file.mapping.one_per
    named = [row.internal for row in file.mapping.fields if row.names_parent]
    if copies and copies.of and copies.of not in named:
        what = f"no field mapping sends '{copies.of}' as a reference by id"
        yield _problem(file, ("one_per", "of"), what, suggestion(copies.of, named))


def _outward_only(file: MappingFile) -> Iterator[Problem]:
    """What people did is told to the other system, and nothing of it is taken from there (OMS-013)."""
    mapping, why = file.mapping, f"a {file.mapping.internal} is only told to the other system"
    if mapping.internal not in OUTWARD:
        return
    for index, row in enumerate(mapping.fields):
        if row.travels(Direction.POLLING):
            what = f"{row.internal} and {row.external}: {why}, and this field points inward"
            yield _problem(file, ("fields", index, "direction"), what, "write 'direction: out'")
    for operation in Operation:
        if mapping.inbound.of(operation).on:
            yield _problem(file, ("inbound", operation.value), f"inbound {operation} is on: {why}", "switch it off")


def _value_tables(file: MappingFile) -> Iterator[Problem]:
    for index, row in enumerate(file.mapping.fields):
        path = ("fields", index, "values")
        if isinstance(row.values, str) and row.values not in file.tables:
            what = f"there is no value table '{row.values}' beside the file"
            fix = suggestion(row.values, list(file.tables)) if file.tables else f"add values/{row.values}.csv"
            yield _problem(file, path, what, fix)
        elif isinstance(row.values, tuple):
            yield from _inline_table(file, path, row.internal, row.values)


def _inline_table(file: MappingFile, path: Path, name: str, pairs: Sequence[ValuePair]) -> Iterator[Problem]:
    rows = [(file.document.where((*path, i)), pair.internal, pair.external) for i, pair in enumerate(pairs)]
    yield from table_of(name, rows)[1]


def _expectations(file: MappingFile) -> Iterator[Problem]:
    mapped = {name for row in file.mapping.fields for name in (row.internal, row.external)}
    for position, name, arguments in expectations.entries(file.mapping.expect):
        path = ("expect", position, name)
        if name not in expectations.names():
            known = [known for known in expectations.names() if expectations.judges_rows(known)]
            yield _problem(file, path, f"Great Expectations knows no '{name}'", suggestion(name, known))
        elif not expectations.judges_rows(name):
            what = f"'{name}' judges a whole column, so no record can be told to be at fault"
            yield _problem(
                file, path, what, "use an expectation about values, such as expect_column_values_to_be_between"
            )
        if "mostly" in arguments:
            what = "records are judged one by one, so 'mostly' means nothing"
            yield _problem(file, (*path, "mostly"), what, "take 'mostly' out")
        for column in expectations.columns(arguments):
            if column not in mapped:
                yield _problem(file, path, f"'{column}' is no mapped field", suggestion(column, sorted(mapped)))


def _unique_names(file: MappingFile, files: Sequence[MappingFile]) -> Iterator[Problem]:
    mapping = file.mapping
    same = [other for other in files if other.mapping.name == mapping.name]
    if same[0] is not file:
        what = f"{same[0].document.name} bears the name '{mapping.name}' already"
        if "name" not in mapping.model_fields_set:
            what = f"{same[0].document.name} maps {mapping.external} on connection '{mapping.connection}' already"
        yield _problem(
            file, ("external",), what, "give this one a 'name:' of its own, keep one, or name another connection"
        )
        return
    pairs = [
        other
        for other in files[: files.index(file)]
        if (*other.mapping.family, other.mapping.external) == (*mapping.family, mapping.external)
        and not told_apart(mapping, other.mapping)
    ]
    if pairs:
        what = f"{pairs[0].document.name} maps {mapping.internal} to {mapping.external} on this connection already"
        fix = "put what the two say into one file, or let each create records with other values of one field"
        yield _problem(file, ("internal",), what, fix)


def _one_creator(file: MappingFile, files: Sequence[MappingFile]) -> Iterator[Problem]:
    """Mappings of one internal type into one connection elect one that creates, or are told apart (G20)."""
    if not file.mapping.outbound.create.on:
        return
    creators = [
        other
        for other in files[: files.index(file)]
        if other.mapping.family == file.mapping.family
        and other.mapping.outbound.create.on
        and not told_apart(file.mapping, other.mapping)
    ]
    if creators:
        what = f"{creators[0].document.name} creates each {file.mapping.internal} already: it would be made twice"
        yield _problem(file, ("outbound", "create"), what, "switch it on in one of them")


def _references(file: MappingFile, files: Sequence[MappingFile]) -> Iterator[Problem]:
    """A reference by id goes through the links of a mapping of that type on the same connection."""
    types = sorted({other.mapping.internal for other in files if other.mapping.connection == file.mapping.connection})
    for index, row in enumerate(file.mapping.fields):
        by_column = row.reference is not None and row.reference.by is not None
        for name in row.named_types:
            if name not in types and not by_column:
                what = f"no mapping on connection '{file.mapping.connection}' links the type '{name}'"
                fix = f"{suggestion(name, types)} Or add that mapping"
                fix += ", or look the value up with 'by:'" if row.reference else ""
                key = "reference" if row.reference else "references"
                yield _problem(file, ("fields", index, key), what, fix)


def _problem(file: MappingFile, path: Path, what: str, fix: str) -> Problem:
    return Problem(file.document.where(path), what, fix)


_EACH: tuple[Callable[[MappingFile], Iterator[Problem]], ...] = (
    _intervals, _mapped_twice, _match_fields, _own_key, _defaults, _condition_sides, _changed_rows, options.check,
    _after_manual_create, _backfill, _on_cancel, _one_per, _outward_only, _value_tables, _expectations,
)  # fmt: skip
_TOGETHER: tuple[Callable[[MappingFile, Sequence[MappingFile]], Iterator[Problem]], ...] = (
    _unique_names, _one_creator, _references,
)  # fmt: skip
