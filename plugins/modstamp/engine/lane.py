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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One try. `who` approved it; `push` makes a whole run of this id, and `prefix` begins the ids of all its runs."""

    environment: Environment
    stretch: Stretch
    who: str
    prefix: str
    push: Callable[[str], Summary]

    def portions(self, progress: Progress, told: Callable[[Progress], None]) -> Progress:
        """All of them; `told` hears of each. Raises `LeaseHeldError` when another run stays at work."""
        while not (progress.done or progress.stopped):
            progress = self._portion(progress)
            told(progress)
        return progress

    def _portion(self, progress: Progress) -> Progress:
        environment, run_id = self.environment, f"{self.prefix}{uuid.uuid4().hex[:12]}"
        lease = self._lease(run_id)
        try:
            before = backfill.waiting(environment)
            progress, queued = self._feed(lease, progress, before)
            if not queued:
                environment.store.give_back(lease)
                return replace(progress, done=True) if progress.through else _exceeded(progress)
            backfill.allow(environment, lease, queued, self.who)
        except (RunHeldError, LimitReachedError) as reason:
            environment.store.give_back(lease)
            backfill.withdraw(environment)
            return _stopped(progress, str(reason), "limit" if isinstance(reason, LimitReachedError) else "held")
        except ModstampError:
            environment.store.give_back(lease)
            raise
        return self._after(self.push(run_id), progress, queued)

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

    def _feed(self, lease: Lease, progress: Progress, waiting: int) -> tuple[Progress, int]:
        """Also how many are queued then, those of an earlier try among them."""
        room = min(self.environment.settings.backfill_rows - waiting, progress.due - progress.fed)
        if progress.through or (room <= 0 and waiting):
            return progress, waiting
        fed, after = backfill.feed(self.environment, lease, self.stretch, progress.after, max(0, room))
        through = fed < room or not backfill.more(self.environment, self.stretch, after)
        return replace(progress, fed=progress.fed + fed, after=after, through=through), waiting + fed

    def _after(self, summary: Summary, progress: Progress, queued: int) -> Progress:
        backfill.end(self.environment, summary.run_id)
        progress = replace(
            progress,
            runs=progress.runs + 1,
            calls=progress.calls + summary.calls,
            counts=dict(Counter(progress.counts) + Counter(summary.counts)),
        )
        if summary.paused or summary.held:
            backfill.withdraw(self.environment)
            return _stopped(progress, summary.message, "limit" if summary.paused else "held")
        left = backfill.waiting(self.environment)
        if left >= queued:
            backfill.withdraw(self.environment)
            words = f"none of {left} records could be sent now; see the log of run {summary.run_id}"
            return _stopped(progress, words, "stuck")
        return replace(progress, done=progress.through and not left)


def _stopped(progress: Progress, words: str, cause: Cause) -> Progress:
    return replace(progress, stopped=words, cause=cause)


def _exceeded(progress: Progress) -> Progress:
    words = f"more records are due than the {progress.due} that were approved: begin anew, with a new estimate"
    return _stopped(progress, words, "more")
