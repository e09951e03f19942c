"""What travels between the steps of a run: references and counts, never rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from modstamp import instants
from modstamp.model import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a person may ask of one run. `since` and `until` read that window and leave the cursor alone.

    So does a poll of `ids` alone; `origin` tells where they come from.
    """

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None  # records
    dry_run: bool = False
    ids: tuple[str, ...] | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A staged part. `window`: its rows come from the window in (stamp, id) order, so that they move the checkpoint.

    `deleted`: how many of its rows are of deleted records (G28).
    """

    reference: str
    rows: int
    window: bool
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """From one step to the next.

    `token`: of the lease, None in a dry run. `upper`: where the cursor moves to when all parts have landed; None if it
    may not move. `whole`: the parts hold the rest of the window; else it stays open behind `reached` (stamp, id).
    `stopped`: the limit that ended the reading early, in words. `mapping_hash`: of the mapping that the run began with.
    `user`: under which id we write outside. `origin`: where the records come from that a person chose; empty: a window.
    `counts` and `reasons` (kind → reason → records) add up over the steps, as `seconds` at work do.
    """

    run_id: str
    mapping: str
    direction: Direction
    token: int | None
    upper: str | None
    mapping_hash: str = ""
    whole: bool = True
    reached: tuple[str, str] | None = None
    stopped: str = ""
    dry_run: bool = False
    started_at: str = ""
    clock_offset: float = 0.0
    user: str = ""
    origin: str = ""
    parts: tuple[Part, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"direction": str(self.direction)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        parts = tuple(Part(**part) for part in document["parts"])
        reached = document["reached"] and tuple(document["reached"])  # JSON knows no tuples
        read = {"direction": Direction(document["direction"]), "parts": parts, "reached": reached}
        return cls(**{**document, **read})

    @property
    def staged_under(self) -> int:
        """The token that its staged parts carry; leases begin at 1."""
        return self.token or 0

    @property
    def upper_instant(self) -> datetime | None:
        return None if self.upper is None else instants.from_text(self.upper)

    @property
    def reached_place(self) -> tuple[datetime, str] | None:
        return None if self.reached is None else (instants.from_text(self.reached[0]), self.reached[1])


class Tally:
    """Counts and reasons of a run while it works; the one mutable thing that its steps share."""

    def __init__(
        self, counts: Mapping[str, int] | None = None, reasons: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        self.counts: Counter[str] = Counter(counts or {})
        self.reasons: dict[str, Counter[str]] = {kind: Counter(each) for kind, each in (reasons or {}).items()}

    def add(self, kind: str, records: int, reason: str | None = None) -> None:
        if records:
            self.counts[kind] += records
            if reason is not None:
                self.reasons.setdefault(kind, Counter())[reason] += records

    def as_reasons(self) -> dict[str, dict[str, int]]:
        return {kind: dict(each) for kind, each in self.reasons.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did.

    `paused`: a limit was reached, the rest waits and goes on by itself (G27). `held`: it wrote nothing, because it
    would have written too much; `asks`: nobody has answered that yet (G28). `unfinished`: it took a slice of its
    window, and the next run may begin at once with the next one (G3).
    """

    run_id: str
    mapping: str
    direction: Direction
    counts: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]
    calls: int
    document_calls: int
    seconds: float
    paused: bool = False
    held: bool = False
    asks: bool = False
    unfinished: bool = False
    message: str = ""
    differences: tuple[Mapping[str, Any], ...] = ()  # of a dry run

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"direction": str(self.direction)}
