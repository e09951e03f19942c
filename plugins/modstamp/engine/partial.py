"""Values of which only a part counts when they are sent, and what becomes of the rest.

A list goes without the entries that have no counterpart, a field is left out beside one that it may not stand with.
What counts takes the value's place in the frame, so that bases hold it, and what comes to count later is an edit; what
the record itself holds stands beside it under `whole`. What was left out is kept, and wakes the record (G6).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import Mask, Objects, choose, column, objects, present
from modstamp.engine.transform import Transformed
from modstamp.mapping.evaluation import Circumstances, holds
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Operation, Presence, Side, awaited, awaited_types
from modstamp.ports import Transaction

MISSING = "_missing"  # what the row names and is sent without: a JSON list of `model.awaited`, or None
HOPES = "_hopes"  # those of them that are being created: JSON, awaited → the mapping that does, or None
_MARK = "~"

Kinds = Mapping[str, Sequence[str]]


def whole(name: str) -> str:
    """The column in which a record's own value stands beside what counts of it."""
    return f"{_MARK}{name}"


def partial_fields(mapping: TypeMapping) -> list[FieldMapping]:
    return [field for field in mapping.fields if field.is_partial]


def count(  # noqa: PLR0913, PLR0917 - one batch
    tx: Transaction, environment: Environment, records: pd.DataFrame, done: Transformed, kinds: Kinds, now: datetime
) -> pd.DataFrame:
    """The records with what counts of them; `done` is brought in step with that. Of a push alone."""
    missing = [_missing_entries(each, kinds) for each in done.missing]
    counted = dict(done.counted)
    for field in environment.mapping.fields:
        if field.falls_back and field.internal in records:
            counted[field.internal] = _fallen_back(tx, environment, records, field, done, missing)
        if field.left_out_with and field.internal in records:
            values = counted.get(field.internal, column(records, field.internal)).copy()
            counted[field.internal] = _left_out(tx, environment, records, field, done, kinds, missing, values)
    columns = {whole(name): column(records, name) for name in counted} | counted
    columns[MISSING] = objects([json.dumps(sorted(each)) if each else None for each in missing])
    columns[HOPES] = _hopes(tx, environment, records, missing, now)
    return records.assign(**{name: pd.Series(held, dtype=object) for name, held in columns.items()})


def _missing_entries(found: Mapping[str, Sequence[str]], kinds: Kinds) -> set[str]:
    pairs = [(name, *entry.split(":", 1)) for name, listed in found.items() for entry in listed]
    return {awaited(kind, record, kinds.get(name, ())) for name, kind, record in pairs}


def _fallen_back(  # noqa: PLR0913, PLR0917 - one field of one batch
    tx: Transaction,
    environment: Environment,
    records: pd.DataFrame,
    field: FieldMapping,
    done: Transformed,
    missing: list[set[str]],
) -> Objects:
    """What counts of a field: where it is empty, ``type:id`` of the record that stands in for it, if that is linked."""
    fallback, values = field.falls_back, column(records, field.internal).copy()
    assert fallback is not None  # noqa: S101  # for the type checker: the caller asked
    empty = ~present(values) & np.asarray(column(records, Column.STATE) == Presence.FOUND)
    instead = column(records, fallback.own)
    if fallback.named:
        (named,) = (each for each in environment.mapping.fields if each.internal == fallback.own)
        instead = _of_named(tx, named.named_types[0], fallback.named[1], choose(empty, instead, None))
    linked = tx.links.translate(
        environment.mapping.connection, fallback.reference, Side.INTERNAL, _texts(instead[empty])
    )
    written = column(done.converted, field.external).copy()
    for position in np.flatnonzero(empty & present(instead)):
        entry = f"{fallback.reference}:{instead[position]}"
        if str(instead[position]) in linked:
            values[position], written[position] = entry, linked[str(instead[position])]
        else:
            missing[position].add(awaited(fallback.reference, str(instead[position])))
    done.converted[field.external] = pd.Series(written, dtype=object)
    return values


def _of_named(tx: Transaction, internal_type: str, wanted: str, ids: Objects) -> Objects:
    """Per row one field of the record that the row names."""
    read = tx.records.read(internal_type, [wanted], _texts(ids))
    found = dict(zip(column(read, Column.ID), column(read, wanted), strict=True))
    return objects([None if each is None else found.get(str(each)) for each in ids])


def _left_out(  # noqa: PLR0913, PLR0917 - one field of one batch
    tx: Transaction,
    environment: Environment,
    records: pd.DataFrame,
    field: FieldMapping,
    done: Transformed,
    kinds: Kinds,
    missing: list[set[str]],
    values: Objects,
) -> Objects:
    """What counts of a field: nothing, in rows where another field names a record that it may not stand beside."""
    written = column(done.converted, field.external).copy()
    for other in environment.mapping.fields:
        types = field.left_out_with.get(other.external, ())
        if not types or other.reference is None:
            continue
        ids, kind = column(records, other.internal), other.reference.type
        names = environment.names_of(types)
        linked = tx.links.translate(environment.mapping.connection, kind, Side.INTERNAL, _texts(ids), names)
        others = [each for each in kinds.get(other.internal, ()) if each not in types]
        stands = [each in linked for each in ids] | _still_stands(tx, environment, records, other, names)
        for position in np.flatnonzero(stands):
            if values[position] is not None and ids[position] is not None and others:
                missing[position].add(awaited(kind, str(ids[position]), others))
            values[position] = None
            written[position] = None
            if done.waits[position] is not None:
                done.waits[position].pop(field.internal, None)
                done.waits[position] = done.waits[position] or None
    done.converted[field.external] = pd.Series(written, dtype=object)
    return values


def _still_stands(
    tx: Transaction, environment: Environment, records: pd.DataFrame, field: FieldMapping, names: Sequence[str]
) -> Mask:
    """Rows whose value is not sent: what was sent before stands there, and is such a record.

    It is nothing, which is skipped, or names somebody without a link, such as one who was merged and is held.
    """
    named = column(records, field.internal)
    linked = tx.links.translate(environment.mapping.connection, field.named_types[0], Side.INTERNAL, _texts(named))
    empty = np.fromiter((each is not None and str(each) not in linked for each in named), bool, len(records))
    if field.skips_empty(Direction.PUSHING):
        empty |= ~present(named)
    if not empty.any():
        return empty
    ids = column(records, Column.ID)
    links = tx.links.of(environment.mapping.name, Side.INTERNAL, ids[empty].tolist())
    alive = links[column(links, "state") != "tombstone"]
    sent = {
        record: base[field.external]
        for record, base in zip(column(alive, "internal_id"), column(alive, "external_base"), strict=True)
        if base.get(field.external) is not None
    }
    # Also of records that were deleted since, whose links are tombstones.
    found = [tx.links.of(name, Side.EXTERNAL, sorted(set(sent.values()))) for name in names if sent]
    known = {each for links in found for each in column(links, "external_id")}
    return np.fromiter(
        (here and sent.get(record) in known for record, here in zip(ids, empty, strict=True)), bool, len(ids)
    )


def _texts(values: Objects) -> list[str]:
    return sorted({str(value) for value in values if value is not None})


def _hopes(
    tx: Transaction, environment: Environment, records: pd.DataFrame, missing: Sequence[Collection[str]], now: datetime
) -> Objects:
    """Per row what of the missing will be created soon, by which mapping (G20); None for who has waited for long."""
    ids = column(records, Column.ID)
    since = tx.missing.since(environment.mapping.name, ids.tolist())
    patience = environment.settings.attendee_wait
    waits = [
        each if each and (record not in since or now - since[record] < patience) else ()
        for record, each in zip(ids, missing, strict=True)
    ]
    makers = _makers(tx, environment, {each for row in waits for each in row}, now)
    hopes = [{each: makers[each] for each in row if each in makers} for row in waits]
    return objects([json.dumps(row, sort_keys=True) if row else None for row in hopes])


def _makers(tx: Transaction, environment: Environment, wanted: Collection[str], now: datetime) -> dict[str, str]:
    """What is missing → the mapping whose next push creates it, as far as its toggles and conditions tell."""
    by_kind: dict[str, list[str]] = {}
    for each in wanted:
        kind, _, record = each.partition(":")
        by_kind.setdefault(kind, []).append(record)
    found: dict[str, str] = {}
    for kind, ids in by_kind.items():
        internal_type, external_types = awaited_types(kind)
        maker = _maker(environment, internal_type, external_types)
        if maker is not None:
            found |= {f"{kind}:{record}": maker.name for record in _permitted(tx, maker, ids, now)}
    return found


def _maker(environment: Environment, internal_type: str, external_types: Collection[str]) -> TypeMapping | None:
    """The mapping that creates records of this type outside, among those that count."""
    fitting = (
        each
        for each in (environment.mapping, *environment.others)
        if each.internal == internal_type and (not external_types or each.external_type in external_types)
    )
    return next((each for each in fitting if each.pushing.on and each.outbound.create.on), None)


def _permitted(tx: Transaction, maker: TypeMapping, ids: Sequence[str], now: datetime) -> list[str]:
    """Those that are there, that the condition lets pass, and that do not wait in quarantine."""
    records = tx.records.read(maker.internal, maker.field_names(Side.INTERNAL), list(ids))
    passes = np.asarray(column(records, Column.STATE) == Presence.FOUND)
    when = maker.condition(Direction.PUSHING, Operation.CREATE)
    if when is not None:
        passes &= holds(when, records, Circumstances(now=now))
    held = set(column(tx.quarantine.waiting(maker.name, Direction.PUSHING, list(ids)), "record_id"))
    return [record for record, passed in zip(ids, passes, strict=True) if passed and record not in held]


def loads(text: Any) -> Any:
    """What a cell of `MISSING` or `HOPES` holds; nothing for None."""
    return json.loads(text) if text else {}
