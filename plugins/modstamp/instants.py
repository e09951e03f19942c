"""Instants as text, as datetimes and as epoch seconds. Text is ``YYYY-MM-DDTHH:MM:SS[.ffffff]Z``, always UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt


def to_text(moment: datetime) -> str:
    """Canonical text; fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_milliseconds(moment: datetime) -> str:
    """Text with exactly three decimals, as logs show it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Aware, UTC. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)


def epochs(values: Iterable[Any]) -> npt.NDArray[np.float64]:
    """Epoch seconds of texts or datetimes; None is minus infinity, before everything."""
    listed = list(values)
    known = {value: _epoch(value) for value in set(listed)}  # the rows of a page share most of their times
    return np.fromiter(map(known.__getitem__, listed), dtype=np.float64, count=len(listed))


def _epoch(value: str | datetime | None) -> float:
    if value is None:
        return float("-inf")
    return (from_text(value) if isinstance(value, str) else value).timestamp()
