"""Date literals such as LAST_N_DAYS:3: each is a span of days, in UTC, weeks beginning on Sunday."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

Span: TypeAlias = tuple[date, date]
Step: TypeAlias = Callable[[date, int], date]
MONTHS_IN_YEAR: Final = 12
DAYS_IN_WEEK: Final = 7


def span(literal: str, today: date) -> Span | None:
    """The days that a literal covers, from the first to the one after the last; None when it is no date literal."""
    name, _, number = literal.upper().partition(":")
    if name in FIXED and not number:
        unit, first, after = FIXED[name]
        return START[unit](today, first), START[unit](today, after)
    if name in COUNTED and number.isdigit():
        unit, first_of, after_of = COUNTED[name]
        return START[unit](today, first_of(int(number))), START[unit](today, after_of(int(number)))
    return None


def _day(today: date, number: int) -> date:
    return today + timedelta(days=number)


def _week(today: date, number: int) -> date:
    return today - timedelta(days=today.isoweekday() % DAYS_IN_WEEK) + timedelta(weeks=number)


def _months(length: int) -> Step:
    def start(today: date, number: int) -> date:
        month = today.year * MONTHS_IN_YEAR + today.month - 1
        year, place = divmod((month // length + number) * length, MONTHS_IN_YEAR)
        return date(year, place + 1, 1)

    return start


# Where the n-th day, week … from the present one begins.
START: Final[Mapping[str, Step]] = MappingProxyType(
    {"DAY": _day, "WEEK": _week, "MONTH": _months(1), "QUARTER": _months(3), "YEAR": _months(MONTHS_IN_YEAR)}
)
LONGER_UNITS: Final = ("WEEK", "MONTH", "QUARTER", "YEAR")
# The unit, the first one covered and the one after the last, counted from the present one.
FIXED: Final[Mapping[str, tuple[str, int, int]]] = MappingProxyType(
    {
        "YESTERDAY": ("DAY", -1, 0),
        "TODAY": ("DAY", 0, 1),
        "TOMORROW": ("DAY", 1, 2),
        "LAST_90_DAYS": ("DAY", -90, 1),
        "NEXT_90_DAYS": ("DAY", 1, 91),
    }
    | {f"LAST_{unit}": (unit, -1, 0) for unit in LONGER_UNITS}
    | {f"THIS_{unit}": (unit, 0, 1) for unit in LONGER_UNITS}
    | {f"NEXT_{unit}": (unit, 1, 2) for unit in LONGER_UNITS}
)
Count: TypeAlias = Callable[[int], int]
COUNTED: Final[Mapping[str, tuple[str, Count, Count]]] = MappingProxyType(
    {
        "LAST_N_DAYS": ("DAY", lambda number: -number, lambda _: 1),
        "NEXT_N_DAYS": ("DAY", lambda _: 1, lambda number: number + 1),
        "N_DAYS_AGO": ("DAY", lambda number: -number, lambda number: 1 - number),
    }
    | {f"LAST_N_{unit}S": (unit, lambda number: -number, lambda _: 0) for unit in LONGER_UNITS}
    | {f"NEXT_N_{unit}S": (unit, lambda _: 1, lambda number: number + 1) for unit in LONGER_UNITS}
)
