"""What the internal database does by itself when a poll writes: work for the push (G5).

Defaults and triggers of its own may change fields of the row that were not written. Nobody else would tell: the change
belongs to the writer's own statement, of which the writer's push hears nothing. Other rows that its triggers change are
captured like anybody's edit.
"""

from __future__ import annotations

import numpy as np

from modstamp.engine.frames import Mask, Objects, column, differs, left_over
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan
from modstamp.engine.settle import Settling
from modstamp.model import Direction


def leave(settling: Settling, target_ids: Objects) -> None:
    """Pushing entries for rows that show something else now in a field that this poll did not write."""
    if not settling.mapping.is_on(Direction.PUSHING):
        return
    changed = _changed(settling.plan)
    if changed.any():
        entries = left_over(target_ids[changed], "the database itself changed it when it was written")
        settling.tx.pending.leave(settling.mapping.name, Direction.PUSHING, entries)
        settling.job.tally.add("left over", len(entries))


def _changed(plan: Plan) -> Mask:
    """Written rows with a field that may be sent, was not written, and is not what it was before.

    A field that was written shows what the database made of the value, and that is its base (G9).
    """
    result = np.zeros(len(plan), dtype=bool)
    if plan.shown is None:
        return result
    for field in plan.batch.mapping.fields:
        if field.travels(Direction.PUSHING):
            written = plan.cells.get(field.internal, np.full(len(plan), Cell.SAME)) == Cell.WRITE
            before, after = column(plan.batch.target, field.internal), column(plan.shown, field.internal)
            result |= differs(before, after) & ~written
    return np.asarray(result & plan.writes)
