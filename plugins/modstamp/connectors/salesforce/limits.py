"""Whether a call may still be made (G27, OSF-083 to 087): from our own meter and what the org reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from simple_salesforce.api import Salesforce

from modstamp.errors import LimitReachedError
from modstamp.model import Budget
from modstamp.ports import Lane

_WAITS = "What is left to do waits and goes on by itself when there is room. Fix, if it stays so: raise"
_LOOK_AGAIN = timedelta(minutes=5)  # the org counts over a rolling day, so room comes back in small steps


class Report(Protocol):
    """What the org said of its calls by all applications in the last 24 hours, and when it said so."""

    @property
    def used(self) -> int: ...

    @property
    def maximum(self) -> int: ...

    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A `Report` that this process got itself."""

    used: int
    maximum: int
    at: datetime


class Limits:
    """The two thresholds, and what a `Lane` may use up of them.

    `usage` tells our own calls of the last 24 hours over all processes, those that were just recorded among them.
    `last_report` tells what any process heard last: without it, each new process finds out by a call of its own that
    the org is full.
    """

    def __init__(
        self,
        *,
        global_threshold: float,
        own_threshold: int,
        usage: Callable[[], int],
        last_report: Callable[[], Report | None],
        lane: Lane | None = None,
    ) -> None:
        self._share = global_threshold
        self._own_threshold = own_threshold
        self._usage = usage
        self._last_report = last_report
        self._lane = lane
        self._heard: Heard | None = None

    def check(self) -> None:
        """Raise `LimitReachedError` if one more call would pass a threshold."""
        until = datetime.now(UTC) + _LOOK_AGAIN
        own = self._usage()
        if own >= self._own_threshold:
            message = f"Modstamp made {own} calls in 24 hours; its threshold is {self._own_threshold}"
            raise LimitReachedError(f"{message}. {_WAITS} MODSTAMP_OWN_THRESHOLD", until)
        report = self._newest()
        if report and report.used >= self._allowed(report):
            made = f"all applications made {report.used} of the org's {report.maximum} calls"
            message = f"{made}; we stop at {self._share:.0%}. {_WAITS} MODSTAMP_GLOBAL_THRESHOLD"
            raise LimitReachedError(message, until)
        if self._lane:
            self._check_lane(self._lane, report, until)

    def _check_lane(self, lane: Lane, report: Report | None, until: datetime) -> None:
        threshold = min(self._own_threshold, self._allowed(report)) if report else self._own_threshold
        allowed, used = int(lane.share * threshold), lane.used()
        if used >= allowed:
            message = f"{lane.name} made {used} calls in 24 hours, and {allowed} are its share ({lane.share:.0%})"
            raise LimitReachedError(f"{message}. {_WAITS} its share", until)

    def hear(self, header: str | None) -> Heard | None:
        """Take in a ``Sforce-Limit-Info`` header."""
        usage = Salesforce.parse_api_usage(header).get("api-usage") if header else None
        if usage is None:
            return None
        self._heard = Heard(used=usage.used, maximum=usage.total, at=datetime.now(UTC))
        return self._heard

    def exhausted(self, message: str) -> LimitReachedError:
        """The org has refused a call for its daily limit: send no other until there may be room."""
        maximum = self._heard.maximum if self._heard else 1
        self._heard = Heard(used=maximum, maximum=maximum, at=datetime.now(UTC))
        text = f"the org has no calls left today: {message} {_WAITS} its limit, by agreement with Salesforce"
        return LimitReachedError(text, datetime.now(UTC) + _LOOK_AGAIN)

    def budget(self) -> Budget:
        report = self._newest()
        return Budget(
            used_by_all=report.used if report else None,
            maximum=report.maximum if report else None,
            global_threshold=self._allowed(report) if report else None,
            used_by_us=self._usage(),
            own_threshold=self._own_threshold,
        )

    def _allowed(self, report: Report) -> int:
        return int(report.maximum * self._share)

    def _newest(self) -> Report | None:
        """An old report is no reason to refuse: others' calls fall out of the rolling day unseen."""
        report = self._heard or self._last_report()
        return report if report and datetime.now(UTC) - report.at < _LOOK_AGAIN else None
