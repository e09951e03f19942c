"""Counts the calls that arrive, by kind, and what they use of the daily limit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

# Kinds that Salesforce does not charge to the daily limit.
FREE = frozenset({"login", "versions", "identity"})


@dataclass(slots=True)
class Meter:
    """Charged calls since the start or the last reset count as those of the last 24 hours."""

    daily_limit: int = 100_000
    kinds: Counter[str] = field(default_factory=Counter)
    used: int = 0
    _lock: Lock = field(default_factory=Lock)

    def count(self, kind: str, calls: int = 1) -> None:
        with self._lock:
            self.kinds[kind] += calls
            if kind not in FREE:
                self.used += calls

    def counts(self) -> dict[str, int]:
        """Calls by kind, and under `charged` those that count against the daily limit."""
        with self._lock:
            return {**self.kinds, "charged": self.used}

    def reset(self) -> None:
        with self._lock:
            self.kinds.clear()
            self.used = 0

    @property
    def exhausted(self) -> bool:
        return self.used >= self.daily_limit

    @property
    def header(self) -> str:
        return f"api-usage={self.used}/{self.daily_limit}"
