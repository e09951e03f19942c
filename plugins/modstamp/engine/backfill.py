"""Backfill: the history of a mapping with `backfill`, fed to ordinary pushing runs portion by portion.

What was fed is not written down anywhere: a record that the mapping has linked, that is pending or that waits in
quarantine is left out, and what conditions withhold is never fed. So a backfill that was killed leaves pending entries
at most, and the next try goes on with the rest; a second one finds nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from modstamp import instants
from modstamp.engine import convert, look
from modstamp.engine.batch import Source
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Objects, choose, column, frame, left_over, objects, present
from modstamp.engine.stretches import Page, Stretch, pages
from modstamp.errors import RunHeldError
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation, Side
from modstamp.ports import Hold, Lease, Transaction

REASON = "backfill"
_ASSUMED = 200.0  # records per second, of a mapping that has never pushed enough to be measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a stretch will take; `creates` is an upper bound, as some may exist on the other side already.

    `due`: records that are to be looked at there. `stays`: why the others are not → records. `waits`: of those that are
    due, what cannot be created yet, and why. `measured`: `minutes` go by earlier runs.
    """

    stretch: Stretch
    rows: int = 0
    due: int = 0
    creates: int = 0
    stays: Mapping[str, int] = field(default_factory=dict)
    waits: Mapping[str, int] = field(default_factory=dict)
    finds: int = 0
    writes: int = 0
    minutes: float = 0.0
    measured: bool = False

    @property
    def calls(self) -> int:
        """What each create left is read in a call of its own (G19)."""
        return self.finds + 2 * self.writes

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        ends = {"since": instants.to_text(self.stretch.since), "until": instants.to_text(self.stretch.until)}
        return {
            **ends,
            **{name: value for name, value in asdict(self).items() if name != "stretch"},
            "calls": self.calls,
        }


def estimate(environment: Environment, stretch: Stretch) -> Estimate:
    """Nothing is written, and nothing asked of the other system beyond how its type looks."""
    rows, stays, waits = 0, Counter[str](), Counter[str]()
    due = creates = 0
    keys = [look.fields_of(environment.mapping, key) for key in environment.mapping.match_keys]
    sought: list[list[pd.DataFrame]] = []
    for page in pages(environment, stretch, None):
        rows += len(page.ids)
        stays.update(page.stays[present(page.stays)])
        if not page.due.any():
            continue
        source = _as_sent(environment, page)
        hindrances = _hindrances(source)
        waits.update(hindrances[present(hindrances)])
        due += len(source)
        creates += int((~present(hindrances)).sum())
        sought.append([look.rows_sought(source.converted, names) for names in keys])
    with environment.store.begin(read_only=True) as tx:
        speed = tx.runs.rows_per_second(environment.mapping.name, Direction.PUSHING)
    return Estimate(
        stretch=stretch,
        rows=rows,
        due=due,
        creates=creates,
        stays=dict(stays),
        waits=dict(waits),
        finds=_finds(environment, sought),
        writes=-(-creates // min(environment.connector.abilities().most_creates, environment.settings.backfill_rows)),
        minutes=due / (speed or _ASSUMED) / 60,
        measured=speed is not None,
    )


def feed(
    environment: Environment, lease: Lease, stretch: Stretch, after: str | None, room: int
) -> tuple[int, str | None]:
    """Queue the next records of a stretch behind this id, `room` of them at most; returns how many, and the last id.

    The lease is that of the run which is to push them, so that no other run takes them before. Raises `LeaseLostError`.
    """
    fed = 0
    for page in pages(environment, stretch, after) if room else ():
        chosen = page.ids[page.due][: room - fed].tolist()
        with environment.store.begin() as tx:
            tx.leases.check(lease)
            tx.pending.leave(environment.mapping.name, Direction.PUSHING, left_over(chosen, REASON))
        fed += len(chosen)
        if fed == room:
            return fed, chosen[-1]
        after = page.ids[-1]
    return fed, after


def more(environment: Environment, stretch: Stretch, after: str | None) -> bool:
    """Whether records behind this id are due."""
    return any(page.due.any() for page in pages(environment, stretch, after))


def allow(environment: Environment, lease: Lease, records: int, who: str, prefix: str) -> None:
    """Let the run that holds the lease create, or bring up to date, so many: that is what was approved (G28).

    Raises `RunHeldError` while the question of a run that is no backfill's waits, or its approval has not been used;
    a backfill's runs are told by the `prefix` of their ids.
    """
    name, now = environment.mapping.name, environment.store.now()
    with environment.store.begin() as tx:
        tx.leases.check(lease)
        known = tx.holds.get(name, Direction.PUSHING)
        if known is not None and not (known.decision == "approved" and known.run_id.startswith(prefix)):
            raise RunHeldError(f"live work comes first: {known.message}{_answer_to(known)}")
        hold = Hold(
            mapping=name,
            direction=Direction.PUSHING,
            run_id=lease.holder,
            message=f"a backfill of {records} records",
            counts={str(Operation.CREATE): records, str(Operation.UPDATE): records},
            asked_at=now,
            counted_at=now,
            decision="approved",
            decided_by=who,
            decided_at=now,
        )
        tx.holds.put(hold)


def _answer_to(hold: Hold) -> str:
    return f" ({hold.decision} by {hold.decided_by}; its next push goes by that)" if hold.decision else ""


def end(environment: Environment, run_id: str) -> None:
    """What this run was allowed is allowed no longer."""
    name = environment.mapping.name
    with environment.store.begin() as tx:
        known = tx.holds.get(name, Direction.PUSHING)
        if known is not None and known.run_id == run_id and known.decision == "approved":
            tx.holds.drop(name, Direction.PUSHING)


def waiting(environment: Environment) -> frozenset[str]:
    """The records that were fed and have not been pushed."""
    with environment.store.begin(read_only=True) as tx:
        return frozenset(column(_fed(tx, environment.mapping), "record_id"))


def withdraw(environment: Environment) -> None:
    """Take back what was fed and has not been pushed: it shall not use up what is left to live work (G27)."""
    with environment.store.begin() as tx:
        tx.pending.drop(environment.mapping.name, Direction.PUSHING, _fed(tx, environment.mapping))


def _fed(tx: Transaction, mapping: TypeMapping) -> pd.DataFrame:
    """Entries that nobody has touched since. One with a link is being created: that goes on whoever comes (G21)."""
    entries = tx.pending.due(mapping.name, Direction.PUSHING, None)
    own = (column(entries, "reason") == REASON) & (column(entries, "counter") == 1)
    linked = set(column(tx.links.in_family(mapping, column(entries, "record_id")[own].tolist()), "internal_id"))
    own &= np.fromiter((each not in linked for each in column(entries, "record_id")), bool, len(entries))
    return frame({name: column(entries, name)[own] for name in ("record_id", "counter")})


def _as_sent(environment: Environment, page: Page) -> Source:
    """What is due, with the values that would be sent."""
    records = page.records[page.due].reset_index(drop=True)
    nothing, now = objects([None] * len(records)), environment.store.now()
    return convert.converted(environment, Direction.PUSHING, records, nothing, now)


def _hindrances(source: Source) -> Objects:
    """Per row why it cannot be created now, None where it can. Waiting is told by type, not by record."""
    parents = [sorted({each.partition(":")[0] for each in (waits or {}).values()}) for waits in source.waits]
    waits = objects([f"waits for its {', '.join(kinds)}" if kinds else None for kinds in parents])
    words = objects([reason and reason.partition(":")[0] for reason in source.rejected])
    return choose(present(waits), waits, words)


def _finds(environment: Environment, pages_of_keys: Sequence[Sequence[pd.DataFrame]]) -> int:
    """Calls that look for matches, portion by portion: of several keys each, as if those before it found nothing."""
    mapping, size, calls = environment.mapping, environment.settings.backfill_rows, 0
    fields = mapping.field_names(Side.EXTERNAL)
    for frames in zip(*pages_of_keys, strict=True):
        keys = pd.concat(frames, ignore_index=True)
        portions = (keys[start : start + size] for start in range(0, len(keys), size))
        calls += sum(environment.connector.calls_to_find(mapping.external_type, fields, each) for each in portions)
    return calls
