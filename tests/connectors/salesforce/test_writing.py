from __future__ import annotations

import pytest

from modstamp.connectors.salesforce import batches, errors
from modstamp.connectors.salesforce.errors import NoAnswerError, NotDoneError
from modstamp.model import Action, Column, Operation, Status
from tests.connectors.contract import update
from tests.connectors.salesforce.world import SalesforceWorld


def create(**values: str | None) -> Action:
    return Action(operation=Operation.CREATE, id=None, values=values)


@pytest.mark.guarantee("G10")
def test_three_of_a_hundred_are_refused_and_the_others_pass(world: SalesforceWorld) -> None:
    world.refuse("bad")
    ids = world.create(world.values(number) for number in range(1_000))
    bad = set(range(0, 1_000, 33))
    actions = [update(record_id, Phone="bad" if place in bad else "1") for place, record_id in enumerate(ids)]
    outcomes = world.connector.push("Lead", actions, ["Phone"])
    assert {place for place, outcome in enumerate(outcomes) if outcome.status is Status.REJECTED} == bad
    refused = outcomes[0]
    assert (refused.code, refused.message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone is bad")
    assert refused.shown is None


@pytest.mark.parametrize("place", [0, 1])
def test_a_text_that_looks_like_a_reference_is_written_as_it_is(world: SalesforceWorld, place: int) -> None:
    text = "a @{part0[0].id} b"
    ids = world.create([world.values(1), world.values(2)])
    updates = [update(ids[0], Company="c"), update(ids[1], Company="d")]
    updates[place] = update(ids[place], Company=text)
    outcomes = world.connector.push("Lead", [*updates, create(**{**world.values(3), "Company": text})], ["Company"])
    expected = [action.values["Company"] for action in updates] + [text]
    assert [outcome.shown["Company"] for outcome in outcomes if outcome.shown] == expected


def test_a_refusal_outside_a_composite_is_told_per_record(world: SalesforceWorld) -> None:
    (outcome,) = world.connector.push("Lead", [create(LastName="@{x}", NoSuchField="1")], [])
    assert outcome.status is Status.REJECTED
    assert outcome.code


@pytest.mark.guarantee("G19")
def test_what_a_write_shows_is_as_of_its_answer(world: SalesforceWorld) -> None:
    ids = world.create([world.values(1)])
    before = world.connector.now()
    (outcome,) = world.connector.push("Lead", [update(ids[0], Email="NEW@example.com")], ["Email"])
    assert outcome.shown
    assert outcome.shown["Email"] == "new@example.com"  # the server's own spelling
    assert str(outcome.shown[Column.STAMP]) >= before.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert str(outcome.shown[Column.READ_AT]) >= str(outcome.shown[Column.STAMP])
    assert outcome.shown[Column.MODIFIED_BY] == world.salesforce.org.user_id


def test_one_value_of_the_wrong_type_does_not_spoil_its_batch(world: SalesforceWorld) -> None:
    ids = world.create(world.values(number) for number in range(20))
    actions = [
        Action(operation=Operation.UPDATE, id=record_id, values={"NumberOfEmployees": "many" if place == 7 else place})
        for place, record_id in enumerate(ids)
    ]
    outcomes = world.connector.push("Lead", actions, ["NumberOfEmployees"])
    assert [place for place, outcome in enumerate(outcomes) if outcome.status is not Status.OK] == [7]
    assert outcomes[7].status is Status.REJECTED
    assert outcomes[8].shown
    assert outcomes[8].shown["NumberOfEmployees"] == 8


def test_empty_is_written_as_empty(world: SalesforceWorld) -> None:
    ids = world.create([{**world.values(1), "Phone": "1"}])
    (outcome,) = world.connector.push("Lead", [update(ids[0], Phone=None)], ["Phone"])
    assert outcome.status is Status.OK
    assert world.read(ids[0])["Phone"] is None


def test_a_duplicate_that_the_target_names_is_told(world: SalesforceWorld) -> None:
    (existing,) = world.create([{**world.values(1), "Modstamp_Key__c": "k1"}])
    (outcome,) = world.connector.push("Lead", [create(**world.values(2), Modstamp_Key__c="k1")], [])
    assert (outcome.status, outcome.code) == (Status.EXISTS, "DUPLICATE_VALUE")
    assert outcome.id
    assert outcome.id[:15] == existing[:15]


def test_children_of_one_parent_travel_in_one_batch() -> None:
    actions = [create(LastName=str(number), AccountId=f"001{number % 7}") for number in range(700)]
    found = list(batches.cut(enumerate(actions)))
    assert [len(batch.actions) for batch in found] == [200, 200, 200, 100]
    parents = [str(action.values["AccountId"]) for batch in found for _, action in batch.actions]
    assert parents == sorted(parents)


@pytest.mark.guarantee("G24")
def test_updates_go_before_creates_and_deletes_go_last() -> None:
    actions = [Action(operation=Operation.DELETE, id="1"), create(LastName="2"), update("3", LastName="3")]
    order = [batch.operation for batch in batches.cut(enumerate(actions))]
    assert order == [Operation.UPDATE, Operation.CREATE, Operation.DELETE]


@pytest.mark.guarantee("G32")
@pytest.mark.parametrize(("auto_assign", "headers"), [(False, {"Sforce-Auto-Assign": "FALSE"}), (True, {})])
def test_assignment_rules_sleep_unless_they_are_asked_for(auto_assign: bool, headers: dict[str, str]) -> None:  # noqa: FBT001
    (batch,) = batches.cut([(0, create(LastName="1"))])
    assert batches.part("Lead", batch, auto_assign=auto_assign).headers == headers


@pytest.mark.parametrize(
    ("code", "fields", "status"),
    [
        ("ENTITY_IS_DELETED", [], Status.MISSING),
        ("INVALID_CROSS_REFERENCE_KEY", [], Status.MISSING),
        ("INVALID_CROSS_REFERENCE_KEY", ["OwnerId"], Status.REJECTED),
        ("UNABLE_TO_LOCK_ROW", [], Status.LOCKED),
        ("DUPLICATES_DETECTED", [], Status.REJECTED),
        ("DUPLICATE_VALUE", ["Key__c"], Status.REJECTED),
        ("SOMETHING_NEW", [], Status.REJECTED),
    ],
)
def test_the_status_of_a_refused_update(code: str, fields: list[str], status: Status) -> None:
    outcome = errors.of_record(update("00Q"), [{"statusCode": code, "message": "why", "fields": fields}])
    assert (outcome.status, outcome.id, outcome.code, outcome.message) == (status, "00Q", code, "why")


@pytest.mark.guarantee("G29")
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, "<html>", NotDoneError),
        (420, "", NotDoneError),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "?"}], NoAnswerError),
        (502, "", NoAnswerError),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn"}], NotDoneError),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}], errors.DailyLimitError),
        (400, [{"errorCode": "MALFORMED_QUERY", "message": "?"}], errors.RefusedError),
        (302, "", errors.RefusedError),
    ],
)
def test_what_follows_from_a_refused_request(status: int, body: object, kind: type[Exception]) -> None:
    assert type(errors.of_request("here", status, body)) is kind
