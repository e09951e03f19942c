"""Events: when they take place, and whom and what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api
from tests.sandbox.meetings import END, LISTS, START, created, event, people

__all__ = ["people"]


def test_start_and_end_give_the_duration_and_the_dates(api: Api) -> None:
    record = api.get(f"/sobjects/Event/{created(api)}").json()
    assert (record["DurationInMinutes"], record["ActivityDateTime"]) == (60, START)
    assert (record["ActivityDate"], record["EndDate"]) == ("2026-08-03", "2026-08-03")


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"StartDateTime": None}, "REQUIRED_FIELD_MISSING", "StartDateTime"),
        ({"EndDateTime": None}, "REQUIRED_FIELD_MISSING", "EndDateTime"),
        ({"DurationInMinutes": 30}, "FIELD_INTEGRITY_EXCEPTION", "DurationInMinutes"),
        ({"EndDateTime": None, "DurationInMinutes": 1441}, "FIELD_INTEGRITY_EXCEPTION", "DurationInMinutes"),
        ({"EndDateTime": None, "DurationInMinutes": -1}, "FIELD_INTEGRITY_EXCEPTION", "DurationInMinutes"),
        ({"EndDateTime": "2026-08-04T10:01:00Z"}, "FIELD_INTEGRITY_EXCEPTION", "EndDateTime"),
        ({"EndDateTime": "2026-08-03T09:59:00Z"}, "FIELD_INTEGRITY_EXCEPTION", "EndDateTime"),
        ({"ActivityDateTime": END}, "FIELD_INTEGRITY_EXCEPTION", "ActivityDateTime"),
        ({"ActivityDate": "2026-08-04"}, "FIELD_INTEGRITY_EXCEPTION", "ActivityDate"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG", "Subject"),
        ({"Description": "x" * 32_001}, "STRING_TOO_LONG", "Description"),
        ({"ShowAs": "Elsewhere"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "ShowAs"),
        ({"AccountId": "001000000000001AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "AccountId"),
        ({"IsRecurrence": True}, "NOT_SUPPORTED_HERE", None),
        ({"Recurrence2PatternText": "RRULE:FREQ=DAILY"}, "NOT_SUPPORTED_HERE", None),
    ],
)
def test_an_event_that_does_not_fit_is_refused(api: Api, values: dict[str, Any], code: str, field: str | None) -> None:
    refusal = api.post("/sobjects/Event", event(**values)).json()[0]
    assert (refusal["errorCode"], refusal.get("fields")) == (code, [field] if field else None)


@pytest.mark.parametrize(
    "values",
    [
        {"DurationInMinutes": 60},
        {"EndDateTime": None, "DurationInMinutes": 1440},
        {"ActivityDateTime": START, "ActivityDate": "2026-08-03"},
        {"StartDateTime": None, "ActivityDateTime": START},
        {"EndDateTime": START},
    ],
)
def test_an_event_that_fits_is_saved(api: Api, values: dict[str, Any]) -> None:
    assert api.post("/sobjects/Event", event(**values)).status_code == 201


def test_the_message_of_a_wrong_duration(api: Api) -> None:
    refusal = api.post("/sobjects/Event", event(EndDateTime=None, DurationInMinutes=1441)).json()[0]
    assert refusal["message"] == "Duration must be between 0 and 1440 minutes"


def test_an_event_of_several_days_wants_its_feature(api: Api, salesforce: Salesforce) -> None:
    salesforce.org.switch_on("multiday_events")
    assert api.post("/sobjects/Event", event(EndDateTime="2026-08-17T10:00:00Z")).status_code == 201
    refusal = api.post("/sobjects/Event", event(EndDateTime="2026-08-17T10:01:00Z")).json()[0]
    assert refusal["message"] == "Duration must be between 0 and 20160 minutes"


@pytest.mark.parametrize(
    ("values", "minutes", "end"),
    [
        ({"ActivityDate": "2026-08-03"}, 1440, "2026-08-03"),
        ({"StartDateTime": "2026-08-03T00:00:00Z"}, 1440, "2026-08-03"),
        ({"StartDateTime": "2026-08-03T00:00:00Z", "EndDateTime": "2026-08-05T00:00:00Z"}, 4320, "2026-08-05"),
        ({"StartDateTime": "2026-08-03T00:00:00Z", "DurationInMinutes": 2880}, 2880, "2026-08-04"),
    ],
)
def test_an_all_day_event_has_days(
    api: Api, salesforce: Salesforce, values: dict[str, Any], minutes: int, end: str
) -> None:
    salesforce.org.switch_on("multiday_events")
    made = api.post("/sobjects/Event", {"IsAllDayEvent": True, **values}).json()["id"]
    record = api.get(f"/sobjects/Event/{made}").json()
    assert (record["StartDateTime"], record["ActivityDateTime"]) == ("2026-08-03T00:00:00.000+0000", None)
    assert (record["DurationInMinutes"], record["EndDateTime"]) == (minutes, f"{end}T00:00:00.000+0000")
    assert (record["ActivityDate"], record["EndDate"]) == ("2026-08-03", end)


def test_a_later_start_takes_the_end_along(api: Api) -> None:
    made = created(api)
    api.patch(f"/sobjects/Event/{made}", {"StartDateTime": "2026-08-04T12:00:00Z"})
    record = api.get(f"/sobjects/Event/{made}").json()
    assert (record["EndDateTime"], record["DurationInMinutes"]) == ("2026-08-04T13:00:00.000+0000", 60)
    assert record["ActivityDate"] == "2026-08-04"
    api.patch(f"/sobjects/Event/{made}", {"EndDateTime": "2026-08-04T12:15:00Z"})
    assert api.get(f"/sobjects/Event/{made}").json()["DurationInMinutes"] == 15


def test_the_subtype_is_set_once(api: Api) -> None:
    made = created(api, EventSubtype="Event")
    refusal = api.patch(f"/sobjects/Event/{made}", {"EventSubtype": None}).json()[0]
    assert refusal["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_an_event_belongs_to_an_account_through_what_or_whom_it_is_about(api: Api, salesforce: Salesforce) -> None:
    account, other = (salesforce.edit("Account", Name=name) for name in ("Analytical", "Difference"))
    contact = salesforce.edit("Contact", LastName="Ada", AccountId=account)
    deal = salesforce.edit("Opportunity", Name="Ship", StageName="Prospecting", CloseDate="2026-08-31", AccountId=other)
    campaign = salesforce.edit("Campaign", Name="Fair")
    for about, expected in (
        ({"WhoId": contact}, account),
        ({"WhatId": deal, "WhoId": contact}, other),
        ({"WhatId": account}, account),
        ({"WhatId": campaign, "WhoId": contact}, account),
        ({"WhatId": campaign}, None),
    ):
        made = created(api, **about)
        assert api.get(f"/sobjects/Event/{made}").json()["AccountId"] == expected


def test_whom_and_what_an_event_may_be_about(api: Api, salesforce: Salesforce, people: list[str]) -> None:
    contact, lead, user = people
    account = salesforce.edit("Account", Name="Analytical Engines")
    for about, code in (
        ({"WhoId": lead, "WhatId": account}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhoId": account}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhatId": lead}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhoId": user}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhoId": contact, "IsPrivate": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"WhatId": "nonsense"}, "MALFORMED_ID"),
    ):
        assert api.post("/sobjects/Event", event(**about)).json()[0]["errorCode"] == code
    refusal = api.post("/sobjects/Event", event(WhatId=lead)).json()[0]
    assert refusal["message"] == f"Related To ID: id value of incorrect type: {lead}"
    salesforce.perform("convert", "Lead", lead)
    for named in ({"WhoId": lead}, {"AcceptedEventInviteeIds": [lead]}):
        assert api.post("/sobjects/Event", event(**named)).json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_the_owner_must_be_active(api: Api, salesforce: Salesforce) -> None:
    store = salesforce.store
    left = store.insert_many("User", [{"LastName": "Left", "IsActive": False}], by=salesforce.org.user_id)[0]
    refusal = api.post("/sobjects/Event", event(OwnerId=left)).json()[0]
    assert (refusal["errorCode"], refusal["fields"]) == ("INACTIVE_OWNER_OR_USER", ["OwnerId"])


def test_the_description_is_not_filtered_and_lists_neither(api: Api) -> None:
    for name in ("Description", "AcceptedEventInviteeIds"):
        assert api.refusal(f"SELECT Id FROM Event WHERE {name} = 'x'")["errorCode"] == "INVALID_FIELD"  # noqa: S608 - SOQL


def test_lists_are_described_as_junctions_and_not_as_fields(api: Api) -> None:
    described = api.get("/sobjects/Event/describe").json()
    names = {field["name"] for field in described["fields"]}
    assert not names.intersection({*LISTS, "ParentEventId"})
    junctions = {tuple(each["junctionIdListNames"]): each for each in described["childRelationships"]}
    assert {(name,) for name in LISTS} == junctions.keys() - {()}
    assert junctions[LISTS[0],]["junctionReferenceTo"] == ["Calendar", "Contact", "Lead", "User"]


def test_activities_share_the_fields_of_their_administrator(api: Api, salesforce: Salesforce) -> None:
    salesforce.org.switch_on("activity_key")
    salesforce.org.add_metadata({"Activity": {"Room__c": {"type": "string", "label": "Room", "length": 10}}})
    for name in ("Event", "Task"):
        fields = {field["name"]: field for field in api.get(f"/sobjects/{name}/describe").json()["fields"]}
        assert {"Canceled__c", "No_Show__c", "Meeting_Type__c", "Booked_On__c", "Room__c"} <= fields.keys()
        assert fields["Modstamp_Key__c"]["externalId"]
    path = "/sobjects/Event/Modstamp_Key__c/evt:1"
    answers = [api.patch(path, event(Subject=subject)) for subject in ("Demo", "Again")]
    assert [answer.status_code for answer in answers] == [201, 200]


def test_an_archived_event_is_shown_by_queries_for_all_alone(api: Api, salesforce: Salesforce) -> None:
    made = created(api)
    salesforce.perform("archive", "Event", made)
    assert api.query("SELECT Id FROM Event")["totalSize"] == 0
    assert api.query("SELECT Id FROM Event", resource="queryAll")["totalSize"] == 1


def test_lists_are_refused_plainly_in_jobs(api: Api) -> None:
    job = api.post("/jobs/ingest", {"object": "Event", "operation": "insert"}).json()["id"]
    rows = f"Subject,StartDateTime,EndDateTime,AcceptedEventInviteeIds\nOne,{START},{END},x\nTwo,{START},{END},\n"
    assert api.call("PUT", f"/jobs/ingest/{job}/batches", data=rows).status_code == 201
    api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    while api.get(f"/jobs/ingest/{job}").json()["state"] != "JobComplete":
        pass
    failed = api.get(f"/jobs/ingest/{job}/failedResults").text
    assert "INVALID_TYPE_ON_FIELD_IN_RECORD" in failed
    assert "not supported here: AcceptedEventInviteeIds as text" in failed
    assert api.query("SELECT Subject FROM Event")["records"][0]["Subject"] == "Two"
