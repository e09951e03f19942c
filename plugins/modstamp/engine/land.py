"""Loading inside: one transaction per batch locks, plans, and writes rows, links, bases, history and log (G17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from modstamp.engine import journal, leftovers, look, moves, reactions, settle, writing
from modstamp.engine.batch import Source, assemble
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import Mask, Objects, column, frame, present, take
from modstamp.engine.judge import Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan, plan
from modstamp.engine.settle import AT_REST, Settling
from modstamp.errors import RejectedRecordError, RetryableError
from modstamp.model import Column, Direction, Side
from modstamp.ports import LINK_COLUMNS, Transaction

_T = TypeVar("_T")
_LANDED = (*AT_REST, Cell.WRITE)


def twice(work: Callable[[], _T]) -> _T:
    """Carry a transaction out, once more if another one linked one of its records meanwhile.

    That one has committed by then, so that the second plan sees its link (G20). Raises `RetryableError` when it happens
    again.
    """
    try:
        return work()
    except RejectedRecordError:
        try:
            return work()
        except RejectedRecordError as error:
            raise RetryableError(f"other runs keep linking the same records: {error.reason}") from error


def preview(environment: Environment, source: Source, context: Context) -> Plan:
    """The plan of a batch from a transaction that cannot write: the dry run."""
    with environment.store.begin(read_only=True) as tx:
        surroundings = look.inside(tx, environment, source, context, lock=False)
        return plan(assemble(environment.mapping, Direction.POLLING, source, surroundings), context)


def land(job: Job, tx: Transaction, source: Source) -> Plan:
    """Plan and write one batch inside the caller's transaction. Returns the plan as it was carried out."""
    mapping = job.environment.mapping
    surroundings = look.inside(tx, job.environment, source, job.context, lock=True)
    planned = plan(assemble(mapping, Direction.POLLING, source, surroundings), job.context)
    target_ids = planned.batch.target_ids.copy()
    planned = writing.carry_out(tx, planned, target_ids)
    planned = _read_back(tx, planned, target_ids)
    settling = moves.relink(Settling(job=job, tx=tx, plan=planned))
    planned = settling.plan
    link_ids = _save_links(settling, target_ids)
    journal.write_history(settling, link_ids, planned.writes)
    leftovers.leave_work(settling, target_ids)
    reactions.leave(settling, target_ids)
    settle.quarantine(settling)
    journal.write_log(settling, target_ids)
    journal.write_held(settling, target_ids)
    return planned


def _read_back(tx: Transaction, planned: Plan, target_ids: Objects) -> Plan:
    """What the database made of the values: defaults, rounding, triggers of its own (G9)."""
    wrote = planned.writes
    if not wrote.any():
        return planned
    mapping = planned.batch.mapping
    records = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), target_ids[wrote].tolist())
    return replace(planned, shown=take(records, np.where(wrote, np.cumsum(wrote) - 1, -1)))


def _save_links(settling: Settling, target_ids: Objects) -> Objects:
    """Links as they are after the batch; returns the link id of every row that has one."""
    planned, tx, mapping = settling.plan, settling.tx, settling.mapping
    after = settle.links_after(planned, _LANDED, target_ids, settling.job.environment.mapping_hash)
    known = column(after, "link_id").copy()
    _bury(settling, planned.rows(Kind.BURY, Kind.DELETE, Kind.RECREATE))
    kept = (planned.rows(Kind.MERGE, Kind.REVIVE) | _read_only(planned)) & present(known)
    if kept.any():
        tx.links.save(after[kept].reset_index(drop=True))
    new = planned.rows(Kind.LINK, Kind.CREATE)
    if new.any():
        rows = after[new].reset_index(drop=True)
        known[new] = tx.links.add(mapping, rows[[name for name in LINK_COLUMNS if name != "link_id"]])
        chosen = new & planned.batch.new
        tx.choices.drop(mapping.name, Direction.POLLING, settling.source_ids[chosen].tolist())
    return known


def _read_only(planned: Plan) -> Mask:
    """Linked rows that were only looked at (refused, or left over): their read is noted, their bases stay."""
    return planned.batch.linked & planned.rows(Kind.REJECTED, Kind.LEAVE, Kind.NOTHING)


def _bury(settling: Settling, rows: Mask) -> None:
    """Links whose record is gone on one side become tombstones (G13)."""
    if rows.any():
        settling.tx.links.save(buried(settling.plan, rows))


def buried(planned: Plan, rows: Mask) -> pd.DataFrame:
    """The links of these rows as tombstones; what was a tombstone already is one of both sides now."""
    batch = planned.batch
    source_gone = column(batch.source.records, Column.STATE) == "deleted"
    target_gone = column(batch.target, Column.STATE) == "deleted"
    target_gone |= planned.rows(Kind.DELETE) | ~batch.linked
    source, target = batch.direction.source, batch.direction.target
    side = np.where(source_gone & target_gone, "both", np.where(source_gone, str(source), str(target)))
    known = {name: np.where(batch.linked, column(batch.link, name), column(batch.grave, name)) for name in LINK_COLUMNS}
    # Rows of the record that were read before it was found deleted are older than its end (G17).
    read_at = settle.later(column(batch.external, Column.READ_AT), known["read_at"])
    changes = {"state": ["tombstone"] * len(planned), "deleted_side": side, "read_at": read_at}
    return frame({**known, **changes})[rows].reset_index(drop=True)
