"""Loading a run's parts, batch by batch: inside by `land`, outside by `send`; then the cursor moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from modstamp.engine import amounts, convert, extract, land, parts, send, sight
from modstamp.engine.batch import Source
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, objects
from modstamp.engine.handoff import Handoff, Tally
from modstamp.engine.permit import DELETES_LAST, own_references
from modstamp.engine.plan import Plan
from modstamp.engine.window import last_in_order
from modstamp.instants import from_text
from modstamp.mapping.apart import kinds_of_others
from modstamp.mapping.drift import unseen
from modstamp.mapping.required import unmet
from modstamp.mapping.schema import CANCELED
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import Cursor


def load(job: Job, handoff: Handoff) -> None:
    """Land or send every part, then move the cursor.

    Raises `LimitReachedError` at a batch border; what has not landed stays pending or behind the checkpoint (G3, G27).
    """
    environment = job.environment
    sources = ((part, parts.unpack(environment.staging.read(part.reference))) for part in handoff.parts)
    if handoff.direction is Direction.PUSHING:
        for source in _deleted_last(source for _, source in sources):
            for batch in parts.batches(source, environment.settings.outbound_batch):
                send.send(job, batch)
        _delete_flagged(job, handoff)
        return
    set_aside: list[str] = []
    for part, source in sources:
        set_aside += _land_part(job, source, moves=part.window and job.in_window)
    _delete_last(job, set_aside)
    _move_cursor(job, handoff)


def _deleted_last(sources: Iterable[Source]) -> Iterator[Source]:
    """The same rows, those of deleted records behind all others (G24)."""
    gone = []
    for source in sources:
        is_gone = column(source.records, Column.STATE) == Presence.DELETED
        gone.append(source.pick(np.flatnonzero(is_gone)))
        yield source.pick(np.flatnonzero(~is_gone))
    yield from gone


def _delete_flagged(job: Job, handoff: Handoff) -> None:
    """What this run has told to be canceled is deleted at its end, from a look of its own on (G24).

    Its entry is there still. Where that went, nothing was to be deleted, or telling was refused.
    """
    environment, direction = job.environment, Direction.PUSHING
    if environment.mapping.on_cancel != "flag_and_delete":
        return
    for part in handoff.parts:
        source = parts.unpack(environment.staging.read(part.reference))
        canceled = np.asarray(column(source.records, CANCELED) == objects([True] * len(source)))
        ids = column(source.records, Column.ID)
        with environment.store.begin(read_only=True) as tx:
            entries = tx.pending.lock(environment.mapping.name, direction, ids[canceled].tolist(), lock=False)
        known = dict(zip(column(entries, "record_id"), column(entries, "counter"), strict=True))
        pairs = zip(ids, source.counters, strict=True)
        canceled &= np.fromiter((record in known and known[record] == each for record, each in pairs), bool, len(ids))
        for batch in parts.batches(source.pick(np.flatnonzero(canceled)), environment.settings.outbound_batch):
            send.send(job, batch)


def _land_part(job: Job, source: Source, *, moves: bool) -> list[str]:
    """Returns the ids of records that are to be deleted inside when everything else is done."""
    own = own_references(job.environment.mapping)
    first = replace(job, context=replace(job.context, deletes_allowed=False))
    set_aside: list[str] = []
    for batch in parts.batches(source, job.environment.settings.inbound_batch):
        planned = _land(first, batch, moves=moves)
        set_aside += column(batch.records, Column.ID)[planned.reasons == DELETES_LAST].tolist()
    again = np.fromiter((bool(own & set(waits or {})) for waits in source.waits), bool, len(source))
    if again.any():
        _second_pass(job, source.pick(np.flatnonzero(again)))
    return set_aside


def _delete_last(job: Job, ids: Sequence[str]) -> None:
    """Deletes end the run, and only of records that another look finds deleted still (G24)."""
    connector, mapping = job.environment.connector, job.environment.mapping
    size = connector.abilities().read_size
    for start in range(0, len(ids), size):
        fields = mapping.field_names(Side.EXTERNAL)
        records = connector.get(mapping.external_type, fields, ids[start : start + size])
        for batch in parts.batches(_asked_for(job, records), job.environment.settings.inbound_batch):
            _land(job, batch, moves=False)


def _second_pass(job: Job, source: Source) -> None:
    """References to the own type: their parents may have been linked by the batches before (G16)."""
    extract.wake(job.environment, Direction.POLLING)
    fresh = replace(_asked_for(job, source.records), rejected=source.rejected)
    # Its rows were counted in the first pass.
    second = replace(job, context=replace(job.context, same_read=True), tally=Tally(), in_window=False)
    for batch in parts.batches(fresh, job.environment.settings.inbound_batch):
        _land(second, batch, moves=False)


def _asked_for(job: Job, records: pd.DataFrame) -> Source:
    """Records that pending entries of this poll ask for, converted."""
    environment, direction = job.environment, Direction.POLLING
    ids = column(records, Column.ID).tolist()
    with environment.store.begin() as tx:
        entries = tx.pending.lock(environment.mapping.name, direction, ids)
    counters = dict(zip(column(entries, "record_id"), column(entries, "counter"), strict=True))
    asked = objects([counters.get(each) for each in ids])
    return convert.converted(environment, direction, records, asked, job.context.now)


def _land(job: Job, batch: Source, *, moves: bool) -> Plan:
    return land.twice(lambda: _land_once(job, batch, moves=moves))


def _land_once(job: Job, batch: Source, *, moves: bool) -> Plan:
    mapping = job.environment.mapping
    sight.remember(job.environment, unseen(mapping, batch.records.columns))
    with job.environment.store.begin(writer=mapping.name) as tx:
        tx.leases.check(job.lease)
        planned = land.land(job, tx, batch)
        if job.in_window:
            cursor = tx.cursors.get(mapping.name)
            after = last_in_order(batch.records, cursor.upper, cursor.after) if moves else cursor.after
            done = amounts.with_done(cursor.done, planned)
            tx.cursors.put(mapping.name, replace(cursor, after=after, done=done))
    return planned


def _move_cursor(job: Job, handoff: Handoff) -> None:
    """Every row that was read has landed, was withheld, or waits (G2).

    The next window begins where this one ended; after a slice it stays open, and the next run goes on behind it (G3).
    """
    if handoff.upper_instant is None:
        return
    with job.environment.store.begin() as tx:
        tx.leases.check(job.lease)
        if handoff.whole:
            tx.cursors.put(handoff.mapping, Cursor(cursor=handoff.upper_instant))
            return
        cursor = tx.cursors.get(handoff.mapping)
        after = max(filter(None, (cursor.after, handoff.reached_place)), default=None)
        tx.cursors.put(handoff.mapping, replace(cursor, after=after))


def context_of(environment: Environment, handoff: Handoff) -> Context:
    """What this run's plans depend on besides their batches."""
    allowed = handoff.direction is Direction.POLLING or _all_matched(environment)
    lacks, hidden = _lacking(environment) if handoff.direction is Direction.PUSHING else ((), ())
    return Context(
        clock_offset=handoff.clock_offset,
        creates_allowed=allowed,
        user=handoff.user,
        answer_wait=environment.settings.answer_wait(creates=False),
        now=from_text(handoff.started_at),
        border=_border(environment, handoff),
        unmet=lacks,
        hidden=hidden,
        kinds_of_others=kinds_of_others(environment.mapping, environment.relatives)
        if handoff.direction is Direction.PUSHING
        else {},
    )


def _border(environment: Environment, handoff: Handoff) -> str:
    """In a first load nothing is linked yet that could have been merged since."""
    if handoff.whole or handoff.reached is None:
        return ""
    with environment.store.begin(read_only=True) as tx:
        first = tx.cursors.get(environment.mapping.name).cursor is None
    return "" if first else handoff.reached[0]


def _lacking(environment: Environment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`unmet` and `hidden` of the context. Without creates all there is to know shows in the records that are read."""
    mapping = environment.mapping
    if not mapping.outbound.create.on:
        return (), ()
    shown = environment.connector.describe(mapping.external_type)
    return unmet(mapping, Direction.PUSHING, shown), tuple(unseen(mapping, shown.fields))


def _all_matched(environment: Environment) -> bool:
    """Whether every mapping of the family has seen all there is: each may have the counterpart of a record (G20)."""
    polled = [each.name for each in (environment.mapping, *environment.relatives) if each.polling.on]
    with environment.store.begin(read_only=True) as tx:
        return all(tx.cursors.get(name).cursor is not None for name in polled)


def preview(environment: Environment, handoff: Handoff, tally: Tally) -> tuple[Mapping[str, object], ...]:
    """The dry run: count what would be done and return every field that would be written."""
    differences: list[Mapping[str, object]] = []
    for planned in plans(environment, handoff):
        for kind, records in planned.counts().items():
            tally.add(kind, records)
        differences += planned.differences()
    return tuple(differences)


def plans(environment: Environment, handoff: Handoff) -> Iterator[Plan]:
    """The plan of every batch, one after the other, from transactions that cannot write."""
    context = context_of(environment, handoff)
    look = land.preview if handoff.direction is Direction.POLLING else send.preview
    for part in handoff.parts:
        source = parts.unpack(environment.staging.read(part.reference))
        for batch in parts.batches(source, environment.settings.outbound_batch):
            yield look(environment, batch, context)
