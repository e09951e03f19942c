"""Gather what the state and the target know of a batch: the surroundings that its plan is made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from modstamp.engine.batch import Source, Surroundings
from modstamp.engine.context import Context
from modstamp.engine.copies import stand_ins
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Mask, Objects, blank, choose, column, frame, objects, present
from modstamp.instants import epochs
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import Connector, Store, Transaction

_SEPARATOR = "\x1f"
CLOCKS = timedelta(seconds=5)  # by how much two times of the target's clock may seem out of order


def match_keys(records: pd.DataFrame, names: Sequence[str]) -> Objects:
    """One comparable text per row, None where a part is blank; case does not count."""
    if not names or any(name not in records for name in names):
        return objects([None] * len(records))
    parts = [column(records, name) for name in names]
    empty = np.logical_or.reduce([blank(part) for part in parts])
    texts = (_SEPARATOR.join(str(value).strip().lower() for value in row) for row in zip(*parts, strict=True))
    return objects([None if gap else text for gap, text in zip(empty, texts, strict=True)])


def fields_of(mapping: TypeMapping, key: Sequence[str]) -> list[str]:
    """The fields of a match key as the other system names them."""
    names = {field.internal: field.external for field in mapping.fields}
    return [names[name] for name in key]


def rows_sought(records: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows that have the whole key, with its columns alone."""
    return frame({name: column(records, name)[present(match_keys(records, names))] for name in names})


def internal_keys(mapping: TypeMapping, direction: Direction, source: Source) -> Objects:
    """One match key per row in internal values, whichever way the row travels; None for a row that is not there.

    Of several keys the last one that the row has: two rows that share it may not both be created (G15, G20).
    """
    records = source.converted if direction is Direction.POLLING else source.records
    keys = objects([None] * len(source))
    for names in mapping.match_keys:
        found = match_keys(records, names)
        keys = choose(present(found), found, keys)
    return choose(np.asarray(column(source.records, Column.STATE) == Presence.FOUND), keys, None)


def inside(tx: Transaction, environment: Environment, source: Source, context: Context, *, lock: bool) -> Surroundings:
    """For a polling batch: the target is the internal database, read and locked in this transaction (G17)."""
    mapping = environment.mapping
    ids = column(source.records, Column.ID).tolist()
    links = tx.links.of(mapping.name, Side.EXTERNAL, ids, lock=lock)
    keys = internal_keys(mapping, Direction.POLLING, source)
    unlinked = ~np.isin(column(source.records, Column.ID).astype(str), _living(links, "external_id"))
    candidates = inside_matches(tx, mapping, source.converted, unlinked & present(keys))
    targets = _distinct([*column(links, "internal_id"), *(each for found in candidates for each in found)])
    target = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), targets, lock=lock)
    edits = tx.pending.lock(mapping.name, Direction.PUSHING, targets, lock=lock)
    return Surroundings(
        links=links,
        target=target,
        candidates=candidates,
        keys=keys,
        taken=set(column(tx.links.in_family(mapping, targets), "internal_id")),
        busy=tx.intents.links_with_open(column(links, "link_id").tolist()),
        creating=tx.intents.open_create_keys(mapping, _distinct(keys[unlinked])),
        unanswered=_unanswered(tx, (mapping, *environment.siblings), source.records, context),
        edits=_edits(edits),
        new=tx.choices.among(mapping.name, Direction.POLLING, ids),
    )


def _unanswered(tx: Transaction, mappings: Sequence[TypeMapping], records: pd.DataFrame, context: Context) -> Mask:
    """Rows that a create of these without an answer may have made, whatever their key is by now (G20).

    A row that does not show who created it when may be anyone's.
    """
    opened = [row for each in mappings for row in tx.intents.open_creates(each.name).to_dict("records")]
    result = np.zeros(len(records), dtype=bool)
    made = epochs(column(records, Column.CREATED_AT))
    for row in opened:
        # With an own key it may have been sent again at any time since.
        until = np.inf if row["key_value"] else (row["began_at"] + context.answer_wait).timestamp()
        result |= (made >= (row["began_at"] - CLOCKS).timestamp()) & (made <= until)
    by = column(records, Column.CREATED_BY)
    known = present(by) & (made > -np.inf)
    ours = ~known | (result & (np.asarray(by == context.user) | (context.user == "")))
    return np.asarray(ours & bool(opened))


def inside_matches(tx: Transaction, mapping: TypeMapping, values: pd.DataFrame, wanted: Mask) -> list[tuple[str, ...]]:
    """Per row of internal values the records that it matches: by the first key, else by the next."""
    candidates: list[tuple[str, ...]] = [()] * len(values)
    for names in mapping.match_keys:
        keys = match_keys(values, names)
        asked = wanted & present(keys) & np.fromiter((not each for each in candidates), bool, len(values))
        if asked.any():
            rows = frame({name: column(values, name)[asked] for name in names})
            found = tx.records.match(mapping.internal, names, rows)
            candidates = [had or new for had, new in zip(candidates, _matches(found, names, keys, asked), strict=True)]
    return candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What step 1 of a push read of the external side. `asked_ids`, `asked_keys`: what it looked for (sequence 10)."""

    records: pd.DataFrame
    found: pd.DataFrame
    asked_ids: Collection[str]
    asked_keys: Collection[str]


def outside(connector: Connector, store: Store, mapping: TypeMapping, source: Source) -> Outside:
    """Step 1 of G18: the external values of linked records now, and the matches of those without a link.

    No transaction is open while the other system is asked.
    """
    ids = column(source.records, Column.ID).tolist()
    with store.begin(read_only=True) as tx:
        links = tx.links.of(mapping.name, Side.INTERNAL, ids)
    fields = mapping.field_names(Side.EXTERNAL)
    wanted = _distinct(column(links, "external_id"))
    records = connector.get(mapping.external_type, fields, wanted) if wanted else _no_records(fields)
    keys = internal_keys(mapping, Direction.PUSHING, source)
    unlinked = ~np.isin(column(source.records, Column.ID).astype(str), _living(links, "internal_id"))
    asked = unlinked & present(keys)
    found = _no_records(fields)
    for key in mapping.match_keys:
        names = fields_of(mapping, key)
        sought = match_keys(source.converted, names)
        still = asked & present(sought) & ~np.isin(sought.astype(str), _known_keys(found, names))
        if still.any():
            rows = frame({name: column(source.converted, name)[still] for name in names})
            more = connector.find(mapping.external_type, fields, rows.drop_duplicates().reset_index(drop=True))
            found = _together(found, more).drop_duplicates(Column.ID).reset_index(drop=True)
            asked = asked & ~np.isin(sought.astype(str), _known_keys(found, names))
    return Outside(
        records=records, found=found, asked_ids=set(wanted), asked_keys=set(_distinct(keys[unlinked & present(keys)]))
    )


def _known_keys(found: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [str(key) for key in match_keys(found, names) if key is not None]


def around(  # noqa: PLR0913 - one look
    tx: Transaction, environment: Environment, source: Source, seen: Outside, context: Context, *, lock: bool
) -> Surroundings:
    """Step 2 of G18: links as they are now, against the external values of step 1."""
    mapping = environment.mapping
    ids = column(source.records, Column.ID).tolist()
    links = tx.links.of(mapping.name, Side.INTERNAL, ids, lock=lock)
    keys = internal_keys(mapping, Direction.PUSHING, source)
    unlinked = ~np.isin(column(source.records, Column.ID).astype(str), _living(links, "internal_id"))
    found = _not_of_siblings(tx, environment, seen.found)
    candidates: list[tuple[str, ...]] = [()] * len(source)
    for key in mapping.match_keys:
        names = fields_of(mapping, key)
        by_key = _matches(found, names, match_keys(source.converted, names), unlinked)
        candidates = [had or new for had, new in zip(candidates, by_key, strict=True)]
    known = _together(seen.records, found)
    # Rows before pending entries, as whoever edits a row locks them: in the other order the two would deadlock.
    now = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), ids, lock=lock)
    taken = tx.links.of(mapping.name, Side.EXTERNAL, _distinct(column(known, Column.ID)))
    edits = tx.pending.lock(mapping.name, Direction.PUSHING, ids, lock=lock)
    return Surroundings(
        links=links,
        target=known,
        candidates=candidates,
        keys=keys,
        taken=set(_living(taken, "external_id")),
        busy=tx.intents.links_with_open(column(links, "link_id").tolist()),
        creating=tx.intents.open_create_keys(mapping, _distinct(keys[unlinked])),
        edits=_edits(edits),
        counters=dict(zip(column(edits, "record_id"), column(edits, "counter"), strict=True)),
        source_now=now,
        unanswered=_may_be_of_siblings(tx, environment, found, candidates, context),
        new=tx.choices.among(mapping.name, Direction.PUSHING, ids),
        stand_ins=stand_ins(tx, mapping, source.records),
    )


def _not_of_siblings(tx: Transaction, environment: Environment, found: pd.DataFrame) -> pd.DataFrame:
    """Without the records that another mapping of the same external type has linked: they match nothing of ours."""
    ids = column(found, Column.ID)
    theirs = linked_by(tx, environment.siblings, ids.tolist())
    return found[np.fromiter((each not in theirs for each in ids), bool, len(ids))].reset_index(drop=True)


def linked_by(tx: Transaction, mappings: Sequence[TypeMapping], external_ids: Sequence[str]) -> set[str]:
    """Which of the external records these mappings have linked."""
    links = [tx.links.of(each.name, Side.EXTERNAL, external_ids) for each in mappings if len(external_ids)]
    return {record for each in links for record in _living(each, "external_id")}


def _may_be_of_siblings(
    tx: Transaction,
    environment: Environment,
    found: pd.DataFrame,
    candidates: Sequence[tuple[str, ...]],
    context: Context,
) -> Mask:
    """Rows with a match that another mapping of the type may have created, and has no answer of (G21)."""
    doubtful = set(column(found, Column.ID)[_unanswered(tx, environment.siblings, found, context)])
    return np.fromiter((not doubtful.isdisjoint(each) for each in candidates), bool, len(candidates))


def _together(records: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """An empty frame adds nothing, and one that was not read has every column, also what the system hides (G8)."""
    return (
        pd.concat([records, found], ignore_index=True) if len(records) and len(found) else max(found, records, key=len)
    )


def _living(links: pd.DataFrame, name: str) -> list[str]:
    return [
        value for value, state in zip(column(links, name), column(links, "state"), strict=True) if state != "tombstone"
    ]


def _matches(found: pd.DataFrame, names: Sequence[str], keys: Objects, unlinked: np.ndarray) -> list[tuple[str, ...]]:
    """Per row the ids of the records that have its key."""
    by_key: dict[str, list[str]] = {}
    became: dict[str, list[str]] = {}  # no longer what they were (G12): they count where nothing else matches
    rows = zip(match_keys(found, names), column(found, Column.ID), column(found, Column.MOVED_TO), strict=True)
    for key, record, moved in rows:
        if key is not None:
            (became if moved else by_key).setdefault(key, []).append(record)
    return [
        tuple(dict.fromkeys(by_key.get(key) or became.get(key) or ())) if free and key is not None else ()
        for key, free in zip(keys, unlinked, strict=True)
    ]


def _edits(entries: pd.DataFrame) -> Mapping[str, Mapping[str, str]]:
    return {
        record: columns or {}
        for record, columns in zip(column(entries, "record_id"), column(entries, "columns"), strict=True)
    }


def _distinct(values: Collection[str | None]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value is not None]


def _no_records(fields: Sequence[str]) -> pd.DataFrame:
    return frame({name: [] for name in (*(str(name) for name in Column), *fields)})
