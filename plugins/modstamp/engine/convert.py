"""Transforming with its look-ups: values that no field holds are derived, and those that name records translated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from modstamp.engine import partial
from modstamp.engine.batch import Source
from modstamp.engine.by_name import by_name
from modstamp.engine.derive import derive
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Objects, choose, column, objects, present
from modstamp.engine.shorten import shorten
from modstamp.engine.transform import by_lookup, references, transform
from modstamp.mapping.field import FieldMapping
from modstamp.model import Direction, Side, awaited
from modstamp.ports import Transaction

Kinds = Mapping[str, Sequence[str]]  # internal field → the external types that its external field may name


def converted(
    environment: Environment, direction: Direction, records: pd.DataFrame, counters: Objects, now: datetime
) -> Source:
    """Rows of the source with their converted values. `now`: the run's moment, for searches by relative times."""
    mapping, tables = environment.mapping, environment.tables
    whole, without_value = derive(environment, direction, records, now)
    wanted = references(whole, mapping, direction, tables)
    kinds = _kinds(environment, direction, wanted)
    found = look_up(environment, direction, wanted, kinds)
    done = transform(whole, mapping, direction, tables, found)
    with environment.store.begin(read_only=True) as tx:
        if direction is Direction.PUSHING and partial.partial_fields(mapping):
            whole = partial.count(tx, environment, whole, done, kinds, now)
        waits = _waits(tx, environment, done.waits, kinds)
    rejected = choose(present(without_value), without_value, done.rejected)
    fitting = _shortened(environment, done.converted) if direction is Direction.PUSHING else done.converted
    return Source(records=whole, converted=fitting, waits=waits, rejected=rejected, counters=counters)


def _shortened(environment: Environment, converted: pd.DataFrame) -> pd.DataFrame:
    """What the fields outside can hold of texts that may be cut."""
    names = [each.external for each in environment.mapping.fields if each.too_long == "shorten"]
    if not names:
        return converted
    described = environment.connector.describe(environment.mapping.external_type).fields
    lengths = {name: described[name].length for name in names if name in described and name in converted}
    fitting = {name: shorten(column(converted, name), length) for name, length in lengths.items() if length}
    return converted.assign(**{name: pd.Series(values, dtype=object) for name, values in fitting.items()})


def look_up(
    environment: Environment, direction: Direction, wanted: Mapping[str, list[str]], kinds: Kinds | None = None
) -> dict[str, dict[str, str]]:
    """Internal field → value → its counterpart, for the values that are `wanted` of each field.

    No transaction is open while the other system is asked.
    """
    asked = [field for field in environment.mapping.fields if field.named_types and field.internal in wanted]
    named = {
        field.internal: by_name(environment, direction, field, wanted[field.internal])
        for field in asked
        if field.looks_for_name
    }
    inside = [field for field in asked if field.internal not in named]
    with environment.store.begin(read_only=True) as tx:
        known = {
            field.internal: _inside(tx, environment, direction, field, wanted[field.internal], kinds or {})
            for field in inside
        }
    return {**known, **named}


def _inside(  # noqa: PLR0913, PLR0917 - one look-up
    tx: Transaction,
    environment: Environment,
    direction: Direction,
    field: FieldMapping,
    values: list[str],
    kinds: Kinds,
) -> dict[str, str]:
    """What the links or the internal records know."""
    reference, connection = field.reference, environment.mapping.connection
    through = environment.names_of(kinds.get(field.internal, ()))
    if reference is None:
        return _entries(tx, connection, field, values, through)
    if reference.by is None:
        return tx.links.translate(connection, reference.type, direction.source, values, through)
    if direction is Direction.POLLING:
        return tx.records.lookup(reference.type, reference.by, values)
    named = tx.records.names(reference.type, reference.by, values)
    return by_lookup(field, direction, environment.tables, named)


def _entries(
    tx: Transaction, connection: str, field: FieldMapping, values: list[str], through: Sequence[str]
) -> dict[str, str]:
    """Of lists: ``type:id`` → id of the counterpart. Entries of types that the field does not name have none."""
    found: dict[str, str] = {}
    for kind in field.references:
        ids = [record for name, _, record in (each.partition(":") for each in values) if name == kind]
        linked = tx.links.translate(connection, kind, Side.INTERNAL, ids, through) if ids else {}
        found |= {f"{kind}:{record}": other for record, other in linked.items()}
    return found


def _kinds(environment: Environment, direction: Direction, wanted: Mapping[str, list[str]]) -> Kinds:
    """Of the fields that are written outside: a prospect may be a Lead, and a field for a Contact takes no Lead."""
    fields = [
        field
        for field in environment.mapping.fields
        if direction is Direction.PUSHING and wanted.get(field.internal) and _by_link(field)
    ]
    if not fields:
        return {}
    described = environment.connector.describe(environment.mapping.external_type).fields
    return {field.internal: described[field.external].refers_to for field in fields if field.external in described}


def _by_link(field: FieldMapping) -> bool:
    return bool(field.references) or (field.reference is not None and field.reference.by is None)


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
