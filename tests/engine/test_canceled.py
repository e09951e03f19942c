"""A meeting that is canceled, moved or not attended: what becomes of its Event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.meetings import EVENT, MAPPING, Diary

FLAG = {"internal": "canceled", "external": "Canceled__c", "direction": "out"}
NO_SHOW = {"internal": "no_show", "external": "No_Show__c", "direction": "out"}


def canceled(diary: Diary, policy: str, **values: Any) -> str:
    """A meeting that has an Event, and has been canceled."""
    outbound = {
        "create": {"when": {"field": "canceled", "operator": "is", "value": False}},
        "update": True,
        "delete": True,
    }
    diary.meetings.change_mapping(fields=[*MAPPING["fields"], FLAG, NO_SHOW], on_cancel=policy, outbound=outbound)
    record = diary.meeting(**values)
    diary.push()
    assert diary.event()["Canceled__c"] is False
    diary.edit(record, canceled=True)
    return record


@pytest.mark.requirement("OMS-024")
def test_the_event_is_flagged_and_stays(diary: Diary) -> None:
    canceled(diary, "flag")
    diary.push()
    assert diary.event()["Canceled__c"] is True


def test_the_event_is_deleted(diary: Diary) -> None:
    record = canceled(diary, "delete")
    assert diary.push().counts["deleted"] == 1
    assert diary.events() == {}

    diary.edit(record, title="Canceled: demo")
    diary.push()
    assert diary.events() == {}
    diary.edit(record, canceled=False)
    diary.push()
    assert diary.event()["Subject"] == "Canceled: demo"


def test_the_event_is_flagged_before_it_is_deleted(diary: Diary) -> None:
    canceled(diary, "flag_and_delete")
    counts = diary.push().counts
    assert (counts["updated"], counts["deleted"]) == (1, 1)
    assert diary.events() == {}
    assert [values["Canceled__c"] for values in diary.meetings.system.deleted(EVENT).values()] == [True]
    assert diary.meetings.pending("pushing") == []


def test_the_event_is_left_alone_until_the_meeting_takes_place_again(diary: Diary) -> None:
    record = canceled(diary, "leave", title="Demo")
    diary.edit(record, title="Canceled: demo")
    diary.push()
    assert diary.event()["Subject"] == "Demo"
    assert diary.event()["Canceled__c"] is False

    diary.edit(record, title="Demo again", canceled=False)
    diary.push()
    assert diary.event()["Subject"] == "Demo again"


@pytest.mark.guarantee("G30")
def test_a_policy_that_changes_looks_at_what_was_canceled_before(diary: Diary) -> None:
    canceled(diary, "flag")
    diary.push()

    diary.meetings.change_mapping(on_cancel="delete")
    diary.push()
    diary.push()

    assert diary.events() == {}


@pytest.mark.guarantee("G6")
def test_an_event_that_may_not_be_flagged_is_not_deleted_and_is_not_tried_again(diary: Diary) -> None:
    canceled(diary, "flag_and_delete")
    diary.meetings.system.rules.append(lambda _, values: "no" if values.get("Canceled__c") else None)
    assert diary.push().counts["quarantined"] == 1
    assert diary.event()["Canceled__c"] is False
    assert diary.meetings.pending("pushing") == []
    assert diary.push().counts.get("seen", 0) == 0


@pytest.mark.guarantee("G28")
@pytest.mark.parametrize("policy", ["delete", "flag_and_delete"])
def test_the_brakes_count_what_is_deleted_for_being_canceled(diary: Diary, policy: str) -> None:
    canceled(diary, policy)
    diary.meetings.change_mapping(limits={"delete": {"records": 0}})

    assert diary.push().held

    assert len(diary.events()) == 1


@pytest.mark.requirement("OMS-023")
def test_a_meeting_that_moves_stays_the_same_event(diary: Diary) -> None:
    record = diary.meeting()
    diary.push()
    (event,) = diary.events()

    diary.edit(record, starts_at="2026-03-05 09:00:00+00:00", ends_at="2026-03-05 10:00:00+00:00")
    diary.push()

    assert diary.events().keys() == {event}
    assert diary.event()["StartDateTime"] == "2026-03-05T09:00:00Z"
