"""One meeting in the calendars of several users is one Event (OMS-019, OMS-027)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.meetings import Diary

UID = {"provider_uid": "uid-1"}
ONE_PER = {"same": ["provider_uid", "original_starts_at"], "first": "is_organizer", "of": "user_id"}

pytestmark = [pytest.mark.requirement("OMS-027"), pytest.mark.guarantee("G20")]


@pytest.fixture
def shared(any_diary: Diary) -> Diary:
    any_diary.meetings.change_mapping(one_per=ONE_PER)
    return any_diary


def copy(diary: Diary, user: str, **values: Any) -> str:
    return diary.meeting(user_id=int(user), **{**UID, **values})


def test_the_organizers_copy_leads(shared: Diary) -> None:
    guest, organizer = shared.user(), shared.user()
    copy(shared, guest, is_organizer=False)
    copy(shared, organizer)

    summary = shared.push()

    assert shared.event()["OwnerId"] == shared.counterpart("user", organizer)
    (reason,) = summary.reasons["withheld"]
    assert reason.startswith("another copy of it is the one that goes: meeting")


def test_where_the_organizer_is_not_here_the_first_copy_leads(shared: Diary) -> None:
    first, second = shared.user(), shared.user()
    for user in (first, second):
        copy(shared, user, is_organizer=False)
    shared.push()
    assert shared.event()["OwnerId"] == shared.counterpart("user", first)


def test_an_organizer_who_comes_later_makes_no_second_event(shared: Diary) -> None:
    guest, organizer = shared.user(), shared.user()
    copy(shared, guest, is_organizer=False)
    shared.push()
    copy(shared, organizer)
    shared.push()
    assert len(shared.events()) == 1


def test_two_meetings_of_one_series_are_two_events(shared: Diary) -> None:
    for day in ("2026-03-02", "2026-03-09"):
        copy(shared, shared.user(), original_starts_at=f"{day} 09:00:00+00:00")
    shared.push()
    assert len(shared.events()) == 2


@pytest.mark.guarantee("G30")
def test_each_user_may_have_an_event_of_their_own(shared: Diary) -> None:
    for _ in range(2):
        copy(shared, shared.user())
    shared.push()
    assert len(shared.events()) == 1

    shared.meetings.change_mapping(one_per=None)
    shared.push()
    shared.push()

    assert len(shared.events()) == 2


def test_meetings_without_an_id_of_their_calendar_are_no_copies(shared: Diary) -> None:
    for _ in range(2):
        shared.meeting(user_id=int(shared.user()))
    shared.push()
    assert len(shared.events()) == 2


def test_while_the_organizer_has_no_counterpart_another_copy_leads_and_stays_the_only_one(shared: Diary) -> None:
    organizer, guest = shared.user(linked=False), shared.user()
    copy(shared, organizer)
    copy(shared, guest, is_organizer=False)
    shared.push()
    assert shared.event()["OwnerId"] == shared.counterpart("user", guest)

    shared.link("user", organizer, "User-late", "salesforce_user")
    shared.push()
    shared.push()
    assert shared.event()["OwnerId"] == shared.counterpart("user", guest)
    assert shared.meetings.pending("pushing") == []


@pytest.mark.parametrize("first", [0, 1])
def test_while_nobody_has_a_counterpart_all_wait_and_whoever_gets_one_first_leads(shared: Diary, first: int) -> None:
    users = [shared.user(linked=False) for _ in range(2)]
    for user in users:
        copy(shared, user, is_organizer=user == users[0])
    shared.push()
    assert shared.events() == {}
    assert len(shared.meetings.pending("pushing")) == 2

    for number in (first, 1 - first):
        shared.link("user", users[number], f"User-late-{number}", "salesforce_user")
        shared.push()
    assert shared.event()["OwnerId"] == f"User-late-{first}"


def test_the_organizers_copy_leads_again_where_no_other_may_go(shared: Diary) -> None:
    only = {"create": {"when": {"field": "is_organizer", "operator": "is", "value": True}}, "update": True}
    shared.meetings.change_mapping(outbound=only)
    organizer, guest = shared.user(linked=False), shared.user()
    copy(shared, organizer)
    copy(shared, guest, is_organizer=False)
    shared.push()
    assert shared.events() == {}

    shared.link("user", organizer, "User-late", "salesforce_user")
    shared.push()
    assert shared.event()["OwnerId"] == "User-late"
