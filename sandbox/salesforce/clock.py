"""The server's own clock and the one way in which it writes a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

STAMP_FORMAT = "%Y-%m-%dT%H:%M:%S.000+0000"


@dataclass(slots=True)
class Clock:
    """Real time plus `skew` seconds, which a test may change while the server runs, and what faults add to it."""

    skew: float = 0.0
    by_faults: Callable[[], float] = lambda: 0.0

    def seconds(self) -> float:
        return time.time() + self.skew + self.by_faults()

    def now(self) -> datetime:
        """The present, UTC, in whole seconds (rounded down)."""
        return datetime.fromtimestamp(int(self.seconds()), UTC)

    def stamp(self) -> str:
        return stamp(self.now())


def stamp(moment: datetime) -> str:
    """Write a moment as Salesforce does; milliseconds are always zero, so stamps sort as text."""
    return moment.astimezone(UTC).strftime(STAMP_FORMAT)


def parse_stamp(text: str) -> datetime:
    """Read any ISO 8601 date-time that carries a zone; fractions of a second are dropped.

    Raises:
        ValueError: the text is no date-time, or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC).replace(microsecond=0)
