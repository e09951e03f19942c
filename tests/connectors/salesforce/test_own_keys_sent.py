"""Creates that carry an own key (G21)."""

from __future__ import annotations

import pytest

from modstamp.frames import object_frame
from modstamp.model import Action, Column, Operation, OwnKey, Presence, Status
from tests.connectors.salesforce.world import SalesforceWorld

KEY = "Modstamp_Key__c"

pytestmark = pytest.mark.guarantee("G21")


def keyed(world: SalesforceWorld, number: int, **values: str) -> Action:
    own_key = OwnKey(field=KEY, value=f"key-{number}")
    return Action(operation=Operation.CREATE, id=None, values={**world.values(number), **values}, own_key=own_key)


def test_the_key_field_is_described_as_what_it_is(world: SalesforceWorld) -> None:
    field = world.connector.describe("Lead").fields[KEY]
    assert (field.unique, field.external_id, field.length, field.createable) == (True, True, 64, True)
    assert not world.connector.describe("Lead").fields["Email"].external_id


def test_the_record_gets_its_key(world: SalesforceWorld) -> None:
    (outcome,) = world.connector.push("Lead", [keyed(world, 1)], ["Email"])
    assert outcome.id
    assert world.read(outcome.id)[KEY] == "key-1"


def test_sent_twice_it_is_created_once_and_keeps_what_was_edited_meanwhile(world: SalesforceWorld) -> None:
    (first,) = world.connector.push("Lead", [keyed(world, 1, Phone="1")], ["Email"])
    assert first.id
    world.connector.push("Lead", [Action(operation=Operation.UPDATE, id=first.id, values={"Phone": "2"})], [])

    outcomes = world.connector.push("Lead", [keyed(world, 1, Phone="1"), keyed(world, 2)], ["Email"])

    assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN, Status.OK]
    assert world.read(first.id)["Phone"] == "2"
    assert world.salesforce.store.count("Lead") == 2


def test_a_record_is_found_by_its_key_though_it_was_deleted(world: SalesforceWorld) -> None:
    outcomes = world.connector.push("Lead", [keyed(world, 1), keyed(world, 2)], ["Email"])
    ids = [str(outcome.id) for outcome in outcomes]
    world.delete(ids[0])
    keys = object_frame({KEY: ["key-1", "key-2", "key-3"]})

    found = world.connector.find("Lead", ["Email"], keys, including_deleted=True)

    assert dict(zip(found[Column.ID], found[Column.STATE], strict=True)) == {
        ids[0]: Presence.DELETED,
        ids[1]: Presence.FOUND,
    }
    assert list(world.connector.find("Lead", ["Email"], keys)[Column.ID]) == ids[1:]
