"""Transforming with its look-ups: the values that refer to other records are translated in one transaction."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from modstamp.engine.batch import Source
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Objects
from modstamp.engine.transform import by_lookup, references, transform
from modstamp.model import Direction
from modstamp.ports import Transaction


def converted(environment: Environment, direction: Direction, records: pd.DataFrame, counters: Objects) -> Source:
    """Rows of the source with their converted values."""
    mapping, tables = environment.mapping, environment.tables
    wanted = references(records, mapping, direction, tables)
    with environment.store.begin(read_only=True) as tx:
        found = look_up(tx, environment, direction, wanted)
    done = transform(records, mapping, direction, tables, found)
    return Source(
        records=records, converted=done.converted, waits=done.waits, rejected=done.rejected, counters=counters
    )


def look_up(
    tx: Transaction, environment: Environment, direction: Direction, wanted: Mapping[str, list[str]]
) -> dict[str, dict[str, str]]:
    """Internal field → value → its counterpart, for the values that are `wanted` of each field."""
    found = {}
    for field in environment.mapping.fields:
        reference, values = field.reference, wanted.get(field.internal)
        if reference is None or values is None:
            continue
        if reference.by is None:
            connection = environment.mapping.connection
            found[field.internal] = tx.links.translate(connection, reference.type, direction.source, values)
        elif direction is Direction.POLLING:
            found[field.internal] = tx.records.lookup(reference.type, reference.by, values)
        else:
            named = tx.records.names(reference.type, reference.by, values)
            found[field.internal] = by_lookup(field, direction, environment.tables, named)
    return found
