"""Transforming with its look-ups: the values that refer to other records are translated in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from modstamp.engine.batch import Source
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Objects, objects
from modstamp.engine.transform import by_lookup, references, transform
from modstamp.mapping.schema import mapping_name
from modstamp.model import Direction, awaited
from modstamp.ports import Transaction

Kinds = Mapping[str, Sequence[str]]  # internal field → the external types that its external field may name


def converted(environment: Environment, direction: Direction, records: pd.DataFrame, counters: Objects) -> Source:
    """Rows of the source with their converted values."""
    mapping, tables = environment.mapping, environment.tables
    wanted = references(records, mapping, direction, tables)
    kinds = _kinds(environment, direction, wanted)
    with environment.store.begin(read_only=True) as tx:
        found = look_up(tx, environment, direction, wanted, kinds)
        done = transform(records, mapping, direction, tables, found)
        waits = _waits(tx, environment, done.waits, kinds)
    return Source(records=records, converted=done.converted, waits=waits, rejected=done.rejected, counters=counters)


def look_up(
    tx: Transaction,
    environment: Environment,
    direction: Direction,
    wanted: Mapping[str, list[str]],
    kinds: Kinds | None = None,
) -> dict[str, dict[str, str]]:
    """Internal field → value → its counterpart, for the values that are `wanted` of each field."""
    connection, found = environment.mapping.connection, {}
    for field in environment.mapping.fields:
        reference, values = field.reference, wanted.get(field.internal)
        if reference is None or values is None:
            continue
        if reference.by is None:
            through = [mapping_name(connection, kind) for kind in (kinds or {}).get(field.internal, ())]
            found[field.internal] = tx.links.translate(connection, reference.type, direction.source, values, through)
        elif direction is Direction.POLLING:
            found[field.internal] = tx.records.lookup(reference.type, reference.by, values)
        else:
            named = tx.records.names(reference.type, reference.by, values)
            found[field.internal] = by_lookup(field, direction, environment.tables, named)
    return found


def _kinds(environment: Environment, direction: Direction, wanted: Mapping[str, list[str]]) -> Kinds:
    """Of the fields that are written outside: a prospect may be a Lead, and a field for a Contact takes no Lead."""
    fields = [
        field
        for field in environment.mapping.fields
        if direction is Direction.PUSHING and wanted.get(field.internal) and field.reference and not field.reference.by
    ]
    if not fields:
        return {}
    described = environment.connector.describe(environment.mapping.external_type).fields
    return {field.internal: described[field.external].refers_to for field in fields if field.external in described}


def _waits(tx: Transaction, environment: Environment, waits: Objects, kinds: Kinds) -> Objects:
    """The same, but what is linked to a record of another type than the field takes waits to become one of it (G16)."""
    changed: dict[str, str] = {}
    for field in environment.mapping.fields:
        named = [each[field.internal].partition(":")[2] for each in waits if each and field.internal in each]
        if named and field.reference and kinds.get(field.internal):
            kind, connection = field.reference.type, environment.mapping.connection
            elsewhere = tx.links.translate(connection, kind, Direction.PUSHING.source, named)
            changed |= {awaited(kind, each): awaited(kind, each, kinds[field.internal]) for each in elsewhere}
    if not changed:
        return waits
    return objects([each and {name: changed.get(value, value) for name, value in each.items()} for each in waits])
