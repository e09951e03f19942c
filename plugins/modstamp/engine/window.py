"""The window of a poll: where it begins and ends, and how far a run has read it (G1 to G3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

import numpy as np
import pandas as pd

from modstamp import instants
from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, left_over
from modstamp.engine.handoff import RunOptions
from modstamp.errors import IncompleteReadError, LimitReachedError
from modstamp.instants import epochs
from modstamp.model import Column, Direction, Side, Window
from modstamp.ports import Cursor, Lease

Place = tuple[datetime, str]  # (stamp, id): windows are read in this order


@dataclass(slots=True)
class Reading:
    """What a poll has read so far; it grows while pages come.

    `reached`: the last row in order. `whole`: nothing of the window is left to be read. `stopped`: the limit that ended
    the reading, in words.
    """

    ids: set[str] = field(default_factory=set)
    reached: Place | None = None
    whole: bool = True
    stopped: str = ""

    def stop(self, limit: LimitReachedError) -> None:
        """Raise it if nothing was read: then there is nothing to be landed first."""
        if not self.ids:
            raise limit
        self.stopped = str(limit)


def open_window(environment: Environment, options: RunOptions, lease: Lease | None) -> tuple[Window, bool]:
    """The window to be read, and whether the cursor may move (G1, G3). An open window is gone on with.

    A run takes a slice of bounded size from it, so that a first load of any size needs no more room than its slices.
    `lease`: None in a dry run, which leaves the cursor alone. Raises `LeaseLostError`.
    """
    settings, mapping = environment.settings, environment.mapping
    now = environment.connector.now().replace(microsecond=0)
    if options.since or options.until:
        return Window(lower=options.since, upper=options.until or now, at_most=options.limit), False
    with environment.store.begin(read_only=lease is None) as tx:
        if lease is not None:  # else the cursor that a changed mapping had set back would be put forward again (G30)
            tx.leases.check(lease)
        cursor = tx.cursors.get(mapping.name)
        if cursor.upper is None:
            # A step that was repeated may have left a checkpoint of the window before: it means nothing in this one.
            cursor = Cursor(cursor=cursor.cursor, lower=lower_bound(environment, cursor), upper=now)
            if lease is not None:
                tx.cursors.put(mapping.name, cursor)
    at_most = options.limit or settings.run_rows
    return Window(lower=cursor.lower, upper=cursor.upper or now, after=cursor.after, at_most=at_most), not options.limit


def lower_bound(environment: Environment, cursor: Cursor) -> datetime | None:
    """Where the next window begins; None: at the beginning of everything."""
    if cursor.cursor is not None:
        return cursor.cursor - environment.settings.lookback
    start = environment.mapping.polling.start_from
    return datetime.combine(start, time(), UTC) if start else None


def read(environment: Environment, window: Window, options: RunOptions, reading: Reading) -> Iterator[pd.DataFrame]:
    """Pages of a slice. One whose rows all share the window's last second has no place to go on from: it grows."""
    yield from _pages(environment, window, options, reading)
    if not options.limit and not reading.whole and not reading.stopped and reading.reached is None:
        yield from _pages(environment, replace(window, at_most=None), options, reading)


def _pages(environment: Environment, window: Window, options: RunOptions, reading: Reading) -> Iterator[pd.DataFrame]:
    """Pages of the window, without rows that came twice. Raises `IncompleteReadError` when rows are missing (G2)."""
    mapping, total, got = environment.mapping, 0, set[str]()
    try:
        for page in environment.connector.pull(mapping.external_type, mapping.field_names(Side.EXTERNAL), window):
            total, ids = page.total, column(page.records, Column.ID)
            got.update(ids)
            fresh = np.fromiter((each not in reading.ids for each in ids), bool, len(ids))
            reading.ids.update(ids)
            reading.reached = last_in_order(page.records, window.upper, reading.reached)
            yield page.records[fresh].reset_index(drop=True)
    except LimitReachedError as limit:
        reading.stop(limit)
        reading.whole = False
        return
    reading.whole = window.at_most is None or max(len(got), total) < window.at_most
    if len(got) < total:
        _list_missing(environment, window, options, got)


def _list_missing(environment: Environment, window: Window, options: RunOptions, got: set[str]) -> None:
    """Put what the pages left out on the re-read list (G2). A list of ids tells what that is.

    It may be nothing: what was edited while the pages were read belongs to the next window.
    """
    mapping, listed, total = environment.mapping, set[str](), 0
    for page in environment.connector.pull(mapping.external_type, (), window):
        total = page.total
        listed.update(column(page.records, Column.ID))
    missing = sorted(listed - got)
    if len(listed) < total or (missing and options.dry_run):
        raise IncompleteReadError(
            f"{mapping.name}: {len(listed & got)} of {total} changed records arrived; the cursor stays where it is"
        )
    entries = left_over(missing, "the pages of the window left it out")
    with environment.store.begin() as tx:
        tx.pending.leave(mapping.name, Direction.POLLING, entries)


def last_in_order(records: pd.DataFrame, upper: datetime | None, before: Place | None) -> Place | None:
    """The last row that stands where its stamp says, `before` if there is none behind it (G3).

    One that was edited while the pages were read shows a later stamp at its old place, and would hide its neighbours:
    such a stamp is not before the window's bound.
    """
    stamps = epochs(column(records, Column.STAMP))
    settled = np.ones(len(records), dtype=bool) if upper is None else stamps < upper.timestamp()
    if not settled.any():
        return before
    last = np.flatnonzero(settled & (stamps == stamps[settled].max()))
    place = instants.from_text(column(records, Column.STAMP)[last[0]]), max(column(records, Column.ID)[last])
    return place if before is None else max(place, before)
