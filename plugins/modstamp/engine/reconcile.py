"""Both sides compared, record by record: what is hidden, was never seen or has drifted, and its repair.

Three passes, each page by page, so that memory does not grow with the number of records: all that was changed outside
in the order of its stamps; links of which nothing was seen there, by id; internal rows without a link. Which links were
seen is kept as one bit each.

A comparison holds no lease: what it reads is judged like a poll's rows, and what has moved since is left to whoever
moved it. Repairing queues records for the runs, which judge as always: that a record is not there proves nothing (G12).
Only on a person's word that they are gone for good are links of such records ended, here, under lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

import numpy as np
import pandas as pd

from modstamp import instants
from modstamp.engine import compare, repair
from modstamp.engine.environment import Environment
from modstamp.engine.findings import Finding, Found, Ledger, Reconciled
from modstamp.engine.frames import Mask, Objects, choose, column, present
from modstamp.errors import ConfigurationError, LimitReachedError, ModstampError, Problem
from modstamp.model import Column, Direction, Side, Window
from modstamp.ports import RunRecord

_SCAN = 2_000  # internal rows at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """What a person may ask for. `since` and `until` bound the external stamps (and the times of internal edits).

    `repair`: queue what was found. `reread`: queue only what may have been hidden for a while and left no stamp when it
    was shown again. `dry_run`: leave no trace at all. `gone`: end the links of records of which there is no trace, as
    somebody knows that they are gone for good. `examples`: findings of each kind that the answer holds.
    """

    since: datetime | None = None
    until: datetime | None = None
    repair: bool = False
    reread: bool = False
    dry_run: bool = False
    gone: bool = False
    examples: int = 20

    def queues(self, finding: Finding) -> bool:
        """Whether the runs are to look at it."""
        return self.repair or (self.reread and finding.found in (Found.DRIFTED, Found.NEVER_SEEN))


class _Bits:
    """A set of small positive numbers: one bit each, up to the largest."""

    def __init__(self) -> None:
        self._bytes = np.zeros(1024, dtype=np.uint8)

    def add(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        listed = np.asarray(numbers, dtype=np.int64)
        wanted = int(listed.max()) // 8 + 1
        if wanted > len(self._bytes):
            self._bytes = np.concatenate([self._bytes, np.zeros(max(wanted, len(self._bytes)), dtype=np.uint8)])
        np.bitwise_or.at(self._bytes, listed // 8, np.left_shift(1, listed % 8).astype(np.uint8))

    def lacks(self, numbers: Sequence[int]) -> Mask:
        listed = np.asarray(numbers, dtype=np.int64)
        known = listed // 8 < len(self._bytes)
        place = np.where(known, listed // 8, 0)
        return np.asarray(~(known & (np.right_shift(self._bytes[place], listed % 8) & 1).astype(bool)))


@dataclass(slots=True, kw_only=True)
class _Work:
    """One reconciliation under way."""

    environment: Environment
    options: ReconcileOptions
    run_id: str
    window: Window
    horizon: datetime | None
    ledger: Ledger
    seen: _Bits = field(default_factory=_Bits)
    hidden: dict[int, str] = field(default_factory=dict)  # id of the link → when it was looked for
    matched: set[str] = field(default_factory=set)  # internal records that a finding names already
    links: int = 0

    def note(self, findings: list[Finding]) -> None:
        self.ledger.add(findings)
        self.matched |= {each.internal_id for each in findings if each.internal_id is not None}
        if not self.options.dry_run:
            queued = [each for each in findings if self.options.queues(each)]
            repair.write_down(self.environment, self.run_id, findings, queued)


def reconcile(environment: Environment, options: ReconcileOptions, run_id: str) -> Reconciled:
    """Compare, and repair if asked to.

    Raises `ConfigurationError` before the first load is done, and what the connector raises; a limit that is reached
    ends it with a message, and what was found until then counts.
    """
    work = _open(environment, options, run_id)
    record = RunRecord(
        id=run_id,
        mapping=environment.mapping.name,
        direction=Direction.POLLING,
        status="running",
        started_at=environment.store.now(),
        kind="reconcile",
    )
    _keep(work, record)
    try:
        ended = _carry_out(work)
    except LimitReachedError as limit:
        return _end(work, record, "paused", str(limit), 0)
    except ModstampError as error:
        _end(work, record, "failed", str(error), 0)
        raise
    return _end(work, record, "completed", "" if options.gone else _not_visible(work), ended)


def _open(environment: Environment, options: ReconcileOptions, run_id: str) -> _Work:
    mapping = environment.mapping
    now = environment.connector.now().replace(microsecond=0)
    with environment.store.begin(read_only=True) as tx:
        cursor = tx.cursors.get(mapping.name).cursor
    if mapping.polling.on and cursor is None:
        what = "its first load is not done, so that everything would be never seen"
        fix = f"let the poll of {mapping.name} end first"
        raise ConfigurationError([Problem(f"mapping '{mapping.name}'", what, fix)])
    start = mapping.polling.start_from
    lower = options.since or (datetime.combine(start, time(), UTC) if start else None)
    upper = min(options.until or now, now)
    horizon = cursor - environment.settings.lookback if cursor and mapping.polling.on else None
    return _Work(
        environment=environment,
        options=options,
        run_id=run_id,
        window=Window(lower=lower, upper=upper),
        horizon=horizon,
        ledger=Ledger(options.examples),
    )


def _carry_out(work: _Work) -> int:
    """Returns how many links were ended."""
    for records in _changed(work):
        _compare(work, records)
    for records in _unseen(work):
        _compare(work, records)
    mapping = work.environment.mapping
    if mapping.pushing.on and mapping.outbound.create.on:
        for records in _internal(work):
            found = compare.inside(work.environment, records)
            work.note([each for each in found if each.internal_id not in work.matched])
    if work.options.gone and not work.options.dry_run:
        return repair.end_links(work.environment, work.run_id, work.hidden)
    return 0


def _compare(work: _Work, records: pd.DataFrame) -> None:
    size = work.environment.settings.outbound_batch
    for start in range(0, len(records), size):
        batch = records[start : start + size].reset_index(drop=True)
        done = compare.outside(work.environment, batch, work.horizon)
        work.seen.add(done.link_ids)
        work.ledger.counts["compared"] += len(batch)
        work.links += len(done.link_ids)
        work.hidden |= dict.fromkeys(done.hidden, str(column(batch, Column.READ_AT)[0]))
        for name, figures in done.days.items():
            day = work.ledger.day(name)
            day.external += figures[0]
            day.linked += figures[1]
            day.hashes = [day.hashes[0] + figures[2], day.hashes[1] + figures[3]]
        work.note(done.findings)


def _changed(work: _Work) -> Iterator[pd.DataFrame]:
    """Pass 1: every record whose stamp lies in the window, deleted ones included."""
    mapping, connector = work.environment.mapping, work.environment.connector
    for page in connector.pull(mapping.external_type, mapping.field_names(Side.EXTERNAL), work.window):
        yield page.records


def _unseen(work: _Work) -> Iterator[pd.DataFrame]:
    """Pass 2: the external records of living links that pass 1 has not met, asked for by id."""
    environment = work.environment
    mapping, connector = environment.mapping, environment.connector
    size = connector.abilities().read_size
    waiting: list[str] = []
    for links in _living(work):
        waiting += column(links, "external_id")[work.seen.lacks(column(links, "link_id").tolist())].tolist()
        while len(waiting) >= size:
            yield connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), waiting[:size])
            waiting = waiting[size:]
    if waiting:
        yield connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), waiting)


def _living(work: _Work) -> Iterator[pd.DataFrame]:
    """Living links whose last known stamp lies in the window, in the order of their ids."""
    after = 0
    while True:
        with work.environment.store.begin(read_only=True) as tx:
            links = tx.links.living(work.environment.mapping.name, after, _SCAN)
        if links.empty:
            return
        after = int(links["link_id"].iloc[-1])
        stamps = choose(present(column(links, "stamp")), column(links, "stamp"), column(links, "read_at"))
        yield links[_between(work.options, stamps)].reset_index(drop=True)


def _internal(work: _Work) -> Iterator[pd.DataFrame]:
    """Pass 3: internal rows, in the order of their ids."""
    mapping, after = work.environment.mapping, None
    while True:
        with work.environment.store.begin(read_only=True) as tx:
            records = tx.records.scan(mapping.internal, mapping.field_names(Side.INTERNAL), after, _SCAN)
        if records.empty:
            return
        after = str(records[Column.ID].iloc[-1])
        yield records[_between(work.options, column(records, Column.MODIFIED_AT))].reset_index(drop=True)


def _between(options: ReconcileOptions, moments: Objects) -> Mask:
    """Rows inside what was asked for; one without a time belongs to it."""
    found = instants.epochs(moments)
    lower = options.since.timestamp() if options.since else -np.inf
    upper = options.until.timestamp() if options.until else np.inf
    return np.asarray((found == -np.inf) | ((found >= lower) & (found <= upper)))


def _not_visible(work: _Work) -> str:
    if not work.hidden:
        return ""
    many = f"{len(work.hidden)} of {work.links} linked records are neither visible nor provably deleted outside"
    return f"{many}; their links were kept. Fix: run doctor; if you know that they are gone for good, add --gone"


def _end(work: _Work, record: RunRecord, status: str, message: str, ended: int) -> Reconciled:
    environment, ledger = work.environment, work.ledger
    calls = environment.calls_of(work.run_id)
    queued = {str(direction): ledger.directions[direction] for direction in Direction}
    repairs = {**queued, "links ended": len(work.hidden) if work.options.gone and work.options.dry_run else ended}
    counts = {**{str(each): ledger.counts[each] for each in Found}, "compared": ledger.counts["compared"]}
    done = Reconciled(
        run_id=work.run_id,
        mapping=record.mapping,
        until=instants.to_text(min(filter(None, (work.horizon, work.window.upper)))),
        counts=counts,
        days=ledger.differing_days(),
        days_compared=len(ledger.days),
        repairs=repairs,
        repair_calls=_calls(environment, ledger),
        repaired=work.options.repair and not work.options.dry_run,
        findings=tuple(ledger.examples),
        calls=calls,
        message=message,
    )
    moment = environment.store.now()
    seconds = (moment - record.started_at).total_seconds()
    ended_record = replace(record, status=status, message=message, ended_at=moment, counts=counts, calls=calls)
    _keep(work, replace(ended_record, seconds=seconds))
    return done


def _calls(environment: Environment, ledger: Ledger) -> int:
    """What the next runs are charged for what was queued: reading by id, and writing what was edited inside."""
    abilities = environment.connector.abilities()
    inward, outward = ledger.directions[Direction.POLLING], ledger.directions[Direction.PUSHING]
    reads = -(-inward // abilities.read_size) + -(-outward // abilities.read_size)
    return reads + -(-outward // abilities.batch_size)


def _keep(work: _Work, record: RunRecord) -> None:
    if not work.options.dry_run:
        with work.environment.store.begin() as tx:
            tx.runs.put(record)
