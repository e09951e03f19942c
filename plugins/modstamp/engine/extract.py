"""What changed at the source: a window and the re-read list when polling, the pending entries when pushing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from modstamp.engine import convert, held, look, moves, partial, taken
from modstamp.engine.batch import versions
from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame, left_over, objects, positions_of, present
from modstamp.engine.handoff import RunOptions, Tally
from modstamp.engine.renamed import named_otherwise
from modstamp.engine.window import Reading, read
from modstamp.errors import LimitReachedError
from modstamp.model import Column, Direction, Presence, Side, Window

COUNTER = "_counter"  # of the pending entry that asked for the row


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """Rows of the source with `COUNTER`. `window`: they come from the window, in (stamp, id) order.

    `moved`: those of them whose links must follow them before anything else is judged (G12); None: there are none.
    """

    records: pd.DataFrame
    window: bool
    moved: pd.DataFrame | None = None


def poll(
    environment: Environment, window: Window, options: RunOptions, reading: Reading, tally: Tally
) -> Iterator[Extracted]:
    """Rows of the window, then the re-read list. Raises `IncompleteReadError` when rows of the window are missing.

    A limit that is met behind the first row ends the reading and loses nothing: see `Reading` (G27).
    """
    waiting = _pending(environment, Direction.POLLING, options.limit)
    for records in read(environment, window, options, reading):
        tally.add("seen", len(records))
        fresh = _fresh(environment, _with_counters(records, waiting), tally)
        yield _moved_apart(environment, _with_counters(fresh, _entries(environment, fresh)), window=True)
    if not reading.stopped:
        waiting = _pending(environment, Direction.POLLING, options.limit)  # with what the pages left out (G2)
        yield from _asked_for(environment, waiting, reading, tally)


def _asked_for(environment: Environment, waiting: pd.DataFrame, reading: Reading, tally: Tally) -> Iterator[Extracted]:
    """Records of the re-read list that were not in the window."""
    mapping, size = environment.mapping, environment.connector.abilities().read_size
    rest = [record for record in column(waiting, "record_id") if record not in reading.ids]
    for start in range(0, len(rest), size):
        ids = rest[start : start + size]
        try:
            records = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), ids)
        except LimitReachedError as limit:
            reading.stop(limit)
            return
        reading.ids.update(ids)
        tally.add("seen", len(records))
        yield _moved_apart(environment, _with_counters(records, waiting), window=False)


def chosen(environment: Environment, options: RunOptions, reading: Reading, tally: Tally) -> Iterator[Extracted]:
    """The records that a person chose, seen before or not. A limit leaves the rest to the next polls (G27)."""
    mapping, size = environment.mapping, environment.connector.abilities().read_size
    ids = list(dict.fromkeys(options.ids or ()))[: options.limit]
    for start in range(0, len(ids), size):
        page = ids[start : start + size]
        try:
            records = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), page)
        except LimitReachedError as limit:
            reading.stop(limit)
            if not options.dry_run:
                _leave(environment, ids[start:], f"import from {options.origin}")
            return
        reading.ids.update(page)
        tally.add("seen", len(records))
        tally.add("not visible", int((column(records, Column.STATE) == Presence.HIDDEN).sum()))
        yield _moved_apart(environment, _with_counters(records, _entries(environment, records)), window=False)


def _leave(environment: Environment, ids: list[str], reason: str) -> None:
    with environment.store.begin() as tx:
        tx.pending.leave(environment.mapping.name, Direction.POLLING, left_over(ids, reason))


def _moved_apart(environment: Environment, records: pd.DataFrame, *, window: bool) -> Extracted:
    """Without a link there is nothing to follow, so that such rows keep their place.

    What another mapping of the same external type has linked is not ours to look at.
    """
    if environment.siblings:
        with environment.store.begin(read_only=True) as tx:
            theirs = look.linked_by(tx, environment.siblings, column(records, Column.ID).tolist())
        records = records[~records[Column.ID].isin(theirs)].reset_index(drop=True)
    moved = present(column(records, Column.MOVED_TO))
    if moved.any():
        mapping = environment.mapping
        ids = column(records, Column.ID)
        with environment.store.begin(read_only=True) as tx:
            linked = look.linked_by(tx, (mapping,), ids[moved].tolist())
        moved &= np.fromiter((each in linked for each in ids), bool, len(ids))
    if not moved.any():
        return Extracted(records=records, window=window)
    rest, apart = (records[rows].reset_index(drop=True) for rows in (~moved, moved))
    return Extracted(records=rest, window=window, moved=apart)


def _fresh(environment: Environment, records: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Without the rows that are what they were at the last read (G1). A row that somebody waits for stays.

    The hash knows a deleted record from a living one: it may be edited and deleted within one second.
    """
    mapping = environment.mapping
    ids = column(records, Column.ID)
    with environment.store.begin(read_only=True) as tx:
        known = tx.links.last_reads(mapping.name, ids.tolist())
    last = set(zip(column(known, "external_id"), column(known, "stamp"), column(known, "hash"), strict=True))
    rows = zip(ids, column(records, Column.STAMP), versions(records, mapping, Side.EXTERNAL), strict=True)
    seen = np.fromiter((row in last for row in rows), bool, len(ids))
    seen &= np.asarray(column(records, COUNTER) == objects([None] * len(records)))
    tally.add("unchanged", int(seen.sum()))
    tally.add("seen before", int(seen.sum()))
    return records[~seen].reset_index(drop=True)


def _with_counters(records: pd.DataFrame, waiting: pd.DataFrame) -> pd.DataFrame:
    where = positions_of(column(records, Column.ID), column(waiting, "record_id"))
    counters = column(waiting, "counter")
    found = [counters[position] if position >= 0 else None for position in where]
    return records.assign(**{COUNTER: pd.Series(found, dtype=object, index=records.index)})


def _entries(environment: Environment, records: pd.DataFrame) -> pd.DataFrame:
    """Their entries, due or not: what a record waited for may have become nothing to wait for (G16)."""
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        ids = column(records, Column.ID).tolist()
        return tx.pending.lock(mapping.name, Direction.POLLING, ids, lock=False)


def _pending(environment: Environment, direction: Direction, limit: int | None) -> pd.DataFrame:
    """Entries that are due; children whose parent has been linked meanwhile are among them (G16)."""
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        return tx.pending.due(mapping.name, direction, limit)


def push(environment: Environment, options: RunOptions, tally: Tally) -> Iterator[Extracted]:
    """Records with a pending entry, as they are now; what another mapping of the family links is not ours (G20)."""
    entries = _pending(environment, Direction.PUSHING, options.limit)
    size = environment.settings.part_rows
    for start in range(0, len(entries), size):
        yield Extracted(records=_mine(environment, entries[start : start + size], options, tally), window=False)


def _mine(environment: Environment, entries: pd.DataFrame, options: RunOptions, tally: Tally) -> pd.DataFrame:
    mapping = environment.mapping
    ids = column(entries, "record_id").tolist()
    with environment.store.begin(read_only=options.dry_run) as tx:
        family = tx.links.in_family(mapping, ids)
        foreign = set(column(family, "internal_id")[column(family, "mapping") != mapping.name])
        theirs = np.fromiter((each in foreign for each in ids), bool, len(ids))
        if theirs.any() and not options.dry_run:
            dropped = {name: column(entries, name)[theirs] for name in ("record_id", "counter")}
            tx.pending.drop(mapping.name, Direction.PUSHING, frame(dropped))
            tx.quarantine.release(mapping.name, Direction.PUSHING, [each for each in ids if each in foreign])
        mine = [each for each, other in zip(ids, theirs, strict=True) if not other]
        records = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), mine)
    tally.add("seen", len(mine))
    tally.add("linked by another mapping", int(theirs.sum()))
    return _with_counters(records, entries)


def wake(environment: Environment, direction: Direction) -> None:
    """Make due what waited for something that has happened since; a sweep at the start of a run misses nothing.

    Children whose parent has a link by now (G16), held records whose only match has lost its link (G13), and rejected
    ones whose value names a record by now, which name one that is linked otherwise, or whose value another record no
    longer has (G26). What another mapping of the family has linked waits here no longer (G20).
    """
    mapping = environment.mapping
    named = _named_by_now(environment, direction)
    with environment.store.begin() as tx:
        tx.pending.wake(mapping, direction, environment.names_of)
        if direction is Direction.PUSHING:
            tx.quarantine.release_linked_elsewhere(mapping)
            moves.follow_late(tx, environment)
        again = dict.fromkeys(held.free_by_now(tx, mapping, direction), "the match that it was held for is free")
        again |= dict.fromkeys(named, "the record that it names is there")
        if direction is Direction.PUSHING:
            again |= dict.fromkeys(named_otherwise(tx, environment), "what it names has another counterpart, or none")
        else:
            again |= dict.fromkeys(taken.free_by_now(tx, mapping), "the value that another record had is free")
        if direction is Direction.PUSHING and partial.partial_fields(mapping):
            there = tx.missing.linked_by_now(mapping, environment.names_of)
            again |= dict.fromkeys(there, "what it was sent without is linked by now")
        if again:
            tx.pending.leave(mapping.name, direction, left_over(list(again), list(again.values())))


def wake_children(environment: Environment) -> None:
    """Make due what others push and what waited for a record that this run has linked, so that their runs begin now.

    Without it they would find out by themselves when their clock begins the next one (G16).
    """
    internal = environment.mapping.internal
    children = [
        each
        for each in environment.others
        if each.is_on(Direction.PUSHING) and any(internal in row.named_types for row in each.fields)
    ]
    if children:
        with environment.store.begin() as tx:
            for each in children:
                tx.pending.wake(each, Direction.PUSHING, environment.names_of)


def _named_by_now(environment: Environment, direction: Direction) -> list[str]:
    """Rejected records all of whose values that named nothing name a record by now.

    Names that the other system would have to be asked about are looked at by the nightly upkeep: a call per run for one
    record that waits would be a thousand calls a day.
    """
    outside = {field.internal for field in environment.mapping.fields if field.looks_for_name}
    with environment.store.begin(read_only=True) as tx:
        found = tx.quarantine.lacking(environment.mapping.name, direction)
    lacks = {record: values for record, values in found.items() if outside.isdisjoint(values)}
    wanted: dict[str, set[str]] = {}
    for values in lacks.values():
        for name, value in values.items():
            wanted.setdefault(name, set()).add(value)
    named = convert.look_up(environment, direction, {name: sorted(values) for name, values in wanted.items()})
    return [
        record
        for record, values in lacks.items()
        if all(value in named.get(name, {}) for name, value in values.items())
    ]
