"""What people did to one field, as versions: who wrote what, having seen which earlier one.

A version supersedes those that its writer had seen. Two that did not see each other, one per side, are a conflict, and
either may win. All else that makes a version vanish is the sync's fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

INTERNAL, EXTERNAL, BOTH = "internal", "external", "both"


def same(one: Any, other: Any) -> bool:
    """Servers trim texts and lower mail addresses; an empty text is nothing."""
    return _plain(one) == _plain(other)


def _plain(value: Any) -> str | None:
    return None if value is None else str(value).strip().lower() or None


@dataclass(frozen=True, slots=True)
class Version:
    """`ancestors`: numbers of the versions that it supersedes. `side` BOTH: both held it in step."""

    number: int
    side: str
    value: Any
    at: float
    ancestors: frozenset[int]

    def __str__(self) -> str:
        return f"#{self.number} {self.side} {self.value!r} at {self.at:.2f}"


@dataclass
class FieldStory:
    """`seen`: side → the version that it showed last. `displaced`: losers of conflicts → winner, with the side."""

    versions: list[Version] = field(default_factory=list)
    seen: dict[str, Version] = field(default_factory=dict)
    displaced: dict[int, tuple[str, int]] = field(default_factory=dict)

    def begin(self, side: str, value: Any, at: float) -> None:
        """The record is made on this side, or both sides are in step; whatever was before is forgotten."""
        version = Version(0, side, value, at, frozenset())
        self.versions, self.displaced = [version], {}
        self.seen = {INTERNAL: version, EXTERNAL: version} if side == BOTH else {side: version}

    def edit(self, side: str, shown: Any, value: Any, at: float) -> str | None:
        """`shown`: what the side held right before. Returns what is wrong with that, if anything is."""
        complaint = self.observe(side, shown)
        seen = self.seen.get(side)
        ancestors = set() if seen is None else {seen.number, *seen.ancestors}
        for loser, (where, _) in self.displaced.items():
            if where == side:
                ancestors |= {loser, *self.versions[loser].ancestors}
        version = Version(len(self.versions), side, value, at, frozenset(ancestors))
        self.versions.append(version)
        self.seen[side] = version
        return complaint

    def observe(self, side: str, shown: Any) -> str | None:
        """The side shows this value now. Returns what is wrong with that, if anything is."""
        known = self.seen.get(side)
        if known is not None and same(known.value, shown):
            return None
        found = [version for version in self.versions if same(version.value, shown)]
        if not found:
            return f"{side} shows {shown!r}, which nobody wrote; it held {known}"
        if known is None or (newer := [each for each in found if known.number in each.ancestors]):
            self.seen[side] = (found if known is None else newer)[-1]
            return None
        rivals = [each for each in found if each.number not in known.ancestors and each.side != known.side]
        if rivals:
            self.displaced[known.number] = (side, rivals[-1].number)
            self.seen[side] = rivals[-1]
            return None
        complaint = f"{side} held {known} and shows {found[-1]} again"
        self.seen[side] = found[-1]
        return complaint

    def leaves(self) -> list[Version]:
        """Versions that no other one supersedes."""
        superseded = {number for version in self.versions for number in version.ancestors}
        return [version for version in self.versions if version.number not in superseded]

    def losers(self, final: Version) -> list[Version]:
        """Leaves of which nothing is left."""
        return [version for version in self.leaves() if not same(version.value, final.value)]

    def unseen(self, at_side: str) -> list[Version]:
        """Leaves by people of the other side that this side never showed."""
        seen = self.seen.get(at_side)
        known = set() if seen is None else {seen.number, *seen.ancestors}
        return [each for each in self.leaves() if each.side not in (at_side, BOTH) and each.number not in known]
