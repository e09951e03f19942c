"""The chaos driver's verdict on meetings and activities: it must see what a sync does wrong, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bench.chaos.counterparts import Invited, Row, Sight
from bench.chaos.diary import KINDS, Happening, name_in
from bench.chaos.reckoning import ALONG, UNSEEN, Reckoning

OURS, PEOPLE = "005OURS", "005PEOPLE"
MEETING: Row = {
    "id": 1,
    "provider_uid": "meeting1",
    "title": "meeting1 Demo",
    "location": None,
    "description": "meeting1 first",
    "starts_at": datetime(2027, 1, 5, 8, tzinfo=UTC),
    "ends_at": datetime(2027, 1, 5, 9, tzinfo=UTC),
    "all_day": False,
    "user_id": 3,
    "prospect_id": 7,
    "opportunity_id": 5,
    "is_organizer": True,
    "canceled": False,
    "no_show": False,
    "booked_by_prospect": False,
    "meeting_type_name": None,
    "source": "App",
    "attributed_sequence_name": None,
    "recording_url": None,
    "recording_object": None,
    "recording_summary": None,
    "accepted_invitees": '["prospect:7","user:4"]',
    "declined_invitees": "[]",
    "undecided_invitees": '["prospect:99"]',
}
EVENT: Row = {
    "Id": "00U1",
    "Subject": "meeting1 Demo",
    "Location": None,
    "Description": "meeting1 first",
    "StartDateTime": "2027-01-05T08:00:00.000+0000",
    "EndDateTime": "2027-01-05T09:00:00.000+0000",
    "IsAllDayEvent": False,
    "OwnerId": "0053",
    "WhoId": "0037",
    "WhatId": "0065",
    "Canceled__c": False,
    "No_Show__c": False,
    "Booked_By_Prospect__c": False,
    "Source__c": "App",
    "AcceptedEventInviteeIds": {"0037", "0054"},
    "CreatedById": OURS,
    "LastModifiedById": OURS,
}
CALL: Row = {
    "id": 1,
    "phone": "call1",
    "note": "call1 first",
    "called_at": datetime(2026, 11, 2, 23, 30, tzinfo=UTC),
    "duration_seconds": 30,
    "disposition": "spoken",
    "purpose": None,
    "direction": "inbound",
    "user_id": 3,
    "prospect_id": 8,
    "opportunity_id": 5,
}
TASK: Row = {
    "Id": "00T1",
    "Subject": "Call: spoken",
    "Description": "call1 first",
    "ActivityDate": "2026-11-02",
    "CallDurationInSeconds": 30,
    "CallDisposition": "spoken",
    "CallType": "Inbound",
    "Status": "Completed",
    "Type": "Call",
    "TaskSubtype": "Call",
    "Priority": "Normal",
    "OwnerId": "0053",
    "WhoId": "00Q8",
    "WhatId": None,
    "CreatedById": OURS,
    "LastModifiedById": OURS,
}
LINKED = {
    "user:3": "0053",
    "user:4": "0054",
    "prospect:7": "0037",
    "prospect:8": "00Q8",
    "opportunity:5": "0065",
}


class Case:
    """One meeting and one call, both in step, until a test changes that."""

    def __init__(self) -> None:
        self.meeting, self.call = Happening("meeting1", KINDS["meeting"]), Happening("call1", KINDS["call"])
        self.sight = Sight(
            inside={"meeting1": [dict(MEETING)], "call1": [dict(CALL)]},
            outside={"meeting1": [dict(EVENT)], "call1": [dict(TASK)]},
            links={("salesforce_event", "00U1"): "1", ("salesforce_task_calls", "00T1"): "1"},
            people=dict(LINKED),
        )
        self.waiting: dict[str, list[str]] = {}

    def found(self, *, deletes: bool = False, recreates: bool = False) -> list[str]:
        """Kinds of what is found."""
        reckoning = Reckoning(
            self.sight, self.waiting, OURS, organizers_only=True, deletes=deletes, recreates=recreates
        )
        return [each.kind for each in reckoning.judge({each.name: each for each in (self.meeting, self.call)})]

    def change(self, place: dict[str, list[Row]], name: str, **values: Any) -> None:
        place[name][0] |= values


@pytest.fixture
def case() -> Case:
    return Case()


def test_what_is_in_step_is_fine(case: Case) -> None:
    assert case.found() == []


@pytest.mark.parametrize("name", sorted(EVENT.keys() - {"Id", "CreatedById", "LastModifiedById"}))
def test_every_field_of_an_event_is_compared(case: Case, name: str) -> None:
    other = {"AcceptedEventInviteeIds": {"0037"}, "StartDateTime": "2027-01-05T08:15:00Z"}
    case.change(case.sight.outside, "meeting1", **{name: other.get(name, True if EVENT[name] is False else "else")})
    if name == "EndDateTime":
        case.change(case.sight.outside, "meeting1", EndDateTime="2027-01-05T09:15:00Z")
    assert case.found() == ["disagreeing"]


@pytest.mark.parametrize("name", sorted(TASK.keys() - {"Id", "CreatedById", "LastModifiedById"}))
def test_every_field_of_a_task_is_compared(case: Case, name: str) -> None:
    case.change(case.sight.outside, "call1", **{name: "else"})
    assert case.found() == ["disagreeing"]


def test_an_event_that_is_missing_is_lost(case: Case) -> None:
    del case.sight.outside["meeting1"]
    assert case.found() == ["lost"]


def test_an_event_too_many_is_doubled(case: Case) -> None:
    case.sight.outside["meeting1"].append(EVENT | {"Id": "00U2"})
    assert case.found() == ["doubled"]


def test_an_event_that_was_made_again_before_its_person_came_back_is_told(case: Case) -> None:
    case.sight.outside["meeting1"].append(EVENT | {"Id": "00U2", "LastModifiedById": PEOPLE})
    assert case.found() == ["doubled"]
    case.meeting.wrong = False
    case.sight.former["meeting:1"] = {"00U2"}
    assert case.found() == [UNSEEN]


def test_copies_are_one_event(case: Case) -> None:
    copy = MEETING | {"id": 2, "user_id": 4, "is_organizer": False}
    case.sight.inside["meeting1"].append(copy)
    assert case.found() == []
    case.sight.outside["meeting1"].append(EVENT | {"Id": "00U2"})
    assert case.found() == ["doubled"]


def test_what_was_noted_twice_is_there_twice(case: Case) -> None:
    case.sight.inside["call1"].append(CALL | {"id": 2})
    assert case.found() == ["lost"]
    case.call.wrong = False
    case.sight.outside["call1"].append(TASK | {"Id": "00T2"})
    case.sight.links["salesforce_task_calls", "00T2"] = "2"
    assert case.found() == []


def test_what_no_mapping_lets_out_need_not_be_there(case: Case) -> None:
    case.sight.outside.clear()
    case.change(case.sight.inside, "meeting1", canceled=True)
    case.change(case.sight.inside, "call1", prospect_id=None)
    assert case.found() == []


def test_what_was_sent_once_stays(case: Case) -> None:
    assert case.found() == []
    case.change(case.sight.inside, "meeting1", canceled=True)
    del case.sight.outside["meeting1"]
    assert case.found() == ["lost"]


def test_what_waits_for_somebody_without_a_counterpart_is_accounted_for(case: Case) -> None:
    case.sight.outside.clear()
    case.change(case.sight.inside, "meeting1", prospect_id=99)
    case.change(case.sight.inside, "call1", prospect_id=99)
    reason = "pending salesforce_event: waits for prospect:99"
    case.waiting = {"meeting1": [reason], "call1": [reason]}
    assert case.found() == []


def test_what_waits_for_somebody_who_is_there_is_stuck(case: Case) -> None:
    del case.sight.outside["meeting1"]
    case.waiting = {"meeting1": ["pending salesforce_event: waits for prospect:7"]}
    assert case.found() == ["stuck"]


def test_what_was_refused_is_stuck(case: Case) -> None:
    del case.sight.outside["call1"]
    case.waiting = {"call1": ["quarantine salesforce_task_calls: rejected X: no"]}
    assert case.found() == ["stuck"]


def test_what_people_deleted_may_be_gone_and_may_not_come_back(case: Case) -> None:
    gone = case.sight.outside.pop("meeting1")
    case.sight.bin["meeting1"] = [gone[0] | {"LastModifiedById": PEOPLE}]
    case.sight.links.pop(("salesforce_event", "00U1"))
    case.meeting.removed = {"00U1"}
    assert case.found() == []
    case.sight.outside["meeting1"] = [EVENT | {"Id": "00U2"}]
    case.sight.links["salesforce_event", "00U2"] = "1"
    assert case.found() == ["resurrected"]
    case.meeting.wrong = False
    assert case.found(recreates=True) == []


def test_what_we_deleted_ourselves_is_lost_unless_its_person_went(case: Case) -> None:
    case.sight.bin["meeting1"] = case.sight.outside.pop("meeting1")
    assert case.found() == ["lost"]
    case.meeting.wrong = False
    case.sight.gone["0037"] = None
    assert case.found() == [ALONG]


def test_what_is_deleted_inside_goes_or_stays_as_the_mapping_says(case: Case) -> None:
    case.sight.inside["meeting1"] = []
    case.sight.links.pop(("salesforce_event", "00U1"))
    assert case.found() == []
    assert case.found(deletes=True) == ["disagreeing"]
    case.meeting.wrong, case.meeting.sent = False, True
    case.sight.bin["meeting1"] = case.sight.outside.pop("meeting1")
    assert case.found() == ["lost"]


def test_what_people_entered_and_nothing_was_linked_to_stays(case: Case) -> None:
    case.sight.inside["meeting1"] = []
    case.sight.links.pop(("salesforce_event", "00U1"))
    case.change(case.sight.outside, "meeting1", CreatedById=PEOPLE)
    assert case.found(deletes=True) == []
    case.sight.former["meeting:1"] = {"00U1"}
    assert case.found(deletes=True) == ["disagreeing"]


def test_who_was_deleted_outside_and_made_anew_may_be_missing_on_his_meetings(case: Case) -> None:
    case.change(case.sight.outside, "meeting1", AcceptedEventInviteeIds={"0037"})
    assert case.found() == ["disagreeing"]
    case.meeting.wrong = False
    case.sight.former["user:4"] = {"0050"}
    assert case.found() == ["disagreeing"]  # it is still there under another id, say as a Contact
    case.meeting.wrong = False
    case.sight.gone["0050"] = None
    assert case.found() == []


def test_of_a_description_that_people_changed_the_last_edit_may_stand(case: Case) -> None:
    case.meeting.edited = ["meeting1 noted 1", "meeting1 noted 2"]
    case.change(case.sight.outside, "meeting1", Description="meeting1 noted 2")
    assert case.found() == []
    case.change(case.sight.outside, "meeting1", Description="meeting1 noted 1")
    assert case.found() == ["disagreeing"]


def test_an_event_without_a_link_is_seen(case: Case) -> None:
    case.sight.links.clear()
    del case.sight.inside["call1"], case.sight.outside["call1"]
    assert case.found() == ["disagreeing"]
    case.meeting.wrong = False
    case.change(case.sight.outside, "meeting1", LastModifiedById=PEOPLE)
    assert case.found() == [UNSEEN]


def test_what_nobody_noted_is_doubled(case: Case) -> None:
    case.sight.outside["meeting9"] = [EVENT | {"Id": "00U9"}]
    case.sight.strays.append(EVENT | {"Id": "00U8"})
    assert case.found() == ["doubled", "doubled"]


def test_a_day_ends_on_its_last_day_and_a_task_on_its_own() -> None:
    case = Case()
    day = {"starts_at": datetime(2027, 1, 5, tzinfo=UTC), "ends_at": datetime(2027, 1, 6, tzinfo=UTC), "all_day": True}
    case.change(case.sight.inside, "meeting1", **day)
    midnight = "2027-01-05T00:00:00.000+0000"
    case.change(case.sight.outside, "meeting1", StartDateTime=midnight, EndDateTime=midnight, IsAllDayEvent=True)
    assert case.found() == []


def test_who_was_merged_may_stand_there_as_somebody_else() -> None:
    invited = Invited(frozenset({"1"}), frozenset({"2"}))
    assert [invited.agrees(each) for each in ({"1"}, {"1", "2"}, {"2"}, {"1", "3"})] == [True, True, False, False]


def test_a_name_is_found_in_either_text() -> None:
    assert name_in({"Subject": "Text message sent", "Description": "TEXT12 first"}) == "text12"
    assert name_in({"Subject": "Call", "Description": "touched"}) is None


def test_whom_nobody_names_any_longer_may_stay(case: Case) -> None:
    case.change(case.sight.inside, "meeting1", prospect_id=None)
    assert case.found() == []
    case.change(case.sight.outside, "meeting1", WhoId="00Q9")
    assert case.found() == ["disagreeing"]  # a Lead beside an opportunity
    case.meeting.wrong = False
    case.change(case.sight.outside, "meeting1", WhatId=None)
    assert case.found() == []


def test_beside_somebody_who_is_held_the_opportunity_may_be_missing(case: Case) -> None:
    case.change(case.sight.outside, "meeting1", WhatId=None, AcceptedEventInviteeIds={"0054"})
    assert case.found() == ["disagreeing"]
    case.meeting.wrong = False
    del case.sight.people["prospect:7"]
    assert case.found() == []


def test_what_people_have_entered_need_not_be_linked_yet(case: Case) -> None:
    case.sight.links.pop(("salesforce_event", "00U1"))
    case.meeting.entered = True
    assert case.found() == []
