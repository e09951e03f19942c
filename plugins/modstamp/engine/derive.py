"""Values that no field of the record holds: computed ones, and those of records found by a search (STG-030, STG-031).

Both become columns of the source's frame, under the name that the field mapping gives them, so that whatever comes
after judges them like any other value. They are read-only: a field that is derived travels one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import Objects, column, frame, objects, present
from modstamp.engine.look import match_keys
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.evaluation import meeting
from modstamp.mapping.expressions import ExpressionError
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.templates import Template, reference_of
from modstamp.model import Column, Direction, Presence, Value

Named = Mapping[str, Mapping[Value, Mapping[str, Value]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """One value of records that have one of the `keys` and meet the criteria."""

    type_name: str
    wanted: str
    keys: pd.DataFrame
    criteria: Criteria | None


def derive(
    environment: Environment, direction: Direction, records: pd.DataFrame, now: datetime
) -> tuple[pd.DataFrame, Objects]:
    """The records with the derived columns of this direction, and per row why one has no value, or None.

    A column whose ingredients are not all shown is left out, as unknown (G8). `now`: of criteria with relative times.
    """
    problems = objects([None] * len(records))
    columns: dict[str, Objects] = {}
    there = np.asarray(column(records, Column.STATE) == Presence.FOUND)
    for field in environment.mapping.fields:
        name = field.name(direction.source)
        if not field.is_derived or not field.travels(direction) or not set(field.ingredients) <= set(records.columns):
            continue
        rows = records[there].reset_index(drop=True)
        values: Objects | None
        if field.lookup is not None:
            criteria = None if field.lookup.where is None else Criteria(field.lookup.where, now)
            values, why = _searched(environment, direction, rows, field, criteria)
        else:
            values, why = computed(environment, field, rows)
        if values is None:
            continue
        columns[name] = objects([None] * len(records))
        columns[name][there] = values
        for position, reason in zip(np.flatnonzero(there), why, strict=True):
            problems[position] = problems[position] or reason
    return records.assign(**{name: pd.Series(held, dtype=object) for name, held in columns.items()}), problems


def computed(environment: Environment, field: FieldMapping, records: pd.DataFrame) -> tuple[Objects, Objects]:
    """Values, and why a row has none. Row by row: an expression or a template is of one record."""
    formula, named = field.formula, _named_records(environment, field, records)
    assert formula is not None  # noqa: S101  # for the type checker: the caller asked
    values, problems = objects([None] * len(records)), objects([None] * len(records))
    held = [dict(zip(field.ingredients, row, strict=True)) for row in _rows(records, field.ingredients)]
    for position, record in enumerate(held):
        try:
            if isinstance(formula, Template):
                others = {name: known.get(record[reference_of(name)], {}) for name, known in named.items()}
                values[position] = formula.value({name: record[name] for name in formula.names}, others)
            else:
                values[position] = formula.value(record)
        except ExpressionError as error:
            problems[position] = f"{field.derived_name} has no value: {error}"
    return values, problems


def _rows(records: pd.DataFrame, names: Sequence[str]) -> Iterable[tuple[Value, ...]]:
    columns = [column(records, name) for name in names]
    return zip(*columns, strict=True) if columns else [()] * len(records)


def _named_records(environment: Environment, field: FieldMapping, records: pd.DataFrame) -> Named:
    """Of a template: what the records name → id → the fields that are wanted of it. One read for each."""
    if not isinstance(field.formula, Template) or not field.formula.named:
        return {}
    types = {row.internal: row.reference.type for row in environment.mapping.fields if row.reference}
    found: dict[str, dict[Value, dict[str, Value]]] = {}
    with environment.store.begin(read_only=True) as tx:
        for name, wanted in field.formula.named.items():
            ids = column(records, reference_of(name))
            distinct = list(dict.fromkeys(ids[present(ids)].tolist()))
            read = tx.records.read(types[reference_of(name)], list(wanted), distinct)
            rows = zip(column(read, Column.ID), _rows(read, wanted), strict=True)
            found[name] = {record: dict(zip(wanted, held, strict=True)) for record, held in rows}
    return found


def _searched(
    environment: Environment,
    direction: Direction,
    records: pd.DataFrame,
    field: FieldMapping,
    criteria: Criteria | None,
) -> tuple[Objects | None, Objects]:
    """One search for all rows. Nothing found is nothing; several that differ, and one that is not visible, are told.

    No values: the records that are found do not show the field (G8).
    """
    type_name, _, wanted = field.derived_name.partition(".")
    match = field.lookup.match if field.lookup else {}
    names, keys = list(match), frame({name: column(records, own) for name, own in match.items()})
    values, problems = objects([None] * len(records)), objects([None] * len(records))
    sought = match_keys(keys, names)
    asked = np.fromiter((key is not None for key in sought), bool, len(keys))
    if not asked.any():
        return values, problems
    distinct = keys[asked].drop_duplicates().reset_index(drop=True)
    search = _Search(type_name=type_name, wanted=wanted, keys=distinct, criteria=criteria)
    found = _found(environment, direction, search)
    if wanted not in found:
        return None, problems
    by_key: dict[str, list[object]] = {}
    found_keys, hidden = match_keys(found, names), column(found, Column.STATE) == Presence.HIDDEN
    for key, value in zip(found_keys[~hidden], column(found, wanted)[~hidden], strict=True):
        held = by_key.setdefault(key, [])
        held += [] if value in held else [value]
    unseen = set(found_keys[hidden])
    for position, key in enumerate(sought):
        several = by_key.get(key, [None])
        values[position] = several[0] if len(several) == 1 else None
        if len(several) > 1:
            problems[position] = f"{field.derived_name}: the search found {len(several)} different values"
        elif key in unseen:
            problems[position] = f"{field.derived_name}: {type_name} {keys.iloc[position, 0]!s} is not visible to us"
    return values, problems


def _found(environment: Environment, direction: Direction, search: _Search) -> pd.DataFrame:
    """Asked of the system that the values come from. By id alone, records are read instead of sought.

    What is not visible then is among them, as that proves nothing (G12). An id of another type, such as a queue's where
    a user is meant, finds nothing.
    """
    by_id = [str(name).lower() for name in search.keys.columns] == ["id"]
    names = [search.wanted, *(search.criteria.fields if search.criteria else ())]
    ids = search.keys.iloc[:, 0].tolist()
    if direction is Direction.POLLING:
        connector = environment.connector
        if not by_id:
            return connector.find(search.type_name, names, search.keys, criteria=search.criteria)
        known = [each for each in connector.ids(search.type_name, ids) if each is not None]
        return _read_by_id(search, connector.get(search.type_name, names, known))
    with environment.store.begin(read_only=True) as tx:
        if not by_id:
            return tx.records.match(search.type_name, names, search.keys, criteria=search.criteria)
        return _read_by_id(search, tx.records.read(search.type_name, names, ids))


def _read_by_id(search: _Search, records: pd.DataFrame) -> pd.DataFrame:
    there, hidden = (
        records[np.asarray(column(records, Column.STATE) == state)].reset_index(drop=True)
        for state in (Presence.FOUND, Presence.HIDDEN)
    )
    met = there if search.criteria is None else meeting(search.criteria, there)
    both = pd.concat([met, hidden], ignore_index=True) if len(hidden) else met
    return both.assign(**{str(search.keys.columns[0]): both[Column.ID]})
