"""Source values → target values, whole columns at a time: value tables, then references.

A value that no table knows rejects its record; a reference without a link makes it wait (G16). Nothing becomes null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from modstamp.engine import lists
from modstamp.engine.edits import stands_for_blank
from modstamp.engine.frames import Mask, Objects, blank, choose, column, frame, objects, present
from modstamp.instants import from_text, to_text
from modstamp.mapping.field import FieldMapping, Instead
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.values import ValueTable
from modstamp.model import Direction, awaited

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """`converted`: target field → value. `waits`: internal field → ``type:id``, or None. `rejected`: why, or None.

    `counted`: internal field of which not all counts → what does. `missing`: per row a list's field → the entries that
    do not.
    """

    converted: pd.DataFrame
    waits: Objects
    rejected: Objects
    counted: Mapping[str, Objects]
    missing: list[dict[str, list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubts:
    """What stands against each row; filled field by field."""

    waits: list[dict[str, str]]
    rejected: Objects


def references(
    records: pd.DataFrame, mapping: TypeMapping, direction: Direction, tables: Mapping[str, ValueTable]
) -> dict[str, list[str]]:
    """Internal field → the distinct values that must be looked up before `transform` can run."""
    wanted = {}
    for field in mapping.fields:
        if field.references and direction is Direction.PUSHING and field.internal in records:
            wanted[field.internal] = lists.entries(column(records, field.internal))
        elif field.reference is not None and field.name(direction.source) in records:
            values, _ = _through_table(field, column(records, field.name(direction.source)), direction, tables)
            wanted[field.internal] = sorted({str(value) for value in values[present(values)]})
    return wanted


def transform(
    records: pd.DataFrame,
    mapping: TypeMapping,
    direction: Direction,
    tables: Mapping[str, ValueTable],
    found: Mapping[str, Mapping[str, str]],
) -> Transformed:
    """Convert every mapped field. `found`: internal field → looked-up value → its counterpart, from `references`."""
    converted: dict[str, Objects] = {}
    waits: list[dict[str, str]] = [{} for _ in range(len(records))]
    rejected = objects([None] * len(records))
    doubts = _Doubts(waits=waits, rejected=rejected)
    counted: dict[str, Objects] = {}
    missing: list[dict[str, list[str]]] = [{} for _ in range(len(records))]
    for field in mapping.fields:
        source = field.name(direction.source)
        if source not in records or (field.is_partial and not field.travels(direction)):
            continue  # unknown, not empty (G8)
        raw = column(records, source)
        if field.references:
            listed = lists.through(raw, found.get(field.internal, {}))
            converted[field.name(direction.target)], counted[field.internal] = listed.converted, listed.counted
            _note_missing(field, listed, missing, rejected)
            continue
        if field.last_day_when:
            raw = counted[field.internal] = _last_days(raw, column(records, field.last_day_when))
        values, unmapped = _through_table(field, _unmasked(field, direction, raw), direction, tables)
        for position in np.flatnonzero(unmapped):
            rejected[position] = (
                rejected[position] or f"{source}: no pair for {raw[position]!r} in value table {_table(field)}"
            )
        if field.reference is not None:
            values = _through_reference(field, values, direction, found.get(field.internal, {}), doubts)
        converted[field.name(direction.target)] = _masked(field, direction, raw, values)
    return Transformed(
        converted=frame(converted),
        waits=objects([each or None for each in waits]),
        rejected=rejected,
        counted=counted,
        missing=missing,
    )


def _note_missing(
    field: FieldMapping, listed: lists.Listed, missing: list[dict[str, list[str]]], rejected: Objects
) -> None:
    for position, (entries, unreadable) in enumerate(zip(listed.missing, listed.unreadable, strict=True)):
        if entries:
            missing[position][field.internal] = entries
        if unreadable:
            rejected[position] = rejected[position] or f"{field.internal}: it is no list of type:id"


def _last_days(ends: Objects, whole: Objects) -> Objects:
    """The last day in place of the midnight after it, in rows that are about whole days."""
    return objects(
        [to_text(from_text(end) - _DAY) if flag is True and end else end for end, flag in zip(ends, whole, strict=True)]
    )


def lacking(
    records: pd.DataFrame,
    converted: pd.DataFrame,
    mapping: TypeMapping,
    direction: Direction,
    tables: Mapping[str, ValueTable],
) -> list[dict[str, str]]:
    """Per row internal field → the value for which no record was found, of references `by` a column."""
    result: list[dict[str, str]] = [{} for _ in range(len(records))]
    for field in mapping.fields:
        source = field.name(direction.source)
        if field.reference is None or field.reference.by is None or source not in records:
            continue
        values, _ = _through_table(field, column(records, source), direction, tables)
        for position in np.flatnonzero(present(values) & ~present(column(converted, field.name(direction.target)))):
            result[position][field.internal] = str(values[position])
    return result


def _through_table(
    field: FieldMapping, values: Objects, direction: Direction, tables: Mapping[str, ValueTable]
) -> tuple[Objects, Mask]:
    """On the way in a value table stands before the reference, on the way out behind it."""
    if field.values is None or (field.reference is not None and direction is Direction.PUSHING):
        return values, np.zeros(len(values), dtype=bool)
    translated, unmapped = tables[field.internal].translate(pd.Series(values, dtype=object), direction)
    result, left = translated.to_numpy(dtype=object, copy=True), unmapped.to_numpy(dtype=bool)
    for position in np.flatnonzero(left):
        result[position] = unpaired(field, values[position], direction)
    return result, left & ~present(result)


def unpaired(field: FieldMapping, value: Any, direction: Direction) -> Any:
    """What a value becomes that no pair of the field's table names; None: its record is rejected."""
    if isinstance(field.unmapped, Instead):
        return field.unmapped.of(direction)
    return value if field.unmapped == "pass" else None


def _unmasked(field: FieldMapping, direction: Direction, raw: Objects) -> Objects:
    """A placeholder that comes back is nothing again."""
    placeholder = field.placeholder(direction.source)
    return raw if placeholder is None else choose(stands_for_blank(raw, placeholder), None, raw)


def _masked(field: FieldMapping, direction: Direction, raw: Objects, values: Objects) -> Objects:
    """Where the source holds nothing, the target's placeholder; its own placeholder means the target's nothing."""
    placeholder = field.placeholder(direction.target)
    return values if placeholder is None else choose(blank(raw), objects([placeholder] * len(raw)), values)


def _through_reference(
    field: FieldMapping,
    values: Objects,
    direction: Direction,
    found: Mapping[str, str],
    doubts: _Doubts,
) -> Objects:
    reference = field.reference
    assert reference is not None  # noqa: S101  # for the type checker: the caller asked
    result = objects([None if value is None else found.get(str(value)) for value in values])
    missing = present(values) & ~present(result)
    for position in np.flatnonzero(missing):
        if reference.by is None:
            doubts.waits[position][field.internal] = awaited(reference.type, str(values[position]))
        else:
            reason = _no_counterpart(field, values[position], direction)
            doubts.rejected[position] = doubts.rejected[position] or reason
    return result


def _no_counterpart(field: FieldMapping, value: object, direction: Direction) -> str:
    reference = field.reference
    assert reference is not None  # noqa: S101  # for the type checker: the caller asked
    kind, by, outer = reference.type, reference.by, reference.look_for
    if direction is Direction.POLLING:
        wanted = f"the {outer} of {value!r}" if outer else repr(value)
        return f"{field.external}: no {'single ' if outer else ''}{kind} with {by} {wanted}"
    if outer:
        return f"{field.internal}: no single {outer} equal to the {by} of {kind} {value}"
    return f"{field.internal}: {kind} {value} has no counterpart" + (
        f" in value table {_table(field)}" if field.values else ""
    )


def _table(field: FieldMapping) -> str:
    """The name of its value table: that of the file, or the field's own where the pairs stand in the mapping file."""
    return field.values if isinstance(field.values, str) else field.internal


def by_lookup(
    field: FieldMapping, direction: Direction, tables: Mapping[str, ValueTable], named: dict[str, str]
) -> dict[str, str]:
    """On the way out: id → name becomes id → external value, where a value table stands behind the reference."""
    if field.values is None or direction is Direction.POLLING:
        return named
    outward = tables[field.internal].lookup(direction)
    found = {record: outward.get(name) or unpaired(field, name, direction) for record, name in named.items()}
    return {record: value for record, value in found.items() if value is not None}
