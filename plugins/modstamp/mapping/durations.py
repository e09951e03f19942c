"""Durations as people write them in mapping files: ``10 minutes``, ``12 hours``, ``30 days``, ``2 weeks``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"second": "seconds", "minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}
_WRITTEN = re.compile(rf"\s*(\d{{1,6}})\s+({'|'.join(_UNITS)})s?\s*")


def duration(text: str) -> timedelta | None:
    """None: the text is no duration."""
    found = _WRITTEN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
