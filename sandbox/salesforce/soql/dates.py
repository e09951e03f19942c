"""Date literals such as LAST_N_DAYS:3: each is a span of days, in UTC, weeks beginning on Sunday."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from dateutil.relativedelta import relativedelta

Span = tuple[date, date]
SUNDAY_FIRST = 7


def span(literal: str, today: date) -> Span | None:
    """The days that a literal covers, from the first to the one after the last; None when it is no date literal."""
    name, _, number = literal.upper().partition(":")
    if name in FIXED and not number:
        return FIXED[name](today)
    if name in COUNTED and number.isdigit():
        return COUNTED[name](today, int(number))
    return None


def _days(today: date, first: int, after: int) -> Span:
    return today + timedelta(days=first), today + timedelta(days=after)


def _week(today: date) -> date:
    return today - timedelta(days=today.isoweekday() % SUNDAY_FIRST)


def _month(today: date) -> date:
    return today.replace(day=1)


def _quarter(today: date) -> date:
    return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)


def _year(today: date) -> date:
    return today.replace(month=1, day=1)


UNITS: Mapping[str, tuple[Callable[[date], date], relativedelta]] = MappingProxyType(
    {
        "WEEK": (_week, relativedelta(weeks=1)),
        "MONTH": (_month, relativedelta(months=1)),
        "QUARTER": (_quarter, relativedelta(months=3)),
        "YEAR": (_year, relativedelta(years=1)),
    }
)


def _unit(unit: str, first: int, after: int) -> Callable[[date], Span]:
    start, step = UNITS[unit]
    return lambda today: (start(today) + step * first, start(today) + step * after)


def _last_units(unit: str) -> Callable[[date, int], Span]:
    start, step = UNITS[unit]
    return lambda today, number: (start(today) - step * number, start(today))


def _next_units(unit: str) -> Callable[[date, int], Span]:
    start, step = UNITS[unit]
    return lambda today, number: (start(today) + step, start(today) + step * (number + 1))


FIXED: Mapping[str, Callable[[date], Span]] = MappingProxyType(
    {
        "YESTERDAY": lambda today: _days(today, -1, 0),
        "TODAY": lambda today: _days(today, 0, 1),
        "TOMORROW": lambda today: _days(today, 1, 2),
        "LAST_90_DAYS": lambda today: _days(today, -90, 1),
        "NEXT_90_DAYS": lambda today: _days(today, 1, 91),
        **{f"LAST_{unit}": _unit(unit, -1, 0) for unit in UNITS},
        **{f"THIS_{unit}": _unit(unit, 0, 1) for unit in UNITS},
        **{f"NEXT_{unit}": _unit(unit, 1, 2) for unit in UNITS},
    }
)
COUNTED: Mapping[str, Callable[[date, int], Span]] = MappingProxyType(
    {
        "LAST_N_DAYS": lambda today, number: _days(today, -number, 1),
        "NEXT_N_DAYS": lambda today, number: _days(today, 1, number + 1),
        "N_DAYS_AGO": lambda today, number: _days(today, -number, 1 - number),
        **{f"LAST_N_{unit}S": _last_units(unit) for unit in UNITS},
        **{f"NEXT_N_{unit}S": _next_units(unit) for unit in UNITS},
    }
)
