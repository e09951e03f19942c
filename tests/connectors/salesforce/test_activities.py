"""Events and tasks through the real connector: a meeting and its invitees in one write, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest

from modstamp.model import Action, Column, Operation, Status, Values, Window
from tests.connectors.contract import update
from tests.connectors.salesforce.world import SalesforceWorld

LISTS = ("AcceptedEventInviteeIds", "DeclinedEventInviteeIds", "UndecidedEventInviteeIds")
MEETING: Values = {"Subject": "Demo", "StartDateTime": "2026-08-03T10:00:00Z", "EndDateTime": "2026-08-03T10:30:00Z"}


def new(**values: str | bool | None) -> Action:
    return Action(operation=Operation.CREATE, id=None, values={**MEETING, **values})


@pytest.fixture
def people(world: SalesforceWorld) -> list[str]:
    return [world.salesforce.edit("Contact", LastName=name) for name in ("Ada", "Emmy")]


def test_lists_of_invitees_are_known_as_such(world: SalesforceWorld) -> None:
    fields = world.connector.describe("Event").fields
    assert {fields[name].kind for name in LISTS} == {"list"}
    assert "User" in fields[LISTS[0]].refers_to
    assert (fields["Description"].kind, fields["StartDateTime"].kind) == ("text", "instant")


def test_a_meeting_and_its_invitees_are_one_write(world: SalesforceWorld, people: list[str]) -> None:
    action = new(WhoId=people[0], AcceptedEventInviteeIds=json.dumps(people))
    world.salesforce.reset_counts()
    (made,) = world.connector.push("Event", [action], [*MEETING, *LISTS])
    assert made.shown
    assert made.shown["AcceptedEventInviteeIds"] == json.dumps(sorted(people))
    assert {name: made.shown[name] for name in MEETING} == MEETING
    record_id = str(made.id)
    change = update(record_id, AcceptedEventInviteeIds=None, DeclinedEventInviteeIds=json.dumps(people[:1]))
    (changed,) = world.connector.push("Event", [change], LISTS)
    assert changed.shown
    assert [changed.shown[name] for name in LISTS] == [None, json.dumps(people[:1]), None]
    found = world.connector.get("Event", list(LISTS), [record_id])
    assert found["DeclinedEventInviteeIds"][0] == json.dumps(people[:1])


@pytest.mark.guarantee("G21")
def test_the_copy_that_salesforce_makes_for_a_user_is_no_meeting(world: SalesforceWorld) -> None:
    colleague = world.salesforce.org.people_id
    began = world.connector.now() - timedelta(seconds=5)
    (made,) = world.connector.push("Event", [new(AcceptedEventInviteeIds=json.dumps([colleague]))], [])
    assert world.salesforce.store.count("Event", "IsChild = 1") == 1
    ends = world.connector.now() + timedelta(seconds=5)
    window = Window(lower=began, upper=ends)

    created = world.connector.created("Event", ["Subject"], began, ends)
    found = world.connector.find("Event", [], pd.DataFrame([{**MEETING, "OwnerId": colleague}], dtype=object))
    pages = list(world.connector.pull("Event", ["Subject"], window))

    assert created[Column.ID].tolist() == [made.id]
    assert found.empty
    assert [page.records[Column.ID].tolist() for page in pages] == [[made.id]]
    assert world.connector.count("Event", window) == 1


def test_a_refused_invitee_leaves_no_event(world: SalesforceWorld, people: list[str]) -> None:
    gone = world.salesforce.edit("Contact", LastName="Grace")
    world.salesforce.perform("delete", "Contact", gone)
    actions = [new(AcceptedEventInviteeIds=json.dumps([each])) for each in (gone, people[0])]
    refused, saved = world.connector.push("Event", actions, [])
    assert (refused.status, refused.code) == (Status.REJECTED, "INVALID_CROSS_REFERENCE_KEY")
    assert saved.status is Status.OK
    assert world.salesforce.store.count("Event") == 1


def test_a_parent_that_is_locked_waits(world: SalesforceWorld, people: list[str]) -> None:
    world.salesforce.fault("parent_lock", delay=0.0)
    with world.salesforce.org.locks.taken(people[:1]):
        locked, saved = world.connector.push("Event", [new(WhoId=each) for each in people], [])
    assert (locked.status, locked.code) == (Status.LOCKED, "UNABLE_TO_LOCK_ROW")
    assert saved.status is Status.OK
