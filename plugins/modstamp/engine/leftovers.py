"""What a run saw and may not do itself, or not yet: pending entries for the next run, or for the other direction."""

from __future__ import annotations

import numpy as np

from modstamp.engine.frames import Mask, Objects, column, frame, left_over, objects, present
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.partial import HOPES, MISSING, loads
from modstamp.engine.permit import DELETES_LAST
from modstamp.engine.plan import Plan
from modstamp.engine.settle import Settling
from modstamp.model import Direction


def leave_work(settling: Settling, target_ids: Objects) -> None:
    """Store what this run saw and may not do itself (G6, G16), and drop the entries of rows that are done with."""
    plan, tx, mapping, direction = settling.plan, settling.tx, settling.mapping, settling.direction
    again = plan.rows(Kind.AGAIN, Kind.RECREATE)
    hidden = plan.rows(Kind.HIDDEN) & present(plan.batch.source.counters)
    waiting = _waits(plan)
    hopeful = plan.rows(Kind.WAIT) & ~present(waiting)
    _leave_again(settling, again)
    _leave_hidden(settling, hidden)
    _leave_hopeful(settling, hopeful)
    waits = present(waiting) & ~again
    if waits.any():
        reasons = objects([f"waits for {each}" for each in waiting[waits]])
        entries = frame({"record_id": settling.source_ids[waits], "reason": reasons, "waits_for": waiting[waits]})
        tx.pending.leave(mapping.name, direction, entries)
        settling.job.tally.add("waiting", int(waits.sum()))
    done = ~again & ~waits & ~hidden & ~hopeful & present(plan.batch.source.counters)
    if done.any():
        entries = frame({"record_id": settling.source_ids[done], "counter": plan.batch.source.counters[done]})
        tx.pending.drop(mapping.name, direction, entries)
    _leave_for_other(settling, target_ids)


def _leave_again(settling: Settling, again: Mask) -> None:
    """A poll's row goes on the re-read list; a push's entry simply stays (its counter has not been dropped)."""
    plan = settling.plan
    if again.any() and settling.direction is Direction.POLLING:
        entries = left_over(settling.source_ids[again], plan.reasons[again])
        settling.tx.pending.leave(settling.mapping.name, Direction.POLLING, entries)
    settling.job.tally.add("again", int((plan.rows(Kind.AGAIN) & (plan.reasons != DELETES_LAST)).sum()))


def _leave_hidden(settling: Settling, hidden: Mask) -> None:
    """A record that is shown again has no new stamp, so the work waits; ever longer, as it may never be shown (G12)."""
    if hidden.any():
        settings = settling.job.environment.settings
        entries = frame({"record_id": settling.source_ids[hidden], "reason": settling.plan.reasons[hidden]})
        waits = (settings.hidden_wait, settings.longest_hidden_wait)
        settling.tx.pending.postpone(settling.mapping.name, settling.direction, entries, *waits)


def _leave_hopeful(settling: Settling, hopeful: Mask) -> None:
    """Whose people are being created: due again once they are, or after a while; their own mappings are asked (G20)."""
    if not hopeful.any():
        return
    tx, plan, wait = settling.tx, settling.plan, settling.job.environment.settings.attendee_wait
    entries = frame({"record_id": settling.source_ids[hopeful], "reason": plan.reasons[hopeful]})
    tx.pending.postpone(settling.mapping.name, settling.direction, entries, wait, wait)
    settling.job.tally.add("waiting", int(hopeful.sum()))
    asked: dict[str, set[str]] = {}
    for text in column(plan.batch.source.records, HOPES)[hopeful]:
        for awaited, maker in loads(text).items():
            asked.setdefault(maker, set()).add(awaited.partition(":")[2])
    for maker, ids in sorted(asked.items()):
        known = set(column(tx.pending.lock(maker, Direction.PUSHING, sorted(ids), lock=False), "record_id"))
        if new := sorted(ids - known):
            tx.pending.leave(maker, Direction.PUSHING, left_over(new, "another record names it"))


def keep_missing(settling: Settling) -> None:
    """What the rows are sent without, so that they are looked at again once it is linked. Of a push."""
    plan = settling.plan
    if MISSING not in plan.batch.source.records:
        return
    missing = column(plan.batch.source.records, MISSING)
    concerned = plan.rows(*FIELDWISE, Kind.CREATE, Kind.WAIT)
    rows = np.flatnonzero(~plan.rows(Kind.AGAIN))
    found = {settling.source_ids[each]: list(loads(missing[each])) if concerned[each] else [] for each in rows}
    settling.tx.missing.keep(settling.mapping.name, found)


def _waits(plan: Plan) -> Objects:
    """Per row the first parent that it waits for, None where it waits for nothing."""
    concerned = plan.rows(Kind.WAIT) | plan.having(Cell.WAIT)
    waits = zip(plan.batch.source.waits, concerned, strict=True)
    return objects([min(parents.values()) if parents and row else None for parents, row in waits])


def _leave_for_other(settling: Settling, target_ids: Objects) -> None:
    plan, mapping, other = settling.plan, settling.mapping, settling.direction.other
    left = plan.rows(Kind.LEAVE)
    if mapping.toggles(other).update.on:
        left |= plan.rows(*FIELDWISE) & plan.having(Cell.LEAVE)
    left &= present(target_ids)
    if not left.any() or not mapping.is_on(other):
        return
    known = settling.tx.quarantine.waiting(mapping.name, other, target_ids[left].tolist())
    tried = {
        record: (detail or {}).get("values")
        for record, detail in zip(column(known, "record_id"), column(known, "detail"), strict=True)
    }
    both = plan.values_of_both
    left &= np.fromiter(
        (tried.get(record) != values for record, values in zip(target_ids, both, strict=True)), bool, len(left)
    )
    usual = f"seen by {settling.direction}: the other side has the newer value"
    reasons = [reason or usual for reason in plan.reasons[left]]
    settling.tx.pending.leave(mapping.name, other, left_over(target_ids[left], reasons))
    settling.job.tally.add("left over", int(left.sum()))
