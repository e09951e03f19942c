"""How much is done: records by operation, of a plan, of a run, and of a window that takes several runs (G28)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from modstamp.engine.judge import Kind
from modstamp.engine.plan import GONE, Plan
from modstamp.model import Operation

EMPTIED = "emptied"  # linked records that were found deleted, whatever follows from that

Amounts = Mapping[str, int]


def planned(counts: Mapping[str, int]) -> dict[str, int]:
    """Of plans that are still to be carried out; `counts`: see `Plan.counts`."""
    return {
        Operation.CREATE: counts.get(Kind.CREATE, 0) + counts.get(Kind.RECREATE, 0),
        Operation.UPDATE: counts.get("update", 0),
        Operation.DELETE: counts.get(Kind.DELETE, 0),
        EMPTIED: counts.get(GONE, 0),
    }


def with_done(before: Amounts, plan: Plan) -> dict[str, int]:
    """Plus a plan that was carried out. What is made again is counted when it is made."""
    done = plan.counts()
    done.pop(Kind.RECREATE, None)
    total = Counter(dict(before))
    total.update({str(kind): records for kind, records in planned(done).items()})
    return {kind: records for kind, records in total.items() if records}
