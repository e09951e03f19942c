"""Twelve months of the users' calendars, and some weeks of what is still to come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta

import numpy as np

from sandbox.org.draws import chosen
from sandbox.org.known import Known, Row, one

PAST, FUTURE = 365, 30  # days
MINUTES = (15, 30, 30, 30, 45, 60, 60, 90, 120)
TYPES = ("Discovery call", "Demo", "Technical review", "Negotiation", "Quarterly review")
# Of all meetings. Strangers have an address, and are no prospects (yet).
KINDS = {"prospects": 0.6, "strangers": 0.18, "colleagues": 0.12, "alone": 0.1}
TITLES = {
    "prospects": ("Kick-off", "Demo", "Next steps", "Pricing", "Contract review", "Check-in", "Training", "Lunch"),
    "strangers": ("Introduction", "Partner call", "Interview", "Press"),
    "colleagues": ("Team meeting", "Forecast", "Pipeline review", "1:1", "All hands"),
    "alone": ("Focus time", "Dentist", "Travel", "Expense reports", "Gym"),
}
PLACES = ("https://video.example/j/{}", "Meeting room {}", "Their office", "Telephone", None)
ANSWERS = ("accepted",) * 6 + ("declined", "tentative", None, None)
AGENDA = "Introductions, where you stand today, what has to happen until the end of the quarter, and your questions. "
TITLE_LENGTH, LONG_DESCRIPTION = 1_000, 33_000  # of which Salesforce takes 255, and 32,000
WEEKS = 4  # of a series


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Of all meetings."""

    sync: float = 0.6
    all_day: float = 0.05
    several_days: float = 0.02
    canceled: float = 0.08
    no_show: float = 0.06
    long_title: float = 0.02
    long_description: float = 0.01
    several_users: float = 0.2
    booked_by_other: float = 0.15
    invited_by_prospect: float = 0.05
    after_sequence: float = 0.4
    about_opportunity: float = 0.4
    series: float = 0.03
    moved: float = 0.08
    recorded: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """Rows to be inserted; `at` of an attendee is the position of the meeting."""

    meetings: list[Row] = field(default_factory=list)
    attendees: list[Row] = field(default_factory=list)


def draw_calendars(rng: np.random.Generator, known: Known, types: list[int], count: int) -> Calendars:
    """`count` meetings; those that several users have in their calendars are several rows. `types`: their ids."""
    traits = {name: chosen(rng, count, share).tolist() for name, share in asdict(Shares()).items()}
    kinds = rng.choice(list(KINDS), count, p=list(KINDS.values())).tolist()
    calendars = Calendars()
    for number, kind in enumerate(kinds):
        has = {name for name, values in traits.items() if values[number]}
        _Occasion(rng=rng, known=known, number=number, kind=kind, has=frozenset(has)).enter(calendars, types)
    return calendars


@dataclass(frozen=True, slots=True, kw_only=True)
class _Occasion:
    """One meeting, whoever has it in the calendar. `has`: names of `Shares`."""

    rng: np.random.Generator
    known: Known
    number: int
    kind: str
    has: frozenset[str]

    def enter(self, calendars: Calendars, types: list[int]) -> None:
        """Into the calendars of all users who are on it; a series week after week."""
        users, guests, booked = self._who()
        people = [{"email": each["email"], "name": each["name"], "answer": one(self.rng, ANSWERS)} for each in
                  (*users, *guests)]  # fmt: skip
        host = len(users) if "invited_by_prospect" in self.has and self.kind == "prospects" else 0
        people[host]["answer"] = "accepted"
        meeting = self._meeting(types, booked, guests)
        for week in range(WEEKS if "series" in self.has else 1):
            for place, user in enumerate(users):
                copy = self._in_week(meeting, week) | {"user_id": user["id"], "is_organizer": place == host}
                at = len(calendars.meetings)
                calendars.meetings.append({"booker_id": users[0]["id"]} | copy)
                calendars.attendees.extend(
                    {"at": at, "organizer": position == host, **person} for position, person in enumerate(people)
                )

    def _who(self) -> tuple[list[Row], list[Row], datetime]:
        """Users, the owner first, other people, and when it was booked."""
        several = self.kind == "colleagues" or (self.kind != "alone" and "several_users" in self.has)
        users = [one(self.rng, self.known.users) for _ in range(3 if several else 1)]
        day = self.known.midnight - timedelta(days=int(self.rng.integers(10 - FUTURE, PAST)))
        guests: list[Row] = []
        if self.kind == "strangers":
            emails = [one(self.rng, self.known.strangers) for _ in range(2)]
            guests = [{"id": email, "email": email, "name": None} for email in emails]
        elif self.kind == "prospects" and "after_sequence" in self.has and self.known.states:
            state = one(self.rng, self.known.states)
            guests, day = [state["prospect"]], state["started_at"] + timedelta(days=int(self.rng.integers(1, 40)))
        elif self.kind == "prospects":
            guests = [one(self.rng, self.known.prospects)]
            others = self.known.colleagues.get(guests[0]["account_id"], guests)
            guests += [one(self.rng, others) for _ in range(int(self.rng.integers(0, 3)))]
        booked = min(day, self.known.midnight - timedelta(days=1)) + self._minutes(8 * 60, 18 * 60)
        return _once(users), _once(guests), booked

    def _meeting(self, types: list[int], booked: datetime, guests: list[Row]) -> Row:
        """What it is in every calendar."""
        starts, ends = self._times(booked)
        sells, past = self.kind in ("prospects", "strangers"), starts < self.known.midnight
        held = sells and past and "canceled" not in self.has
        recorded = held and "recorded" in self.has and "no_show" not in self.has
        source = "Sync" if {"sync", "series", "invited_by_prospect"} & self.has else "App"
        place = one(self.rng, PLACES) if self.kind != "alone" else None
        other = {"booker_id": one(self.rng, self.known.users)["id"]} if "booked_by_other" in self.has else {}
        return other | {
            "booked_at": booked,
            "title": self._title(guests),
            "location": place and place.format(self.number % 40 + 1),
            "description": self._description(starts) if sells else None,
            "starts_at": starts + self._moved,
            "ends_at": ends + self._moved,
            "original_starts_at": None,
            "all_day": "all_day" in self.has,
            "no_show": held and "no_show" in self.has,
            "canceled": "canceled" in self.has,
            "source": source,
            "meeting_type_id": one(self.rng, types) if sells and source == "App" else None,
            "opportunity_id": self._opportunity(guests),
            "recording_url": f"https://recordings.example/{self.number}" if recorded else None,
            "recording_summary": f"They asked for an offer. We spoke about: {AGENDA}" if recorded else None,
            "provider_uid": f"{self.known.seed}-{self.number}@calendar.example",
        }

    def _times(self, booked: datetime) -> tuple[datetime, datetime]:
        """On a weekday after the booking; of whole days midnights."""
        day = np.busday_offset(np.datetime64(booked.date()), int(self.rng.integers(1, 10)), roll="forward")
        midnight = datetime.combine(day.astype("datetime64[D]").item(), time(), tzinfo=UTC)
        further = timedelta(days=int(self.rng.integers(1, 3)) if "several_days" in self.has else 0)
        if "all_day" in self.has:
            return midnight, midnight + timedelta(days=1) + further
        starts = midnight + timedelta(minutes=30 * int(self.rng.integers(16, 36)))
        return starts, starts + timedelta(minutes=one(self.rng, MINUTES)) + further

    @property
    def _moved(self) -> timedelta:
        return timedelta(weeks=1 if "moved" in self.has else 0)

    def _title(self, guests: list[Row]) -> str:
        title = one(self.rng, TITLES[self.kind])
        if guests:
            title = f"{title}: {guests[0]['name'] or guests[0]['email']}"
        return (f"{title}, {AGENDA}" * 4)[:TITLE_LENGTH] if "long_title" in self.has else title

    def _description(self, starts: datetime) -> str:
        text = AGENDA + (f"\nMoved by a week from {starts:%Y-%m-%d %H:%M}.\n" if self._moved else "")
        return text * (LONG_DESCRIPTION // len(text) + 1) if "long_description" in self.has else text

    def _opportunity(self, guests: list[Row]) -> int | None:
        """One of the first guest's company, if it has any."""
        if self.kind != "prospects" or "about_opportunity" not in self.has:
            return None
        found = self.known.opportunities.get(guests[0]["account_id"])
        return one(self.rng, found) if found else None

    def _in_week(self, meeting: Row, week: int) -> Row:
        """One of a series knows when it was to start; others have only one start."""
        if "series" not in self.has:
            return meeting
        shift = timedelta(weeks=week)
        starts, ends = meeting["starts_at"] + shift, meeting["ends_at"] + shift
        return meeting | {"starts_at": starts, "ends_at": ends, "original_starts_at": starts - self._moved}

    def _minutes(self, first: int, last: int) -> timedelta:
        return timedelta(minutes=int(self.rng.integers(first, last)))


def _once(people: list[Row]) -> list[Row]:
    return list({person["id"]: person for person in people}.values())
