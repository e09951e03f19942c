"""What relative times mean at a given moment. Apart from `conditions`, as it needs more than a DAG file may import."""

from __future__ import annotations

from datetime import datetime, timedelta

from modstamp import instants
from modstamp.mapping.conditions import Row
from modstamp.mapping.durations import duration


def period(row: Row, now: datetime) -> tuple[str, str]:
    """The first and the last instant that a relative row means at this moment, both as they are written in values."""
    length = (duration(row.value) if isinstance(row.value, str) else None) or timedelta()
    ends = (now - length, now) if row.operator.endswith("last") else (now, now + length)
    return instants.to_text(ends[0]), instants.to_text(ends[1])
