"""When an Event takes place: start, end and duration, which have to agree, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sandbox.salesforce.activities import related
from sandbox.salesforce.clock import parse_stamp, stamp
from sandbox.salesforce.invitees import check_lists
from sandbox.salesforce.problems import Refusal, invalid_record
from sandbox.salesforce.saving import Saving, Values
from sandbox.salesforce.shared import with_primary

TIMES: Final = (
    "StartDateTime",
    "ActivityDateTime",
    "ActivityDate",
    "EndDateTime",
    "DurationInMinutes",
    "IsAllDayEvent",
)
REMINDERS: Final = frozenset({"IsReminderSet", "ReminderDateTime"})
DAY: Final = timedelta(days=1)
DAY_IN_MINUTES: Final = 24 * 60
# What an event may last, where multi-day events are switched on.
MOST_DAYS: Final = 14


def completed(saving: Saving) -> Values:
    """The values of an Event with what follows from them.

    Raises:
        Refusal: times that do not agree or are missing, a private event about something, a wrong invitee.
    """
    if saving.before is not None and saving.before["IsChild"]:
        _check_child(saving.values)
        return dict(saving.values)
    saving = replace(saving, values=with_primary(saving))
    values = related(saving)
    _check_private(saving)
    check_lists(saving)
    if saving.touches(*TIMES):
        values |= _times(saving)
    return values


def _times(saving: Saving) -> Values:
    all_day = bool(saving.known["IsAllDayEvent"])
    start = _start(saving, all_day=all_day)
    minutes = _minutes(saving, start, all_day=all_day)
    end = start + timedelta(minutes=minutes)
    if all_day:
        # Its end is the last of its days, not the first one after it.
        end = start + max(0, -(-minutes // DAY_IN_MINUTES) - 1) * DAY
    return {
        "StartDateTime": stamp(start),
        "ActivityDateTime": None if all_day else stamp(start),
        "ActivityDate": start.date().isoformat(),
        "EndDateTime": stamp(end),
        "EndDate": end.date().isoformat(),
        "DurationInMinutes": minutes,
    }


def _start(saving: Saving, *, all_day: bool) -> datetime:
    values, before = saving.values, saving.before or {}
    other = "ActivityDate" if all_day else "ActivityDateTime"
    text = values.get("StartDateTime") or values.get(other) or before.get("StartDateTime")
    if text is None:
        raise invalid_record("REQUIRED_FIELD_MISSING", "Required fields are missing: [StartDateTime]", "StartDateTime")
    start = _moment(text)
    if all_day:
        start = start.replace(hour=0, minute=0, second=0)
    _check_same(values, start, all_day=all_day)
    return start


def _check_same(values: Mapping[str, Any], start: datetime, *, all_day: bool) -> None:
    day, moment = values.get("ActivityDate"), values.get("ActivityDateTime")
    wrong = []
    if day is not None and date.fromisoformat(day) != start.date():
        wrong.append("ActivityDate")
    if moment is not None and (_moment(moment).date() != start.date() if all_day else _moment(moment) != start):
        wrong.append("ActivityDateTime")
    if wrong:
        message = f"{', '.join(wrong)} must be empty or match StartDateTime"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, *wrong)


def _minutes(saving: Saving, start: datetime, *, all_day: bool) -> int:
    end, minutes = (saving.values.get(name) for name in ("EndDateTime", "DurationInMinutes"))
    place = "EndDateTime" if minutes is None else "DurationInMinutes"
    lengths = _lengths(start, _moment(end), all_day=all_day) if end is not None else []
    if minutes is None:
        minutes = lengths[0] if lengths else _kept(saving, all_day=all_day)
    elif lengths and minutes not in lengths:
        message = "DurationInMinutes and EndDateTime do not agree"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, place)
    most = DAY_IN_MINUTES * (MOST_DAYS if "multiday_events" in saving.features else 1)
    if not 0 <= minutes <= most:
        message = f"Duration must be between 0 and {most} minutes"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, place)
    return int(minutes)


def _lengths(start: datetime, end: datetime, *, all_day: bool) -> list[int]:
    """What an end means as a duration; the end of an all-day event may be its last day, or the day after it."""
    if all_day:
        days = (end.date() - start.date()).days
        return [(days + 1) * DAY_IN_MINUTES, days * DAY_IN_MINUTES]
    return [(end - start) // timedelta(minutes=1)]


def _kept(saving: Saving, *, all_day: bool) -> int:
    """The duration when neither it nor an end is given: a day, or what it was."""
    before = saving.before
    if before is None or (all_day and not before["IsAllDayEvent"]):
        if all_day:
            return DAY_IN_MINUTES
        raise _missing_end()
    return int(before["DurationInMinutes"])


def _missing_end() -> Refusal:
    return invalid_record("REQUIRED_FIELD_MISSING", "Required fields are missing: [EndDateTime]", "EndDateTime")


def _check_private(saving: Saving) -> None:
    known = saving.known
    about = [name for name in ("WhoId", "WhatId") if known[name]]
    if known["IsPrivate"] and about and saving.touches("IsPrivate", "WhoId", "WhatId"):
        message = "A private event cannot be related to other records"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, *about)


def _check_child(values: Mapping[str, Any]) -> None:
    closed = sorted(values.keys() - REMINDERS)
    if closed:
        message = f"Only the reminder of a child event can be changed, not {', '.join(closed)}"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, *closed)


def _moment(text: str) -> datetime:
    """A stamp, or the midnight (UTC) with which a date begins."""
    return parse_stamp(text if "T" in text else f"{text}T00:00:00+00:00")
