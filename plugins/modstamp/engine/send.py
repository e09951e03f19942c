"""Loading outside, in four steps (G18): read the records now, store the intent, send and read back, settle the answers.

A crash between any two of them leaves an open intent, and `recover` runs before the mapping does anything else.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from modstamp.engine import journal, land, look, settle
from modstamp.engine.answers import Answer, Ledger, settle_answers
from modstamp.engine.batch import Batch, Source, assemble
from modstamp.engine.context import Context
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
    positions_of,
    present,
)
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan, plan
from modstamp.engine.settle import AT_REST, Settling
from modstamp.errors import LimitReachedError
from modstamp.model import Action, Column, Direction, Operation, Outcome, OwnKey, Side, Value, Values
from modstamp.ports import LINK_COLUMNS, Transaction

_NO_ENTRY = 0  # counters begin at 1, so that this one ends no entry
_ORDER = (Operation.UPDATE, Operation.CREATE, Operation.DELETE)  # G24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One intended write: the row of the batch, its link, the action, and what is to become the internal base."""

    position: int
    link_id: int
    action: Action
    internal_values: Values


def send(job: Job, source: Source) -> None:
    """Push one batch. Raises `LimitReachedError` and `LeaseLostError`; what was not sent stays pending."""
    started = time.monotonic()
    environment = job.environment
    seen = _read(environment, source)
    planned, sendings = _intend(job, source, seen)
    deadline = started + environment.settings.send_deadline.total_seconds()
    chunks = _chunks(sendings, environment.connector.abilities().batch_size)
    for number, chunk in enumerate(chunks):
        try:
            _send_chunk(job, planned, chunk, deadline)
        except LimitReachedError:
            _withdraw(job, [each for rest in chunks[number:] for each in rest])
            raise


def _chunks(sendings: Sequence[Sending], size: int) -> list[list[Sending]]:
    """One call's worth each, one operation each, in the order of G24."""
    by_operation = [[each for each in sendings if each.action.operation is operation] for operation in _ORDER]
    return [chosen[start : start + size] for chosen in by_operation for start in range(0, len(chosen), size)]


def preview(environment: Environment, source: Source, context: Context) -> Plan:
    """The plan of a batch, from a transaction that cannot write: the dry run."""
    seen = _read(environment, source)
    with environment.store.begin(read_only=True) as tx:
        surroundings = look.around(tx, environment.mapping, source, seen, lock=False)
        return plan(assemble(environment.mapping, Direction.PUSHING, source, surroundings), context)


def _read(environment: Environment, source: Source) -> look.Outside:
    """Step 1."""
    with environment.store.begin(read_only=True) as tx:
        return look.outside(environment.connector, tx, environment.mapping, source)


def _intend(job: Job, source: Source, seen: look.Outside) -> tuple[Plan, list[Sending]]:
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
        settle.leave_work(replace(settling, plan=_without_again(planned, writes)), planned.batch.target_ids)
        journal.write_log(quiet, planned.batch.target_ids)
        journal.write_held(settling, planned.batch.target_ids)
        sendings = _sendings(job.environment, planned, link_ids, writes)
        _open_intents(settling, sendings)
    return planned, sendings


def _without_again(planned: Plan, writes: Mask) -> Plan:
    """For the pending list: rows that are about to be written keep their entry until the answer is there."""
    source = planned.batch.source
    counters, waits = choose(writes, None, source.counters), choose(writes, None, source.waits)
    return replace(planned, batch=replace(planned.batch, source=replace(source, counters=counters, waits=waits)))


def _answered_entries(planned: Plan) -> Objects:
    """Per row the counter of the entry that an answer ends.

    One of whose fields waits for a parent goes on: the next run finds only that field to do. Were it to wait from now
    on, a write that has to be repeated would wait for the parent too.
    """
    return choose(planned.having(Cell.WAIT), objects([_NO_ENTRY] * len(planned)), planned.batch.source.counters)


def _plan(job: Job, tx: Transaction, source: Source, seen: look.Outside) -> Plan:
    mapping = job.environment.mapping
    surroundings = look.around(tx, mapping, source, seen, lock=True)
    batch = assemble(mapping, Direction.PUSHING, source, surroundings)
    planned = plan(batch, job.context)
    moved = _moved(tx, batch, seen)
    reasons = {int(position): "it changed while this run was under way" for position in np.flatnonzero(moved)}
    return settle.refuse(planned, reasons, Kind.AGAIN)


def _moved(tx: Transaction, batch: Batch, seen: look.Outside) -> Mask:
    """Rows whose internal values, pending counter, link or match key are no longer those that step 1 went by (G18)."""
    mapping, source, now = batch.mapping, batch.source, batch.around.source_now
    ids = column(source.records, Column.ID)
    moved = differs(column(now, Column.STATE), column(source.records, Column.STATE))
    for name in mapping.field_names(Side.INTERNAL):
        moved |= differs(column(now, name), column(source.records, name))
    entries = tx.pending.lock(mapping.name, Direction.PUSHING, ids.tolist())
    counters = _at(column(entries, "record_id"), column(entries, "counter"), ids)
    moved |= differs(counters, source.counters)
    external = column(batch.link, "external_id")
    not_read = np.fromiter((each is not None and each not in seen.asked_ids for each in external), bool, len(ids))
    keys = batch.around.keys
    not_sought = np.fromiter((key is not None and key not in seen.asked_keys for key in keys), bool, len(ids))
    return np.asarray(moved | not_read | (~batch.linked & not_sought))


def _at(keys: Objects, values: Objects, wanted: Objects) -> Objects:
    where = positions_of(wanted, keys)
    return objects([values[each] if each >= 0 else None for each in where])


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
    carried, held = _values(planned), _internal_values(planned)
    for position in np.flatnonzero(writes):
        operation = operations.get(planned.kinds[position], Operation.UPDATE)
        target = None if operation is Operation.CREATE else batch.target_ids[position]
        values = {} if operation is Operation.DELETE else carried[position]
        if operation is Operation.CREATE:  # blanks are left out, so that the target's own defaults stand
            values = {name: value for name, value in values.items() if value is not None}
        own_key = _own_key(environment) if operation is Operation.CREATE else None
        action = Action(operation=operation, id=target, values=values, own_key=own_key)
        result.append(
            Sending(position=int(position), link_id=link_ids[position], action=action, internal_values=held[position])
        )
    return result


def _own_key(environment: Environment) -> OwnKey | None:
    field = environment.mapping.own_key
    return OwnKey(field=field, value=environment.new_key()) if field else None


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


def _open_intents(settling: Settling, sendings: Sequence[Sending]) -> None:
    if not sendings:
        return
    environment, batch = settling.job.environment, settling.plan.batch
    now = environment.store.now()
    external = batch.mapping.field_names(Side.EXTERNAL)
    read = {name: column(batch.target, name) for name in external}
    ids, counters = settling.source_ids, _answered_entries(settling.plan)
    settling.tx.intents.open(
        frame(
            {
                "mapping": [batch.mapping.name] * len(sendings),
                "link_id": [each.link_id for each in sendings],
                "internal_id": [ids[each.position] for each in sendings],
                "external_id": [each.action.id for each in sendings],
                "operation": [str(each.action.operation) for each in sendings],
                "sent": [dict(each.action.values) for each in sendings],
                "read": [{name: read[name][each.position] for name in each.action.values} for each in sendings],
                "internal_values": [dict(each.internal_values) for each in sendings],
                "match_key": [batch.around.keys[each.position] for each in sendings],
                "key_field": [each.action.own_key and each.action.own_key.field for each in sendings],
                "key_value": [each.action.own_key and each.action.own_key.value for each in sendings],
                "counter": [counters[each.position] for each in sendings],
                "run_id": [settling.job.run_id] * len(sendings),
                "created_at": [now] * len(sendings),
                "began_at": [environment.connector.now()] * len(sendings),
                "recover_after": [now + _wait(environment, each.action.operation) for each in sendings],
                "job_id": [None] * len(sendings),
            }
        )
    )


def _wait(environment: Environment, operation: Operation) -> timedelta:
    """Until then the server may commit what is sent now; what it creates may be visible late besides (G21)."""
    return environment.settings.answer_wait(creates=operation is Operation.CREATE)


def _send_chunk(job: Job, planned: Plan, chunk: Sequence[Sending], deadline: float) -> None:
    """Steps 3 and 4 for one call's worth of actions."""
    environment = job.environment
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
    if time.monotonic() > deadline:  # looked at last: the check before it may have waited for a lock
        _withdraw(job, chunk)
        return
    mapping = environment.mapping
    fields = mapping.field_names(Side.EXTERNAL)
    outcomes = environment.connector.push(mapping.external_type, [each.action for each in chunk], fields)
    answered_at = environment.connector.now()
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        settle_answers(Ledger(job=job, tx=tx), _answers(planned, chunk, outcomes, answered_at))


def _answers(
    planned: Plan, chunk: Sequence[Sending], outcomes: Sequence[Outcome], answered_at: datetime
) -> list[Answer]:
    batch = planned.batch
    ids, values = column(batch.source.records, Column.ID), planned.values_of_both
    counters = _answered_entries(planned)
    return [
        Answer(
            link_id=each.link_id,
            internal_id=ids[each.position],
            counter=counters[each.position],
            action=each.action,
            internal_values=each.internal_values,
            values_of_both=values[each.position],
            old={name: column(batch.target, name)[each.position] for name in each.action.values},
            rules={
                field.external: planned.rules[field.internal][each.position]
                for field in batch.mapping.fields
                if field.external in each.action.values
            },
            outcome=outcome,
            answered_at=answered_at,
        )
        for each, outcome in zip(chunk, outcomes, strict=True)
    ]


def _withdraw(job: Job, chunk: Sequence[Sending]) -> None:
    """Nothing of these left the house (deadline, budget), so their intents can simply go (G18, G27)."""
    with job.environment.store.begin() as tx:
        tx.leases.check(job.lease)
        tx.links.discard([each.link_id for each in chunk if each.action.operation is Operation.CREATE])
        tx.intents.close([each.link_id for each in chunk])
