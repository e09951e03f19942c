"""Meetings that the other system has already: known by link, else by each key in turn (OSF-157, OMS-026)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.meetings import EVENT, MAPPING, Diary

UID = {"internal": "provider_uid", "external": "Meeting_Type__c", "direction": "out"}
ORIGINAL = {"internal": "original_starts_at", "external": "Recording_URL__c", "direction": "out"}
FOUR = ["user_id", "title", "starts_at", "ends_at"]
FIRST = "2026-03-02T09:00:00Z"


def event(diary: Diary, **values: Any) -> str:
    common = {"Subject": "Demo", "StartDateTime": FIRST, "EndDateTime": "2026-03-02T10:00:00Z"}
    owner = diary.counterpart("user", diary.owner)
    return diary.meetings.system.create(EVENT, {**common, "OwnerId": owner, **values})


@pytest.fixture
def by_uid(diary: Diary) -> Diary:
    keys = [["provider_uid", "original_starts_at"], FOUR]
    diary.meetings.change_mapping(fields=[*MAPPING["fields"], UID, ORIGINAL], match=keys, first_link="engagement")
    return diary


@pytest.mark.requirement("OSF-157")
@pytest.mark.requirement("OMS-026")
def test_an_event_with_the_same_owner_subject_start_and_end_is_linked_and_not_doubled(diary: Diary) -> None:
    known = event(diary, Subject="DEMO")
    record = diary.meeting()

    assert diary.push().counts["linked"] == 1

    assert diary.events().keys() == {known}
    assert diary.meetings.links() == [(record, known)]


@pytest.mark.requirement("OSF-157")
@pytest.mark.requirement("OMS-026")
@pytest.mark.parametrize(
    "other", [{"Subject": "Other"}, {"EndDateTime": "2026-03-02T10:30:00Z"}, {"OwnerId": "User-9"}]
)
def test_any_of_the_four_tells_two_events_apart(diary: Diary, other: dict[str, Any]) -> None:
    event(diary, **other)
    diary.meeting()
    assert diary.push().counts["created"] == 1


@pytest.mark.requirement("OMS-026")
def test_several_are_held_with_their_candidates(diary: Diary) -> None:
    twins = {event(diary), event(diary)}
    record = diary.meeting()

    assert diary.push().counts["ambiguous"] == 1

    assert diary.events().keys() == twins
    statement = "SELECT detail FROM sync_quarantine WHERE record_id = :id"
    assert all(each in str(diary.sql(statement, id=record)) for each in twins)


def test_the_first_key_that_finds_something_tells(by_uid: Diary) -> None:
    event(by_uid)
    known = event(
        by_uid, Subject="Moved", StartDateTime="2026-03-09T09:00:00Z", Meeting_Type__c="uid-1", Recording_URL__c=FIRST
    )
    record = by_uid.meeting(provider_uid="uid-1", original_starts_at="2026-03-02 09:00:00+00:00")

    by_uid.push()

    assert by_uid.meetings.links() == [(record, known)]
    assert by_uid.events()[known]["Subject"] == "Demo"


def test_the_next_key_speaks_where_the_first_finds_nothing(by_uid: Diary) -> None:
    known = event(by_uid)
    record = by_uid.meeting(provider_uid="uid-2", original_starts_at="2026-03-02 09:00:00+00:00")

    by_uid.push()

    assert by_uid.meetings.links() == [(record, known)]


@pytest.mark.guarantee("G20")
def test_a_title_that_is_cut_matches_the_event_that_shows_it_cut(diary: Diary) -> None:
    record = diary.meeting(title="Quarterly review " * 50)
    diary.push()
    diary.sql("DELETE FROM sync_links WHERE internal_id = :id AND mapping = 'salesforce_event'", id=record)
    diary.edit(record, location="Room 1")

    assert diary.push().counts["linked"] == 1
    assert len(diary.events()) == 1
