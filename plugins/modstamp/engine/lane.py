"""The lane in which history goes out: portions of a stretch, each pushed by an ordinary run (G22, G27, G28).

A portion is queued under the lease of the run that pushes it, so that live runs find nothing of it. Whatever waits when
that run begins goes with it, older edits first; between two runs the lease is free.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from modstamp.engine import backfill
from modstamp.engine.environment import Environment
from modstamp.engine.handoff import Summary
from modstamp.engine.stretches import Stretch
from modstamp.errors import LeaseHeldError, LimitReachedError, ModstampError, RunHeldError
from modstamp.model import Direction
from modstamp.ports import Lease

Cause = Literal["limit", "held", "stuck", "more"]

_LOOKS_AGAIN = 1.0  # seconds, while another run has the lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a backfill has come.

    `due`: so many records were approved. `fed`: queued so far, up to the id `after`; `through`: there are no more.
    `counts`: of its runs, which carry live work too. `stopped`: why it goes no further now, in words, and `cause`: a
    limit was reached, a run was held, nothing could be sent, or more is due than was approved. `done`: nothing is left
    to it; what cannot go yet waits as it would after any run.
    """

    due: int
    fed: int = 0
    after: str | None = None
    through: bool = False
    runs: int = 0
    calls: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""
    cause: Cause | None = None
    done: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(slots=True, kw_only=True)
class Lane:
    """One try. `who` approved it; `push` makes a whole run of this id, and `prefix` begins the ids of all its runs.

    What waits is only looked at under the lease: several lanes may be at work, and other runs between two portions.
    """

    environment: Environment
    stretch: Stretch
    who: str
    prefix: str
    push: Callable[[str], Summary]
    _last: frozenset[str] = frozenset()  # what the portion before had queued

    def portions(self, progress: Progress, told: Callable[[Progress], None]) -> Progress:
        """All of them; `told` hears of each. Raises `LeaseHeldError` when another run stays at work."""
        while not (progress.done or progress.stopped):
            runs, progress = progress.runs, self._portion(progress)
            if progress.runs > runs:
                told(progress)
        return progress

    def _portion(self, progress: Progress) -> Progress:
        environment, run_id = self.environment, f"{self.prefix}{uuid.uuid4().hex[:12]}"
        lease = self._lease(run_id)
        try:
            waiting = backfill.waiting(environment)
            if self._last and self._last <= waiting:
                return self._given_up(lease, progress, _stuck(len(self._last)), "stuck")
            progress = self._feed(lease, progress, len(waiting))
            self._last = backfill.waiting(environment)
            if not self._last:
                environment.store.give_back(lease)
                return replace(progress, done=True) if progress.through else _exceeded(progress)
            backfill.allow(environment, lease, len(self._last), self.who, self.prefix)
        except RunHeldError as reason:
            return self._given_up(lease, progress, str(reason), "held")
        except LimitReachedError as limit:
            return self._given_up(lease, progress, str(limit), "limit")
        except ModstampError:
            environment.store.give_back(lease)
            raise
        return self._after(self.push(run_id), progress)

    def _given_up(self, lease: Lease, progress: Progress, words: str, cause: Cause) -> Progress:
        """Taken back under the lease: another lane's run may have portions of its own in hand."""
        backfill.withdraw(self.environment)
        self.environment.store.give_back(lease)
        return replace(progress, stopped=words, cause=cause)

    def _lease(self, run_id: str) -> Lease:
        """Live runs go first, and are waited for."""
        store, name = self.environment.store, self.environment.mapping.name
        until = time.monotonic() + 2 * self.environment.settings.lease.total_seconds()
        while True:
            try:
                return store.grant(name, Direction.PUSHING, run_id)
            except LeaseHeldError:
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOKS_AGAIN)

    def _feed(self, lease: Lease, progress: Progress, waiting: int) -> Progress:
        """`waiting`: records that are queued before, by an earlier try or because they could not be sent."""
        room = min(self.environment.settings.backfill_rows - waiting, progress.due - progress.fed)
        if progress.through or (room <= 0 and waiting):
            return progress
        fed, after = backfill.feed(self.environment, lease, self.stretch, progress.after, max(0, room))
        through = fed < room or not backfill.more(self.environment, self.stretch, after)
        return replace(progress, fed=progress.fed + fed, after=after, through=through)

    def _after(self, summary: Summary, progress: Progress) -> Progress:
        backfill.end(self.environment, summary.run_id)
        progress = replace(
            progress,
            runs=progress.runs + 1,
            calls=progress.calls + summary.calls,
            counts=dict(Counter(progress.counts) + Counter(summary.counts)),
        )
        if not (summary.paused or summary.held):
            return progress
        cause: Cause = "limit" if summary.paused else "held"
        try:
            lease = self._lease(f"{self.prefix}{uuid.uuid4().hex[:12]}")
        except LeaseHeldError:  # that run has in hand what is queued
            return replace(progress, stopped=summary.message, cause=cause)
        return self._given_up(lease, progress, summary.message, cause)


def _stuck(records: int) -> str:
    return f"none of {records} queued records could be sent now; the log of the last run says why"


def _exceeded(progress: Progress) -> Progress:
    words = f"more records are due than the {progress.due} that were approved: begin anew, with a new estimate"
    return replace(progress, stopped=words, cause="more")
