"""Events: when they take place, whom they are about, and who is invited."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api

START, END = "2026-08-03T10:00:00.000+0000", "2026-08-03T11:00:00.000+0000"
LISTS = ("AcceptedEventInviteeIds", "DeclinedEventInviteeIds", "UndecidedEventInviteeIds")


def event(**values: Any) -> dict[str, Any]:
    return {"Subject": "Demo", "StartDateTime": START, "EndDateTime": END, **values}


def created(api: Api, **values: Any) -> str:
    answer = api.post("/sobjects/Event", event(**values))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def invitees(api: Api, event_id: str) -> list[list[str] | None]:
    (record,) = api.query(f"SELECT {', '.join(LISTS)} FROM Event WHERE Id = '{event_id}'")["records"]  # noqa: S608 - SOQL
    return [record[name] for name in LISTS]


@pytest.fixture
def people(salesforce: Salesforce) -> list[str]:
    contact = salesforce.edit("Contact", LastName="Ada")
    lead = salesforce.edit("Lead", LastName="Emmy", Company="Göttingen")
    return [contact, lead, salesforce.org.people_id]


def test_start_and_end_give_the_duration_and_the_dates(api: Api) -> None:
    record = api.get(f"/sobjects/Event/{created(api)}").json()
    assert (record["DurationInMinutes"], record["ActivityDateTime"]) == (60, START)
    assert (record["ActivityDate"], record["EndDate"]) == ("2026-08-03", "2026-08-03")


def test_event_and_invitees_are_created_in_one_call(api: Api, people: list[str]) -> None:
    contact, lead, user = people
    made = created(api, AcceptedEventInviteeIds=[contact], UndecidedEventInviteeIds=[lead, user])
    assert invitees(api, made) == [[contact], None, [lead, user]]
    rows = api.query(f"SELECT RelationId, Status FROM EventRelation WHERE EventId = '{made}'")["records"]  # noqa: S608 - SOQL
    assert {row["RelationId"]: row["Status"] for row in rows} == {contact: "Accepted", lead: "New", user: "New"}


def test_lists_are_written_and_read_in_collections(api: Api, people: list[str]) -> None:
    contact, lead, user = people
    record = {"attributes": {"type": "Event"}, **event(UndecidedEventInviteeIds=[contact, lead, user])}
    made = api.post("/composite/sobjects", {"records": [record]}).json()[0]["id"]
    change = {"attributes": {"type": "Event"}, "id": made, "DeclinedEventInviteeIds": [lead]}
    assert api.patch("/composite/sobjects", {"records": [change]}).json()[0]["success"]
    (found,) = api.post("/composite/sobjects/Event", {"ids": [made], "fields": list(LISTS)}).json()
    assert [found[name] for name in LISTS] == [None, [lead], [contact, user]]


def test_null_removes_everybody_in_a_list(api: Api, people: list[str]) -> None:
    made = created(api, AcceptedEventInviteeIds=people)
    assert api.patch(f"/sobjects/Event/{made}", {"AcceptedEventInviteeIds": None}).status_code == 204
    assert invitees(api, made) == [None, None, None]


def test_a_wrong_invitee_undoes_the_event_too(api: Api, salesforce: Salesforce, people: list[str]) -> None:
    account = salesforce.edit("Account", Name="Analytical Engines")
    refusal = api.post("/sobjects/Event", event(UndecidedEventInviteeIds=[people[0], account])).json()[0]
    assert (refusal["errorCode"], refusal["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["UndecidedEventInviteeIds"])
    assert salesforce.store.count("Event") == salesforce.store.count("EventRelation") == 0
