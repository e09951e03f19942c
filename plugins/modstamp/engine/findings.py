"""What a comparison of both sides finds, and how much of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from modstamp.model import Direction


class Found(StrEnum):
    """Ways in which the two sides can be out of step without anything waiting for it."""

    NEVER_SEEN = "never seen"  # outside and in scope, without a link
    NEVER_PUSHED = "never pushed"  # inside, without a link, where creating outside is on
    DRIFTED = "drifted"  # linked, and a field that travels differs
    HIDDEN = "hidden"  # linked, and outside neither visible nor provably deleted
    DELETED_OUTSIDE = "deleted outside"  # linked, and provably deleted
    GONE_INSIDE = "gone inside"  # linked, and without an internal row


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One record. `direction`: of the run that is to look at it."""

    found: Found
    reason: str
    direction: Direction
    internal_id: str | None = None
    external_id: str | None = None

    @property
    def record_id(self) -> str | None:
        """The id by which that run knows the record."""
        return self.internal_id if self.direction is Direction.PUSHING else self.external_id

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"found": str(self.found), "direction": str(self.direction)}


@dataclass(slots=True)
class Day:
    """Records last changed outside on one day: how many, how many of them linked, and a hash of either side.

    Hashes are sums, so that the order of the records does not matter.
    """

    external: int = 0
    linked: int = 0
    hashes: list[int] = field(default_factory=lambda: [0, 0])

    def differs(self) -> bool:
        return self.external != self.linked or self.hashes[0] != self.hashes[1]

    def as_dict(self, day: str) -> dict[str, Any]:
        """JSON-able."""
        outside, inside = (f"{value % 2**64:016x}" for value in self.hashes)
        return {
            "day": day,
            "external": self.external,
            "linked": self.linked,
            "external_hash": outside,
            "internal_hash": inside,
        }


class Ledger:
    """What has been found so far. Keeps counts of everything and some examples of each kind; the log keeps them all."""

    def __init__(self, examples: int) -> None:
        self.counts: Counter[str] = Counter()
        self.directions: Counter[Direction] = Counter()
        self.days: dict[str, Day] = {}
        self.examples: list[Finding] = []
        self._room = examples

    def add(self, findings: Sequence[Finding]) -> None:
        for each in findings:
            self.counts[each.found] += 1
            self.directions[each.direction] += 1
            if self.counts[each.found] <= self._room:
                self.examples.append(each)

    def day(self, name: str) -> Day:
        return self.days.setdefault(name, Day())

    def differing_days(self) -> list[dict[str, Any]]:
        return [day.as_dict(name) for name, day in sorted(self.days.items()) if day.differs()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The answer of one reconciliation.

    `counts`: compared, by what was found, and repaired. `days`: those that differ, of `days_compared`. `repairs`: what
    a repair queues per direction and how many links it ends; `repair_calls`: about what the runs that follow are
    charged for them. `findings`: some of each kind.
    """

    run_id: str
    mapping: str
    until: str
    counts: Mapping[str, int]
    days: Sequence[Mapping[str, Any]]
    days_compared: int
    repairs: Mapping[str, int]
    repair_calls: int
    repaired: bool
    findings: Sequence[Finding]
    calls: int = 0
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"findings": [each.as_dict() for each in self.findings]}
