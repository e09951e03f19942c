"""Runs: their leases, cursors and records, and the questions that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from modstamp import instants
from modstamp.model import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write for one mapping and direction, until another run is granted a higher token (G22)."""

    mapping: str
    direction: Direction
    holder: str
    token: int


class Leases(Protocol):
    def check(self, lease: Lease) -> None:
        """Raise `LeaseLostError` unless the token is the newest; lock the lease row and renew it (G22)."""
        ...

    def revoke(self, mapping: str, direction: Direction) -> None:
        """End the lease of whoever holds it: it may neither send nor commit any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a mapping has been read. `upper` not None: a window is open, to be gone on with from `after` (G3).

    `done`: what the runs of that window have done so far: create, update, delete or emptied → records (G28).
    """

    cursor: datetime | None = None
    lower: datetime | None = None
    upper: datetime | None = None
    after: tuple[datetime, str] | None = None
    done: Mapping[str, int] = field(default_factory=dict)


class Cursors(Protocol):
    def get(self, mapping: str) -> Cursor: ...

    def put(self, mapping: str, cursor: Cursor) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is kept of one run. `reasons`: kind → reason → number of records."""

    id: str
    mapping: str
    direction: Direction
    status: str  # running, completed, paused, held, failed
    started_at: datetime
    ended_at: datetime | None = None
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    calls: int = 0
    document_calls: int = 0
    seconds: float = 0.0
    kind: str = "sync"  # or reconcile, undo

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        moments = {
            "started_at": instants.to_text(self.started_at),
            "ended_at": self.ended_at and instants.to_text(self.ended_at),
        }
        return asdict(self) | moments | {"direction": str(self.direction)}


class Runs(Protocol):
    def put(self, run: RunRecord) -> None:
        """Insert or replace."""
        ...

    def get(self, run_id: str) -> RunRecord | None: ...

    def rows_per_second(self, mapping: str, direction: Direction) -> float | None:
        """Of the last runs that read enough to tell; None: there were none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run that asks before it writes, and the answer (G28). One per mapping and direction.

    `counts`: what is asked for: create, update, delete or emptied → records. `counted_at`: when they were last counted.
    `decision`: approved or rejected; None while nobody has answered.
    """

    mapping: str
    direction: Direction
    run_id: str
    message: str
    counts: Mapping[str, int]
    asked_at: datetime
    counted_at: datetime
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        moments = {name: getattr(self, name) for name in ("asked_at", "counted_at", "decided_at")}
        texts = {name: moment and instants.to_text(moment) for name, moment in moments.items()}
        return asdict(self) | texts | {"direction": str(self.direction), "counts": dict(self.counts)}


class Holds(Protocol):
    """Runs that wait for an answer (G28)."""

    def get(self, mapping: str, direction: Direction) -> Hold | None: ...

    def put(self, hold: Hold) -> None:
        """Insert or replace."""
        ...

    def drop(self, mapping: str, direction: Direction) -> None: ...
