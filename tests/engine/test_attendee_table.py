"""The truth table of attendees, row by row as its golden file has it (OMS-066 to OMS-069)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from modstamp.mapping.schema import TypeMapping
from tests.fixtures.meetings import LEADS, Diary

ROWS = json.loads((Path(__file__).parents[1] / "golden" / "tables" / "attendees.json").read_text(encoding="utf-8"))


def _stranger(diary: Diary, meeting: str) -> str | None:
    diary.sql(
        "INSERT INTO meeting_attendees (meeting_id, email, answer) VALUES (:id, 'x@y.z', 'accepted')", id=int(meeting)
    )
    return None


def _prospect(diary: Diary, meeting: str, kind: str | None = None, **values: str) -> str:
    record = diary.prospect(kind, **values)
    diary.attend(meeting, "prospect", int(record), "accepted")
    return f"prospect:{record}"


def _user(diary: Diary, meeting: str, *, linked: bool) -> str:
    record = diary.user(linked=linked)
    diary.attend(meeting, "user", int(record), "accepted")
    return f"user:{record}"


def _switched_off(diary: Diary, meeting: str) -> str:
    off = TypeMapping.model_validate({**LEADS, "outbound": {"create": False, "update": True}})
    diary.leads.mapping = off
    others = diary.meetings.relatives
    diary.meetings.relatives = tuple(off if each.name == off.name else each for each in others)
    return _prospect(diary, meeting, last_name="Lovelace")


WHO: Mapping[str, Callable[[Diary, str], str | None]] = {
    "neither a prospect nor a user": _stranger,
    "a user without counterpart": lambda diary, meeting: _user(diary, meeting, linked=False),
    "a user with a counterpart": lambda diary, meeting: _user(diary, meeting, linked=True),
    "a new prospect, creating is on": lambda diary, meeting: _prospect(diary, meeting, last_name="Lovelace"),
    "a new prospect, creating is off": _switched_off,
    "a new prospect that the condition withholds": _prospect,
    "a prospect that is a Lead": lambda diary, meeting: _prospect(diary, meeting, "Lead"),
    "a prospect that is a Contact": lambda diary, meeting: _prospect(diary, meeting, "Contact"),
}


@pytest.mark.parametrize(
    "who",
    [
        pytest.param("neither a prospect nor a user", marks=pytest.mark.requirement("OMS-066")),
        pytest.param("a user without counterpart", marks=pytest.mark.requirement("OMS-067")),
        pytest.param("a user with a counterpart", marks=pytest.mark.requirement("OMS-067")),
        pytest.param("a new prospect, creating is on", marks=pytest.mark.requirement("OMS-068")),
        pytest.param("a new prospect, creating is off", marks=pytest.mark.requirement("OMS-069")),
        pytest.param("a new prospect that the condition withholds", marks=pytest.mark.requirement("OMS-069")),
        pytest.param("a prospect that is a Lead", marks=pytest.mark.requirement("OMS-068")),
        pytest.param("a prospect that is a Contact", marks=pytest.mark.requirement("OMS-068")),
    ],
)
def test_attendees_become_what_the_table_says(diary: Diary, who: str) -> None:
    (row,) = (each for each in ROWS if each["who"] == who)
    meeting = diary.meeting(prospect_id=int(diary.prospect("Contact")))
    attendee = WHO[who](diary, meeting)

    diary.push()
    assert ("waits" if not diary.events() else "goes") == row["event"]

    diary.leads.push()
    diary.push()
    sent = json.loads(diary.event()["AcceptedEventInviteeIds"] or "[]")
    known = attendee and diary.sql(
        "SELECT external_id FROM sync_links WHERE family = :family AND internal_id = :record",
        family=f"salesforce/{attendee.partition(':')[0]}",
        record=attendee.partition(":")[2],
    )
    assert sent == ([known[0][0]] if row["attendee"] == "sent" and known else [])
    assert bool(sent) == (row["attendee"] == "sent")
