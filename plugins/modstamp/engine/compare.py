"""One batch of records of one side against the other: which of them are out of step although nothing waits for it.

Judged by the same plan as a run, so that what the mapping does not let travel, what conditions keep apart and what a
person still has to decide is no finding. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from modstamp.engine import convert, look, send
from modstamp.engine.batch import assemble
from modstamp.engine.batch import versions as read_versions
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment
from modstamp.engine.findings import Finding, Found
from modstamp.engine.frames import Mask, Objects, column, fingerprints, objects, present
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan, plan
from modstamp.instants import epochs
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import Transaction

_UNSEEN = (Kind.CREATE, Kind.LINK, Kind.REVIVE, Kind.AMBIGUOUS, Kind.WAIT, Kind.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`link_ids`: of the rows that are linked, `hidden` those of them of which there is no trace outside.

    `days`: day of the external stamp → figures, as `findings.Day` has them.
    """

    findings: list[Finding]
    link_ids: list[int]
    hidden: list[int]
    days: dict[str, tuple[int, int, int, int]]


def outside(environment: Environment, records: pd.DataFrame, horizon: datetime | None) -> Compared:
    """External records against the links and the internal rows.

    Behind `horizon` the next poll reads everything again by itself: there, only versions that a poll has seen count.
    """
    mapping = environment.mapping
    context = _context(environment)
    source = convert.converted(environment, Direction.POLLING, records, objects([None] * len(records)), context.now)
    with environment.store.begin(read_only=True) as tx:
        surroundings = look.inside(tx, environment, source, context, lock=False)
        planned = plan(assemble(mapping, Direction.POLLING, source, surroundings), context)
        judged = ~_to_come(tx, planned, horizon) & ~planned.rows(Kind.AGAIN)
        counts = judged & ~_waits(tx, planned)
    linked = planned.batch.linked
    calm = linked & planned.rows(*FIELDWISE) & ~planned.having(Cell.WRITE, Cell.LEAVE, Cell.WAIT)
    found = [_finding(planned, int(position)) for position in np.flatnonzero(counts & ~calm)]
    return Compared(
        findings=[each for each in found if each is not None],
        link_ids=column(planned.batch.link, "link_id")[linked].tolist(),
        hidden=column(planned.batch.link, "link_id")[linked & judged & planned.rows(Kind.HIDDEN)].tolist(),
        days=_days(planned),
    )


def inside(environment: Environment, records: pd.DataFrame) -> list[Finding]:
    """Internal records that no mapping of the family has linked and that nothing waits for (G20)."""
    mapping = environment.mapping
    ids = column(records, Column.ID)
    with environment.store.begin(read_only=True) as tx:
        known = {*column(tx.links.in_family(mapping, ids.tolist()), "internal_id")}
        known |= _waiting(tx, mapping.name, Direction.PUSHING, ids)
    free = np.fromiter((each not in known for each in ids), bool, len(ids))
    if not free.any():
        return []
    rows = records[free].reset_index(drop=True)
    context = _context(environment)
    source = convert.converted(environment, Direction.PUSHING, rows, objects([None] * len(rows)), context.now)
    planned = send.preview(environment, source, context)
    unseen = planned.rows(*_UNSEEN)
    return [
        Finding(
            found=Found.NEVER_PUSHED,
            reason=_would(planned.kinds[position]),
            direction=Direction.PUSHING,
            internal_id=column(rows, Column.ID)[position],
        )
        for position in np.flatnonzero(unseen)
    ]


def _context(environment: Environment) -> Context:
    """Our look is later than every read that the links know of; of the same second it is as good."""
    return Context(same_read=True, now=environment.store.now())


def _finding(planned: Plan, position: int) -> Finding | None:
    """What one row is, that nothing waits for; None where it is in step, or may be as it is."""
    batch, kind = planned.batch, planned.kinds[position]
    external_id = column(batch.source.records, Column.ID)[position]
    if not batch.linked[position]:
        if kind not in _UNSEEN or not batch.mapping.polling.on:
            return None
        return Finding(
            found=Found.NEVER_SEEN,
            reason=_would(kind),
            direction=Direction.POLLING,
            internal_id=batch.target_ids[position],
            external_id=external_id,
        )
    internal_id = column(batch.link, "internal_id")[position]
    found, reason, direction = _of_linked(planned, position)
    if found is None:
        return None
    return Finding(found=found, reason=reason, direction=direction, internal_id=internal_id, external_id=external_id)


def _of_linked(planned: Plan, position: int) -> tuple[Found | None, str, Direction]:
    batch, kind = planned.batch, planned.kinds[position]
    mapping = batch.mapping
    here = Direction.POLLING if mapping.polling.on else Direction.PUSHING
    states = (column(batch.source.records, Column.STATE)[position], column(batch.target, Column.STATE)[position])
    if kind == Kind.HIDDEN:
        return Found.HIDDEN, "neither visible outside nor provably deleted", here
    if kind == Kind.MOVE:
        return Found.DRIFTED, "it became another record outside, and its link has not followed", here
    if states[0] == Presence.DELETED:
        return Found.DELETED_OUTSIDE, "deleted outside, and its link is still alive", here
    if states[1] == Presence.DELETED:
        direction = Direction.PUSHING if mapping.pushing.on else Direction.POLLING
        return Found.GONE_INSIDE, "the internal row is gone, and its link is still alive", direction
    return _drift(planned, position)


def _drift(planned: Plan, position: int) -> tuple[Found | None, str, Direction]:
    """Edits that a run would carry, in the direction of the one that may; both sides': a poll goes first."""
    kind, mapping = planned.kinds[position], planned.batch.mapping
    if kind == Kind.REJECTED and mapping.polling.on:
        return Found.DRIFTED, planned.reasons[position], Direction.POLLING
    inward = _fields(planned, position, Cell.WRITE, Cell.WAIT) if mapping.polling.on else []
    outward = _fields(planned, position, Cell.LEAVE) if mapping.pushing.on and mapping.outbound.update.on else []
    if kind not in FIELDWISE or not (inward or outward):
        return None, "", Direction.POLLING
    words = [f"{name} was edited outside" for name in inward] + [f"{name} was edited inside" for name in outward]
    return Found.DRIFTED, ", ".join(words), Direction.POLLING if inward else Direction.PUSHING


def _fields(planned: Plan, position: int, *wanted: Cell) -> list[str]:
    return [name for name, cells in planned.cells.items() if cells[position] in wanted]


def _would(kind: Kind) -> str:
    words = {
        Kind.LINK: "would be linked to its match",
        Kind.REVIVE: "would be linked again",
        Kind.AMBIGUOUS: "would be held: its match is not unique",
        Kind.WAIT: "would wait for its parent",
        Kind.REJECTED: "would be refused",
    }
    return words.get(kind, "would be created")


def _to_come(tx: Transaction, planned: Plan, horizon: datetime | None) -> Mask:
    """Rows that the next poll will read, in a version that none has read."""
    batch = planned.batch
    records = batch.source.records
    if horizon is None:
        return np.zeros(len(planned), dtype=bool)
    late = epochs(column(records, Column.STAMP)) > horizon.timestamp()
    ids = column(records, Column.ID)
    known = tx.links.last_reads(batch.mapping.name, ids[late].tolist())
    seen = set(zip(column(known, "external_id"), column(known, "stamp"), column(known, "hash"), strict=True))
    hashes = read_versions(records, batch.mapping, Side.EXTERNAL)
    rows = zip(ids, column(records, Column.STAMP), hashes, strict=True)
    return np.asarray(late & np.fromiter((row not in seen for row in rows), bool, len(ids)))


def _waits(tx: Transaction, planned: Plan) -> Mask:
    """Rows for which something waits already, on either side: an entry, or a place in quarantine."""
    name, result = planned.batch.mapping.name, np.zeros(len(planned), dtype=bool)
    internal = np.where(planned.batch.linked, column(planned.batch.link, "internal_id"), planned.batch.target_ids)
    sides = {Direction.POLLING: column(planned.batch.source.records, Column.ID), Direction.PUSHING: internal}
    for direction, ids in sides.items():
        waiting = _waiting(tx, name, direction, ids)
        result |= np.fromiter((each in waiting for each in ids), bool, len(ids))
    return result


def _waiting(tx: Transaction, mapping: str, direction: Direction, ids: Objects) -> set[str]:
    listed = ids[present(ids)].tolist()
    entries = tx.pending.lock(mapping, direction, listed, lock=False)
    held = tx.quarantine.waiting(mapping, direction, listed)
    return {*column(entries, "record_id"), *column(held, "record_id")}


def _days(planned: Plan) -> dict[str, tuple[int, int, int, int]]:
    """Day → external records, linked ones, and the sum of the hashes of either side's values of linked records."""
    batch = planned.batch
    records = batch.source.records
    there = column(records, Column.STATE) == Presence.FOUND
    linked = batch.linked & (column(batch.target, Column.STATE) == Presence.FOUND)
    names = [field.internal for field in batch.mapping.fields if field.internal in planned.cells]
    outer, inner = (
        [int(each, 16) for each in fingerprints(side, names)] for side in (batch.source.converted, batch.target)
    )
    stamps = column(records, Column.STAMP)
    result: dict[str, tuple[int, int, int, int]] = {}
    for position in np.flatnonzero(there):
        day, counts = str(stamps[position] or "")[:10], bool(linked[position])
        found, both, outside_sum, inside_sum = result.get(day, (0, 0, 0, 0))
        hashes = (outer[position], inner[position]) if counts else (0, 0)
        result[day] = (found + 1, both + counts, outside_sum + hashes[0], inside_sum + hashes[1])
    return result
