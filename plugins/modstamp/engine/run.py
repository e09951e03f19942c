"""One run of one mapping in one direction: extract → transform → validate → load.

Each step is a function of the environment and a `Handoff`, so that it can be a task of its own, and can be run again
after a crash: extracting begins anew from the committed cursor, loading skips what has landed because the link says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pandas as pd

from modstamp import instants
from modstamp.engine import adopt, brakes, closing, collecting, convert, degraded, extract, load, parts, recover
from modstamp.engine.batch import Source
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment, Job
from modstamp.engine.expectations import suite
from modstamp.engine.extract import COUNTER
from modstamp.engine.frames import column, objects
from modstamp.engine.handoff import Handoff, Part, RunOptions, Summary, Tally
from modstamp.engine.validate import Verdict, document, judge
from modstamp.engine.window import Reading, open_window
from modstamp.errors import LeaseLostError, LimitReachedError, ModstampError
from modstamp.model import Column, Direction, Presence
from modstamp.ports import Lease

_NEW_LINKS: Final = ("created", "linked")


@collecting.rarely()
def start(environment: Environment, direction: Direction, options: RunOptions, run_id: str) -> Handoff:
    """Extract. Raises `LeaseHeldError` when another run is at work, `RunHeldError` while a question waits (G28)."""
    if not options.dry_run:
        brakes.wait_for_answer(environment, direction)
    began, tally = time.monotonic(), Tally()
    mapping, store = environment.mapping, environment.store
    lease = None if options.dry_run else store.grant(mapping.name, direction, run_id)
    try:
        lease = lease and _with_mapping(environment, lease)
        now = store.now()
        handoff = Handoff(
            run_id=run_id,
            mapping=mapping.name,
            direction=direction,
            token=lease.token if lease else None,
            upper=None,
            mapping_hash=environment.mapping_hash,
            dry_run=options.dry_run,
            started_at=instants.to_text(now),
            clock_offset=(environment.connector.now() - now).total_seconds(),
            user=environment.connector.user(),
            origin=options.origin,
        )
        if lease is not None:
            closing.record(environment, handoff, "running")
            _prepare(environment, lease, tally)
        return _after(_extract(environment, handoff, options, tally), tally, began)
    except ModstampError:
        if lease is not None:
            store.give_back(lease)  # nothing is under way yet, so the next run need not wait for its end
        raise


def _with_mapping(environment: Environment, lease: Lease) -> Lease:
    """Take up the mapping as it is now (G30). The lease may be another one afterwards. Raises `LeaseHeldError`."""
    try:
        adopt.adopt(environment, lease)
    except LeaseLostError:  # the other direction took up the change at this very moment, and ended every lease
        lease = environment.store.grant(lease.mapping, lease.direction, lease.holder)
        adopt.adopt(environment, lease)
    return lease


def _prepare(environment: Environment, lease: Lease, tally: Tally) -> None:
    """What comes before anything else: children whose parents came, and lost answers (G16, G18)."""
    extract.wake(environment, lease.direction)
    if lease.direction is Direction.PUSHING:
        degraded.look(environment)
        recover.recover(Job(environment=environment, lease=lease, run_id=lease.holder, context=Context(), tally=tally))


def _extract(environment: Environment, handoff: Handoff, options: RunOptions, tally: Tally) -> Handoff:
    if handoff.direction is Direction.PUSHING:
        extracted = extract.push(environment, options, tally)
        return replace(handoff, parts=tuple(_stage(environment, handoff, extracted)))
    if options.ids is not None:
        reading = Reading()
        return replace(
            handoff,
            parts=_polled(environment, handoff, extract.chosen(environment, options, reading, tally)),
            stopped=reading.stopped,
        )
    window, moves = open_window(environment, options, None if handoff.dry_run else _lease(handoff))
    reading = Reading()
    staged = _polled(environment, handoff, extract.poll(environment, window, options, reading, tally))
    return replace(
        handoff,
        parts=staged,
        upper=instants.to_text(window.upper) if moves else None,
        whole=reading.whole,
        reached=reading.reached and (instants.to_text(reading.reached[0]), reading.reached[1]),
        stopped=reading.stopped,
    )


def _polled(environment: Environment, handoff: Handoff, extracted: Iterator[extract.Extracted]) -> tuple[Part, ...]:
    moved: list[pd.DataFrame] = []
    staged = list(_stage(environment, handoff, _without_moved(extracted, moved)))
    return (*_stage_moved(environment, handoff, moved), *staged)


def _without_moved(extracted: Iterator[extract.Extracted], moved: list[pd.DataFrame]) -> Iterator[extract.Extracted]:
    """The same, while the rows whose links move are gathered."""
    for each in extracted:
        if each.moved is not None:
            moved.append(each.moved)
        yield each


def _stage_moved(environment: Environment, handoff: Handoff, moved: list[pd.DataFrame]) -> Iterator[Part]:
    """Parts that are loaded before all others: a survivor that comes first would be created anew (G12, G24)."""
    whole = pd.concat(moved, ignore_index=True) if moved else pd.DataFrame()
    rows = environment.settings.part_rows
    for start in range(0, len(whole), rows):
        yield _write(environment, handoff, f"moved-{start}-extracted", [whole[start : start + rows]], window=False)


def _stage(environment: Environment, handoff: Handoff, extracted: Iterator[extract.Extracted]) -> Iterator[Part]:
    """Pages are gathered into parts of a size that is worth a validation."""
    held: list[pd.DataFrame] = []
    number, window = 0, True
    for each in _cut(extracted, environment.settings.part_rows):
        if held and (each.window != window or sum(map(len, held)) >= environment.settings.part_rows):
            yield _write(environment, handoff, f"{number}-extracted", held, window=window)
            held, number = [], number + 1
        window = each.window
        if len(each.records):
            held.append(each.records)
    if held:
        yield _write(environment, handoff, f"{number}-extracted", held, window=window)


def _cut(extracted: Iterator[extract.Extracted], rows: int) -> Iterator[extract.Extracted]:
    """A page of Bulk 2.0 is larger than a part, and the later steps hold a whole part in memory."""
    for each in extracted:
        for start in range(0, len(each.records), rows):
            yield replace(each, records=each.records[start : start + rows])


def _write(environment: Environment, handoff: Handoff, name: str, pages: list[pd.DataFrame], *, window: bool) -> Part:
    whole = pd.concat(pages, ignore_index=True)
    deleted = int((column(whole, Column.STATE) == Presence.DELETED).sum())
    reference = environment.staging.write(handoff.run_id, handoff.staged_under, name, whole)
    return Part(reference=reference, rows=len(whole), window=window, deleted=deleted)


def _rewritten(environment: Environment, handoff: Handoff, part: Part, name: str, source: Source) -> Part:
    staged = environment.staging.write(handoff.run_id, handoff.staged_under, name, parts.pack(source))
    return replace(part, reference=staged)


@collecting.rarely()
def transform(environment: Environment, handoff: Handoff) -> Handoff:
    """Transform every part."""
    adopt.check_unchanged(environment, handoff.mapping_hash)
    began = time.monotonic()
    done = []
    for number, part in enumerate(handoff.parts):
        records = environment.staging.read(part.reference)
        counters, now = column(records, COUNTER), instants.from_text(handoff.started_at)
        source = convert.converted(environment, handoff.direction, records.drop(columns=[COUNTER]), counters, now)
        done.append(_rewritten(environment, handoff, part, f"{number}-transformed", source))
    return _after(replace(handoff, parts=tuple(done)), _tally(handoff), began)


@collecting.rarely()
def validate(environment: Environment, handoff: Handoff) -> Handoff:
    """Judge every part. Rejected rows travel on with their reason: only loading knows whether they would be written."""
    adopt.check_unchanged(environment, handoff.mapping_hash)
    began = time.monotonic()
    if not handoff.parts:
        return handoff
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        internal = tx.records.describe(mapping.internal)
    external = environment.connector.describe(mapping.external_type)
    source, target = (external, internal) if handoff.direction is Direction.POLLING else (internal, external)
    rules = suite(mapping, handoff.direction, source, target)
    verdicts, done = [], []
    for number, part in enumerate(handoff.parts):
        rows = parts.unpack(environment.staging.read(part.reference))
        verdict = judge(rows.converted, rules, rows.records)
        verdicts.append(verdict)
        rejected = objects(
            ["; ".join(filter(None, pair)) or None for pair in zip(rows.rejected, verdict.reasons, strict=True)]
        )
        judged = replace(rows, rejected=rejected)
        done.append(_rewritten(environment, handoff, part, f"{number}-validated", judged))
    _keep_verdicts(environment, handoff, verdicts)
    return _after(replace(handoff, parts=tuple(done)), _tally(handoff), began)


def _keep_verdicts(environment: Environment, handoff: Handoff, verdicts: list[Verdict]) -> None:
    if not handoff.dry_run:
        with environment.store.begin() as tx:
            tx.journal.validation(handoff.run_id, handoff.mapping, handoff.direction, document(verdicts))


@collecting.rarely()
def finish(environment: Environment, handoff: Handoff) -> Summary:
    """Load, move the cursor, give the lease back. A limit reached pauses the run and is no failure (G27).

    A run that would write too much is held before it writes anything: its cursor and pending entries stay, what it
    staged goes, because whoever answers means the records as they will be then (G28).
    """
    before = None if handoff.dry_run else closing.loaded_before(environment, handoff)
    if before is not None:
        return before
    adopt.check_unchanged(environment, handoff.mapping_hash)
    began, tally = time.monotonic(), _tally(handoff)
    if handoff.dry_run:
        differences = load.preview(environment, handoff, tally)
        environment.staging.remove(handoff.run_id, handoff.staged_under)
        told = (adopt.foretell(environment), brakes.foretell(environment, handoff, tally.counts))
        message = "; ".join(filter(None, told))
        summary = closing.summary_of(_after(handoff, tally, began), message, differences=differences)
        return replace(summary, calls=environment.calls_of(handoff.run_id))
    lease, context = _lease(handoff), load.context_of(environment, handoff)
    job = Job(
        environment=environment,
        lease=lease,
        run_id=handoff.run_id,
        context=context,
        tally=tally,
        in_window=handoff.upper is not None,
    )
    try:
        question = brakes.look(environment, handoff)
        held = question and brakes.ask(job, question)
        if held:
            environment.store.give_back(lease)
            environment.staging.remove(handoff.run_id, handoff.staged_under)
            summary = closing.record(environment, _after(handoff, tally, began), "held", held.message)
            return replace(summary, asks=held.decision is None)
        load.load(job, handoff)
    except LimitReachedError as limit:
        environment.store.give_back(lease)
        # The next run reads anew: what was not landed is behind the cursor.
        environment.staging.remove(handoff.run_id, handoff.staged_under)
        return closing.record(environment, _after(handoff, tally, began), "paused", str(limit))
    if any(tally.counts.get(kind) for kind in _NEW_LINKS):
        extract.wake_children(environment)
    brakes.settle(job, question, ended=handoff.whole)
    remark = closing.remarks(environment, handoff, tally)
    if handoff.direction is Direction.POLLING and not handoff.stopped:
        # A row of the log that names both types and no record (OSF-105).
        done = f"import from {handoff.origin}" if handoff.origin else "poll"
        closing.log(environment, handoff, "completed", f"Completed {done}")
    environment.store.give_back(lease)
    environment.staging.remove(handoff.run_id, handoff.staged_under)
    status = "paused" if handoff.stopped else "completed"
    return closing.record(environment, _after(handoff, tally, began), status, handoff.stopped or remark)


def _lease(handoff: Handoff) -> Lease:
    if handoff.token is None:
        raise ValueError("a dry run holds no lease")
    return Lease(mapping=handoff.mapping, direction=handoff.direction, holder=handoff.run_id, token=handoff.token)


def _tally(handoff: Handoff) -> Tally:
    return Tally(handoff.counts, handoff.reasons)


def _after(handoff: Handoff, tally: Tally, began: float) -> Handoff:
    seconds = handoff.seconds + time.monotonic() - began
    return replace(handoff, counts=dict(tally.counts), reasons=tally.as_reasons(), seconds=seconds)


def fail(environment: Environment, handoff: Handoff, message: str) -> None:
    """Note a run that could not go on. Its lease ends by itself, its work is still pending."""
    closing.record(environment, handoff, "failed", message)
