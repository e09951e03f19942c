"""References that go by a record's name on both sides, in place of ids and links (STG-033)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame
from modstamp.mapping.field import FieldMapping
from modstamp.model import Column, Direction, Presence


def by_name(environment: Environment, direction: Direction, field: FieldMapping, ids: list[str]) -> dict[str, str]:
    """Id of a record → id of the one record of the other side that bears its name, whatever its case (STG-033)."""
    reference = field.reference
    assert reference is not None  # noqa: S101  # for the type checker: the caller asked
    type_name, _, outer = (reference.look_for or "").partition(".")
    inner, connector = reference.by or "", environment.connector
    if direction is Direction.POLLING:
        named = _names(connector.get(type_name, [outer], ids), outer)
        with environment.store.begin(read_only=True) as tx:
            found = tx.records.match(reference.type, [inner], frame({inner: sorted(set(named.values()))}))
        bearers = _names(found, inner)
    else:
        with environment.store.begin(read_only=True) as tx:
            named = _names(tx.records.read(reference.type, [inner], ids), inner)
        keys = frame({outer: sorted(set(named.values()))})
        bearers = _names(connector.find(type_name, [outer], keys), outer) if len(keys) else {}
    known = _alone(bearers)
    return {record: known[_folded(name)] for record, name in named.items() if _folded(name) in known}


def _names(records: pd.DataFrame, name: str) -> dict[str, str]:
    """Id → name, for the records that are there and have one."""
    rows = zip(column(records, Column.ID), column(records, Column.STATE), column(records, name), strict=True)
    return {record: str(held) for record, state, held in rows if state == Presence.FOUND and held not in (None, "")}


def _alone(bearers: Mapping[str, str]) -> dict[str, str]:
    """Name → id; names that several records bear are left out."""
    counts = Counter(_folded(name) for name in bearers.values())
    return {_folded(name): record for record, name in bearers.items() if counts[_folded(name)] == 1}


def _folded(name: str) -> str:
    return name.strip().lower()
