"""Loading outside, in four steps (G18): read the records now, store the intent, send and read back, settle the answers.

A crash between any two of them leaves an open intent, and `recover` runs before the mapping does anything else.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from random import SystemRandom

import numpy as np

from modstamp.engine import journal, land, leftovers, look, settle, sight
from modstamp.engine.batch import Batch, Source, assemble
from modstamp.engine.context import Context
from modstamp.engine.dispatch import NO_ENTRY, Sending, dispatch, open_intents
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import (
    ABSENT,
    Mask,
    Objects,
    choose,
    collapse,
    column,
    differs,
    frame,
    objects,
    present,
)
from modstamp.engine.judge import FIELDWISE, Kind, is_to_be_flagged
from modstamp.engine.merge import Cell
from modstamp.engine.partial import whole
from modstamp.engine.plan import Plan, plan
from modstamp.engine.settle import AT_REST, Settling
from modstamp.mapping.drift import unseen
from modstamp.model import Action, Column, Direction, Operation, OwnKey, Side, Value
from modstamp.ports import LINK_COLUMNS, Transaction
from modstamp.settings import Settings


def send(job: Job, source: Source) -> None:
    """Push one batch. Raises `LimitReachedError` and `LeaseLostError`; what was not sent stays pending.

    Records that another write had locked are tried again, without the others and from the first step on, as that write
    has changed them; those that are locked still stay pending (G18).
    """
    for wait in (*_lock_waits(job.environment.settings), None):
        locked = _send_once(job, source, tries_again=wait is not None)
        if not locked or wait is None:
            return
        time.sleep(wait)
        ids = column(source.records, Column.ID)
        source = source.pick(np.flatnonzero(np.isin(ids, locked)))


def _lock_waits(settings: Settings) -> list[float]:
    """Seconds. With jitter, so that two programs that met do not meet again."""
    first, dice = settings.lock_wait.total_seconds(), SystemRandom()
    return [first * 2**number * dice.uniform(0.5, 1.5) for number in range(settings.lock_tries)]


def _send_once(job: Job, source: Source, *, tries_again: bool) -> list[str]:
    """All four steps. Returns the ids of locked records."""
    started = time.monotonic()
    seen = _read(job.environment, source)
    read = (unseen(job.environment.mapping, each.columns) for each in (seen.records, seen.found))
    sight.remember(job.environment, [*job.context.hidden, *itertools.chain(*read)])
    sendings = land.twice(lambda: _intend(job, source, seen))
    return dispatch(job, sendings, started, tries_again=tries_again)


def preview(environment: Environment, source: Source, context: Context) -> Plan:
    """The plan of a batch, from a transaction that cannot write: the dry run."""
    seen = _read(environment, source)
    with environment.store.begin(read_only=True) as tx:
        surroundings = look.around(tx, environment, source, seen, context, lock=False)
        return plan(assemble(environment.mapping, Direction.PUSHING, source, surroundings), context)


def _read(environment: Environment, source: Source) -> look.Outside:
    """Step 1."""
    return look.outside(environment.connector, environment.store, environment.mapping, source)


def _intend(job: Job, source: Source, seen: look.Outside) -> list[Sending]:
    """Step 2: lock, plan, settle what needs no write, and store what will be sent."""
    with job.environment.store.begin() as tx:
        tx.leases.check(job.lease)
        planned = _plan(job, tx, source, seen)
        settling = Settling(job=job, tx=tx, plan=planned)
        writes = planned.writes | planned.rows(Kind.DELETE)
        calm = replace(planned, kinds=choose(writes, objects([Kind.AGAIN] * len(planned)), planned.kinds))
        link_ids = _save_links(settling, writes)
        quiet = replace(settling, plan=calm)
        settle.quarantine(quiet)
        leftovers.leave_work(replace(settling, plan=_without_again(planned, writes)), planned.batch.target_ids)
        leftovers.keep_missing(settling)
        journal.write_log(quiet, planned.batch.target_ids)
        journal.write_held(settling, planned.batch.target_ids)
        sendings = _sendings(job.environment, planned, link_ids, writes)
        open_intents(job, tx, sendings)
    return sendings


def _without_again(planned: Plan, writes: Mask) -> Plan:
    """For the pending list: rows that are about to be written keep their entry until the answer is there."""
    source = planned.batch.source
    counters, waits = choose(writes, None, source.counters), choose(writes, None, source.waits)
    return replace(planned, batch=replace(planned.batch, source=replace(source, counters=counters, waits=waits)))


def _answered_entries(planned: Plan) -> Objects:
    """Per row the counter of the entry that an answer ends.

    One of whose fields waits for a parent goes on: the next run finds only that field to do. Were it to wait from now
    on, a write that has to be repeated would wait for the parent too. What is flagged as canceled is deleted next.
    Refused, a write ends the entry in any case: quarantine has the record.
    """
    goes_on = planned.having(Cell.WAIT) | is_to_be_flagged(planned.batch)
    return choose(goes_on, objects([NO_ENTRY] * len(planned)), planned.batch.source.counters)


def _plan(job: Job, tx: Transaction, source: Source, seen: look.Outside) -> Plan:
    surroundings = look.around(tx, job.environment, source, seen, job.context, lock=True)
    batch = assemble(job.environment.mapping, Direction.PUSHING, source, surroundings)
    planned = plan(batch, job.context)
    moved = _moved(batch, seen) | _linked_elsewhere(tx, batch)
    reasons = {int(position): "it changed while this run was under way" for position in np.flatnonzero(moved)}
    return settle.refuse(planned, reasons, Kind.AGAIN)


def _moved(batch: Batch, seen: look.Outside) -> Mask:
    """Rows whose internal values, pending counter, link or match key are no longer those that step 1 went by (G18)."""
    mapping, source, now = batch.mapping, batch.source, batch.around.source_now
    ids = column(source.records, Column.ID)
    moved = differs(column(now, Column.STATE), column(source.records, Column.STATE))
    for name in mapping.field_names(Side.INTERNAL):
        # Of a value of which only a part counts, the whole is compared.
        known = whole(name) if whole(name) in source.records else name
        moved |= differs(column(now, name), column(source.records, known))
    moved |= differs(objects([batch.around.counters.get(each) for each in ids]), source.counters)
    external = column(batch.link, "external_id")
    not_read = np.fromiter((each is not None and each not in seen.asked_ids for each in external), bool, len(ids))
    keys = batch.around.keys
    not_sought = np.fromiter((key is not None and key not in seen.asked_keys for key in keys), bool, len(ids))
    return np.asarray(moved | not_read | (~batch.linked & not_sought))


def _linked_elsewhere(tx: Transaction, batch: Batch) -> Mask:
    """Rows that another mapping of the family linked before we locked them (G20)."""
    ids = column(batch.source.records, Column.ID)
    family = tx.links.in_family(batch.mapping, ids.tolist())
    theirs = set(column(family, "internal_id")[column(family, "mapping") != batch.mapping.name])
    return np.fromiter((each in theirs for each in ids), bool, len(ids))


def _save_links(settling: Settling, writes: Mask) -> Objects:
    """Links as far as looking settles them; a create gets a provisional link, exclusive in its family (G20)."""
    planned, tx, mapping = settling.plan, settling.tx, settling.mapping
    after = settle.links_after(planned, AT_REST, planned.batch.target_ids, settling.job.environment.mapping_hash)
    known = column(after, "link_id").copy()
    ended = planned.rows(Kind.BURY, Kind.RECREATE)
    if ended.any():
        tx.links.save(land.buried(planned, ended))
    kept = planned.rows(Kind.MERGE, Kind.REVIVE) & present(known)
    if kept.any():
        tx.links.save(after[kept].reset_index(drop=True))
    new = planned.rows(Kind.LINK)
    if new.any():
        known[new] = tx.links.add(mapping, after[new].reset_index(drop=True)[list(LINK_COLUMNS[1:])])
    created = planned.rows(Kind.CREATE) & writes
    if created.any():
        size = int(created.sum())
        rows = after[created].reset_index(drop=True)
        provisional = {**{name: column(rows, name) for name in LINK_COLUMNS[1:]}, "state": ["provisional"] * size}
        provisional |= {"external_id": [None] * size, "internal_base": [{}] * size, "external_base": [{}] * size}
        known[created] = tx.links.add(mapping, frame(provisional))
    return known


def _sendings(environment: Environment, planned: Plan, link_ids: Objects, writes: Mask) -> list[Sending]:
    """One per row that is to be written. Row by row: each has its own set of fields."""
    operations = {Kind.CREATE: Operation.CREATE, Kind.DELETE: Operation.DELETE}
    batch, result = planned.batch, []
    ids, counters, both = column(batch.source.records, Column.ID), _answered_entries(planned), planned.values_of_both
    carried, held, read, rules = _values(planned), _internal_values(planned), _read_values(planned), _rules(planned)
    parents = _parents(planned)
    for position in np.flatnonzero(writes):
        operation = operations.get(planned.kinds[position], Operation.UPDATE)
        target = None if operation is Operation.CREATE else batch.target_ids[position]
        values = {} if operation is Operation.DELETE else carried[position]
        if operation is Operation.CREATE:  # blanks are left out, so that the target's own defaults stand
            values = {name: value for name, value in values.items() if value is not None}
        own_key = _own_key(environment) if operation is Operation.CREATE else None
        action = Action(operation=operation, id=target, values=values, own_key=own_key, parents=parents[position])
        result.append(
            Sending(
                link_id=link_ids[position],
                internal_id=ids[position],
                counter=counters[position],
                entry=batch.source.counters[position],
                action=action,
                internal_values=held[position],
                read={name: read[name][position] for name in values},
                rules={name: rules[name][position] for name in values},
                match_key=batch.around.keys[position],
                values_of_both=both[position],
            )
        )
    return result


def _parents(planned: Plan) -> list[tuple[str, ...]]:
    """Per row the ids of the records that it names outside once it is written, in the order of the mapping's fields."""
    named = [row.external for row in planned.batch.mapping.fields if row.names_parent]
    columns = [choose(present(new), new, old) for new, old in (_before_and_after(planned, name) for name in named)]
    return [tuple(str(value or "") for value in row) for row in zip(*columns, strict=True)] or [()] * len(planned)


def _before_and_after(planned: Plan, name: str) -> tuple[Objects, Objects]:
    return column(planned.batch.source.converted, name), column(planned.batch.target, name)


def _own_key(environment: Environment) -> OwnKey | None:
    field = environment.mapping.own_key
    return OwnKey(field=field, value=environment.new_key()) if field else None


def _read_values(planned: Plan) -> dict[str, Objects]:
    """External field → what step 1 read of it, per row."""
    return {name: column(planned.batch.target, name) for name in planned.batch.mapping.field_names(Side.EXTERNAL)}


def _rules(planned: Plan) -> dict[str, Objects]:
    """External field → why it is written, per row."""
    fields = planned.batch.mapping.fields
    return {field.external: planned.told_rules(field.internal) for field in fields if field.internal in planned.rules}


def _internal_values(planned: Plan) -> list[dict[str, Value]]:
    """Per row internal field → value, for the fields that will be in step once it is written."""
    records, fieldwise = planned.batch.source.records, planned.rows(*FIELDWISE)
    absent = objects([ABSENT] * len(planned))
    held = {}
    for name, cells in planned.cells.items():
        in_step = (cells == Cell.WRITE) | ((cells == Cell.OWN) & ~fieldwise)
        held[name] = choose(in_step, column(records, name), absent)
    return collapse(held, len(planned))


def _values(planned: Plan) -> list[dict[str, Value]]:
    """Per row external field → value, for the fields that are to be written."""
    absent = objects([ABSENT] * len(planned))
    carried = {}
    for field in planned.batch.mapping.fields:
        if field.internal in planned.cells:
            write = planned.cells[field.internal] == Cell.WRITE
            carried[field.external] = choose(write, column(planned.batch.source.converted, field.external), absent)
    return collapse(carried, len(planned))
