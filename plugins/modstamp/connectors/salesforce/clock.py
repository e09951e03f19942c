"""Salesforce's clock, kept from the ``Date`` headers of its answers."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from modstamp.errors import FatalError


class ServerClock:
    """Runs on by monotonic time between answers; never ahead of the server, as the header cuts off fractions."""

    def __init__(self) -> None:
        self._date: datetime | None = None
        self._heard_at = 0.0

    def hear(self, date: str | None) -> datetime:
        """Take in a header, and return the time that it says; without a header, the time as we know it."""
        if date is None:
            return self.now()
        self._date, self._heard_at = parsedate_to_datetime(date), time.monotonic()
        return self._date

    @property
    def is_set(self) -> bool:
        return self._date is not None

    def now(self) -> datetime:
        if self._date is None:
            raise FatalError("Salesforce's answers carry no Date header, so its clock is unknown")
        return self._date + timedelta(seconds=time.monotonic() - self._heard_at)
