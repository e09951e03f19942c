"""Who is invited to an event, and whom its activities belong to when people are converted or merged."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api
from tests.sandbox.meetings import END, LISTS, START, created, event, invitees, people

__all__ = ["people"]


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


def test_a_user_who_is_invited_has_an_event_of_his_own(api: Api, people: list[str]) -> None:
    contact, _, user = people
    made = created(api, UndecidedEventInviteeIds=[contact, user], Location="Room 1")
    (child,) = api.query("SELECT Id, OwnerId, Location, IsGroupEvent FROM Event WHERE IsChild = true")["records"]
    assert (child["OwnerId"], child["Location"], child["IsGroupEvent"]) == (user, "Room 1", True)
    assert api.get(f"/sobjects/Event/{made}").json()["GroupEventType"] == "1"
    path = f"/sobjects/Event/{child['Id']}"
    assert api.patch(path, {"Subject": "Mine"}).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert api.patch(path, {"IsReminderSet": True, "ReminderDateTime": START}).status_code == 204
    api.patch(f"/sobjects/Event/{made}", {"Subject": "Moved"})
    record = api.get(path).json()
    assert (record["Subject"], record["IsReminderSet"]) == ("Moved", True)
    api.patch(f"/sobjects/Event/{made}", {"UndecidedEventInviteeIds": [contact]})
    assert api.get(path).status_code == 404


def test_child_events_and_invitations_go_with_their_event_and_come_back(
    api: Api, salesforce: Salesforce, people: list[str]
) -> None:
    made = created(api, UndecidedEventInviteeIds=people)
    api.call("DELETE", f"/sobjects/Event/{made}")
    assert salesforce.store.count("Event", "IsDeleted = 0") == 0
    assert salesforce.store.count("EventRelation", "IsDeleted = 0") == 0
    salesforce.perform("undelete", "Event", made)
    assert salesforce.store.count("Event", "IsDeleted = 0") == 2
    assert salesforce.store.count("EventRelation", "IsDeleted = 0") == 3


def test_a_user_who_deletes_his_own_event_has_declined(api: Api, people: list[str]) -> None:
    made = created(api, UndecidedEventInviteeIds=people)
    (child,) = api.query("SELECT Id FROM Event WHERE IsChild = true")["records"]
    api.call("DELETE", f"/sobjects/Event/{child['Id']}")
    assert invitees(api, made) == [None, [people[2]], people[:2]]


@pytest.mark.parametrize(
    ("values", "reset"),
    [
        ({"StartDateTime": "2026-08-04T10:00:00Z"}, True),
        ({"EndDateTime": "2026-08-03T12:00:00Z"}, True),
        ({"Location": "Room 2"}, True),
        ({"IsAllDayEvent": True}, True),
        ({"Subject": "Other"}, False),
        ({"StartDateTime": START, "EndDateTime": END, "Location": None}, False),
    ],
)
def test_another_time_or_place_wants_new_answers(
    api: Api, people: list[str], values: dict[str, Any], *, reset: bool
) -> None:
    made = created(api, AcceptedEventInviteeIds=people[:1], DeclinedEventInviteeIds=people[1:])
    assert api.patch(f"/sobjects/Event/{made}", values).status_code == 204
    assert invitees(api, made) == ([None, None, people] if reset else [people[:1], people[1:], None])


def test_answers_that_come_with_another_time_count(api: Api, people: list[str]) -> None:
    made = created(api, AcceptedEventInviteeIds=people)
    api.patch(f"/sobjects/Event/{made}", {"Location": "Room 2", "AcceptedEventInviteeIds": people[:2]})
    assert invitees(api, made) == [people[:2], None, people[2:]]


def test_invitees_are_named_once_and_are_at_most_a_thousand(api: Api, salesforce: Salesforce) -> None:
    rows = [{"LastName": str(number)} for number in range(1_001)]
    contacts = salesforce.store.insert_many("Contact", rows, by=salesforce.org.user_id)
    twice = event(AcceptedEventInviteeIds=contacts[:1], DeclinedEventInviteeIds=contacts[:1])
    assert api.post("/sobjects/Event", twice).json()[0]["errorCode"] == "DUPLICATE_VALUE"
    many = event(AcceptedEventInviteeIds=contacts[:500], DeclinedEventInviteeIds=contacts[500:])
    assert api.post("/sobjects/Event", many).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    made = created(api, AcceptedEventInviteeIds=contacts[:1_000])
    one_more = {"EventId": made, "RelationId": contacts[1_000]}
    assert api.post("/sobjects/EventRelation", one_more).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_relations_are_written_one_by_one_too(api: Api, salesforce: Salesforce, people: list[str]) -> None:
    contact, _, user = people
    made = created(api)
    rows = [{"EventId": made, "RelationId": each, "Status": "Accepted"} for each in (contact, user)]
    relations = [api.post("/sobjects/EventRelation", row).json()["id"] for row in rows]
    assert invitees(api, made) == [[contact, user], None, None]
    (child,) = api.query("SELECT Id FROM Event WHERE IsChild = true")["records"]
    for row in (rows[0], {"EventId": child["Id"], "RelationId": contact}):
        assert api.post("/sobjects/EventRelation", row).status_code == 400
    api.patch(f"/sobjects/EventRelation/{relations[0]}", {"Status": "Declined"})
    api.call("DELETE", f"/sobjects/EventRelation/{relations[1]}")
    assert invitees(api, made) == [None, [contact], None]
    assert salesforce.store.count("Event", "IsDeleted = 0") == 1


def test_shared_activities_are_about_several_people(api: Api, salesforce: Salesforce, people: list[str]) -> None:
    salesforce.org.switch_on("shared_activities")
    contact, lead, _ = people
    others = [salesforce.edit("Contact", LastName=name) for name in ("Grace", "Mary")]
    made = created(api, EventWhoIds=[contact, others[0]], AcceptedEventInviteeIds=[others[0]])

    def about() -> tuple[Any, ...]:
        record = api.query("SELECT WhoId, EventWhoIds, WhoCount FROM Event")["records"][0]
        return record["WhoId"], record["EventWhoIds"], record["WhoCount"]

    def change(**values: Any) -> None:
        assert api.patch(f"/sobjects/Event/{made}", values).status_code == 204

    assert about() == (contact, [contact, others[0]], 2)
    change(WhoId=others[1])
    assert about() == (others[1], [contact, others[0], others[1]], 3)
    change(EventWhoIds=None)
    assert about() == (others[1], [others[1]], 1)
    assert invitees(api, made) == [[others[0]], None, None]
    change(EventWhoIds=[others[0], contact])
    assert about()[0] == others[0]
    change(WhoId=None)
    assert about() == (contact, [contact], 1)
    for wrong in ([lead, contact], [salesforce.org.user_id], [contact] * 51):
        assert api.post("/sobjects/Event", event(EventWhoIds=wrong)).json()[0]["fields"] == ["EventWhoIds"]
    assert api.post("/sobjects/Event", event(EventWhoIds=[lead])).status_code == 201


def test_a_converted_lead_gives_its_activities_to_the_contact(
    api: Api, salesforce: Salesforce, people: list[str]
) -> None:
    lead = people[1]
    made, task = created(api, WhoId=lead, UndecidedEventInviteeIds=[lead]), salesforce.edit("Task", WhoId=lead)
    salesforce.perform("convert", "Lead", lead)
    row = salesforce.store.get("Lead", lead) or {}
    contact, account = row["ConvertedContactId"], row["ConvertedAccountId"]
    for name, each in (("Event", made), ("Task", task)):
        record = api.get(f"/sobjects/{name}/{each}").json()
        assert (record["WhoId"], record["AccountId"]) == (contact, account)
    assert invitees(api, made) == [None, None, [contact]]


def test_a_merged_person_gives_activities_and_invitations_to_the_survivor(api: Api, salesforce: Salesforce) -> None:
    accounts = [salesforce.edit("Account", Name=name) for name in ("Analytical", "Difference")]
    winner, loser = (salesforce.edit("Contact", LastName="Ada", AccountId=account) for account in accounts)
    both = created(api, WhoId=loser, AcceptedEventInviteeIds=[winner, loser])
    alone = created(api, WhatId=accounts[1], UndecidedEventInviteeIds=[loser])
    salesforce.perform("merge", "Contact", winner, losers=[loser])
    assert invitees(api, both) == [[winner], None, None]
    assert invitees(api, alone) == [None, None, [winner]]
    record = api.get(f"/sobjects/Event/{both}").json()
    assert (record["WhoId"], record["AccountId"]) == (winner, accounts[0])
    salesforce.perform("merge", "Account", accounts[1], losers=[accounts[0]])
    assert api.get(f"/sobjects/Event/{both}").json()["AccountId"] == accounts[1]
