"""Who is on a meeting, and who of them reaches the Event: the truth table of attendees (OMS-066 to OMS-071)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.meetings import Diary

pytestmark = [pytest.mark.guarantee("G16"), pytest.mark.guarantee("G20")]

FIELD = "AcceptedEventInviteeIds"


def accepted(diary: Diary) -> list[str]:
    found: list[str] = json.loads(diary.event()[FIELD] or "[]")
    return found


@pytest.mark.requirement("OMS-067")
def test_a_user_without_counterpart_is_left_out_and_the_event_goes(diary: Diary) -> None:
    known, stranger = diary.user(), diary.user(linked=False)
    diary.meeting(accepted=(f"user:{known}", f"user:{stranger}"))

    assert diary.push().counts["created"] == 1

    assert accepted(diary) == [diary.counterpart("user", known)]


@pytest.mark.requirement("OMS-068")
def test_a_prospect_who_may_be_created_is_created_first(any_diary: Diary) -> None:
    diary = any_diary
    prospect = diary.prospect(last_name="Lovelace")
    diary.meeting(accepted=(f"prospect:{prospect}",))

    assert diary.push().counts["waiting"] == 1
    assert diary.events() == {}
    diary.leads.push()
    diary.push()

    assert accepted(diary) == [diary.counterpart("prospect", prospect)]


@pytest.mark.requirement("OMS-068")
def test_the_prospects_own_mapping_is_asked_for_it(any_diary: Diary) -> None:
    diary = any_diary
    prospect = diary.prospect(last_name="Lovelace")
    diary.meeting(accepted=(f"prospect:{prospect}",))
    diary.sql("DELETE FROM sync_pending WHERE mapping = 'salesforce_lead'")

    diary.push()

    assert diary.leads.pending("pushing") == [prospect]


@pytest.mark.requirement("OMS-069")
def test_a_prospect_who_may_not_be_created_is_left_out_and_the_event_goes(diary: Diary) -> None:
    diary.meeting(accepted=(f"prospect:{diary.prospect()}",))  # without a last name: its condition does not let it pass

    assert diary.push().counts["created"] == 1

    assert accepted(diary) == []


@pytest.mark.requirement("OMS-069")
def test_nobody_waits_for_ever(any_diary: Diary) -> None:
    diary = any_diary
    diary.meeting(accepted=(f"prospect:{diary.prospect(last_name='Lovelace')}",))
    diary.push()
    diary.push()
    assert diary.events() == {}

    diary.meetings.later(diary.meetings.settings.attendee_wait.total_seconds())
    diary.push()

    assert accepted(diary) == []


@pytest.mark.guarantee("G6")
def test_who_is_linked_later_is_added(any_diary: Diary) -> None:
    diary = any_diary
    known, stranger = diary.user(), diary.user(linked=False)
    diary.meeting(accepted=(f"user:{known}", f"user:{stranger}"))
    diary.push()

    diary.link("user", stranger, "User-late", "salesforce_user")
    assert diary.push().counts["updated"] == 1

    assert accepted(diary) == sorted([diary.counterpart("user", known), "User-late"])
    assert diary.push().counts.get("seen", 0) == 0
    assert diary.sql("SELECT * FROM sync_missing") == []


def test_the_order_of_a_list_means_nothing(diary: Diary) -> None:
    people = (f"user:{diary.user()}", f"user:{diary.user()}")
    record = diary.meeting(accepted=people)
    diary.push()

    diary.edit(record, accepted_invitees=json.dumps(sorted(people, reverse=True)))

    assert "updated" not in diary.push().counts


def test_who_does_not_count_changes_nothing(diary: Diary) -> None:
    record = diary.meeting(accepted=(f"user:{diary.user()}",))
    diary.push()
    held = json.loads(diary.sql("SELECT accepted_invitees FROM meetings")[0][0])

    diary.edit(record, accepted_invitees=json.dumps([*held, f"user:{diary.user(linked=False)}"]))

    assert "updated" not in diary.push().counts


@pytest.mark.requirement("OMS-070")
@pytest.mark.requirement("OMS-071")
@pytest.mark.parametrize(
    ("column", "make", "kind"),
    [
        ("prospect_id", lambda diary: diary.prospect(), "prospect"),
        ("user_id", lambda diary: diary.user(linked=False), "user"),
    ],
)
def test_any_other_reference_that_fails_holds_the_whole_event(
    diary: Diary, column: str, make: Callable[[Diary], str], kind: str
) -> None:
    record = make(diary)
    values: dict[str, Any] = {column: int(record)}
    diary.meeting(**values)

    summary = diary.push()

    assert diary.events() == {}
    (reason,) = summary.reasons["waiting records"]
    assert reason.startswith(f"waits for {kind}")
    assert reason.endswith(f":{record}")


@pytest.mark.guarantee("G25")
def test_answers_are_sent_again_with_what_resets_them(diary: Diary) -> None:
    diary.meeting(accepted=(f"user:{diary.user()}",))
    diary.push()
    (event,) = diary.events()
    answers = diary.event()[FIELD]
    diary.meetings.system.edit("Event", event, {FIELD: None})  # as the other system does when an event is moved

    diary.sql("UPDATE meetings SET starts_at = '2026-03-02 08:00:00+00:00'")
    diary.push()

    assert diary.event()[FIELD] == answers


@pytest.mark.requirement("OSF-158")
def test_an_opportunity_stands_beside_a_contact_and_not_beside_a_lead(diary: Diary) -> None:
    lead, opportunity = diary.prospect("Lead"), diary.opportunity()
    record = diary.meeting(prospect_id=int(lead), opportunity_id=int(opportunity))
    diary.push()
    assert diary.event()["WhatId"] is None

    contact = diary.prospect("Contact")
    diary.edit(record, prospect_id=int(contact))
    diary.push()

    assert diary.event()["WhatId"] == diary.counterpart("opportunity", opportunity)


@pytest.mark.requirement("OSF-158")
@pytest.mark.guarantee("G12")
def test_a_lead_that_becomes_a_contact_brings_the_opportunity(any_diary: Diary) -> None:
    diary = any_diary
    lead = diary.prospect("Lead")
    diary.meeting(prospect_id=int(lead), opportunity_id=int(diary.opportunity()))
    diary.push()

    diary.sql(
        "UPDATE sync_links SET mapping = 'salesforce_contact' WHERE internal_id = :id AND family LIKE '%prospect'",
        id=lead,
    )
    assert diary.push().counts["updated"] == 1

    assert diary.event()["WhatId"] is not None


def test_a_list_that_cannot_be_read_holds_the_event(diary: Diary) -> None:
    diary.edit(diary.meeting(), accepted_invitees="Ada, Charles")

    diary.push()

    assert diary.events() == {}
    assert "it is no list of type:id" in diary.meetings.waiting()[0][3]
