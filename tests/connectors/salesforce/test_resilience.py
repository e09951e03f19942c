"""Faults of the network and of the service: what is sent again, and what is not."""

from __future__ import annotations

import traceback

import pytest

from modstamp.errors import FatalError, RetryableError
from modstamp.frames import object_frame
from modstamp.model import Action, Column, Operation, Status
from tests.connectors.contract import update
from tests.connectors.salesforce.world import SalesforceWorld


@pytest.fixture
def lead(world: SalesforceWorld) -> str:
    world.connector.describe("Lead")
    return world.create([world.values(1)])[0]


def phone(world: SalesforceWorld, lead: str) -> Status:
    return world.connector.push("Lead", [update(lead, Phone="1")], ["Phone"])[0].status


def test_an_ended_session_is_renewed_once(world: SalesforceWorld, lead: str) -> None:
    world.salesforce.fault("expired_session", times=1)
    assert phone(world, lead) is Status.OK
    assert [call.kind for call in world.calls] == ["login", "describe", "write", "login", "write"]


def test_a_session_that_stays_refused_ends_the_run(world: SalesforceWorld, lead: str) -> None:
    world.salesforce.fault("expired_session")
    with pytest.raises(FatalError, match="session that it has just given"):
        phone(world, lead)
    assert [call.kind for call in world.calls].count("login") == 2


@pytest.mark.parametrize("fault", ["unavailable", "concurrent_limit", "cut_before", "cut_after", "query_timeout"])
def test_a_read_is_repeated(world: SalesforceWorld, lead: str, fault: str) -> None:
    world.salesforce.fault(fault, times=2)
    keys = world.connector.get("Lead", ["Email"], [lead])
    assert list(keys[Column.ID]) == [lead]


def test_a_read_is_repeated_only_so_often(world: SalesforceWorld, lead: str) -> None:
    world.salesforce.fault("unavailable", html=True)
    with pytest.raises(RetryableError, match="503"):
        world.connector.get("Lead", ["Email"], [lead])
    assert [call.kind for call in world.calls].count("get") == 1 + world.settings.retries


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("unavailable", Status.RETRY),
        ("concurrent_limit", Status.RETRY),
        ("cut_before", Status.UNKNOWN),
        ("cut_after", Status.UNKNOWN),
    ],
)
def test_a_write_is_not_repeated(world: SalesforceWorld, lead: str, fault: str, status: Status) -> None:
    world.salesforce.fault(fault, times=1)
    assert phone(world, lead) is status
    assert [call.kind for call in world.calls].count("write") == 1
    assert (world.read(lead)["Phone"] == "1") == (fault == "cut_after")


@pytest.mark.guarantee("G21")
def test_what_stands_behind_a_lost_answer_is_not_sent(world: SalesforceWorld) -> None:
    ids = world.create(world.values(number) for number in range(1_700))
    world.connector.describe("Lead")
    world.salesforce.fault("cut_after", times=1)
    outcomes = world.connector.push("Lead", [update(record_id, Phone="1") for record_id in ids], ["Phone"])
    assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN] * 800 + [Status.RETRY] * 900
    assert world.salesforce.store.count("Lead", "Phone = '1'") == 800


@pytest.mark.guarantee("G27")
@pytest.mark.requirement("OSF-086")
def test_outcomes_of_what_was_sent_survive_the_limit(world: SalesforceWorld) -> None:
    ids = world.create(world.values(number) for number in range(1_000))
    world.connector.describe("Lead")
    world.used = world.settings.own_threshold - 2
    outcomes = world.connector.push("Lead", [update(record_id, Phone="1") for record_id in ids], ["Phone"])
    assert [outcome.status for outcome in outcomes] == [Status.OK] * 800 + [Status.RETRY] * 200
    assert all(outcome.shown for outcome in outcomes[:800])
    assert world.salesforce.store.count("Lead", "Phone = '1'") == 800


def test_a_locked_row_is_left_for_the_next_run(world: SalesforceWorld, lead: str) -> None:
    other = world.create([world.values(2)])[0]
    world.salesforce.fault("row_lock", ids=[lead])
    outcomes = world.connector.push("Lead", [update(lead, Phone="1"), update(other, Phone="1")], ["Phone"])
    assert [outcome.status for outcome in outcomes] == [Status.LOCKED, Status.OK]
    assert outcomes[0].code == "UNABLE_TO_LOCK_ROW"


def test_a_read_back_that_fails_takes_nothing_from_the_outcomes(world: SalesforceWorld) -> None:
    world.connector.describe("Lead")
    world.salesforce.fault("unavailable", path="/composite/sobjects/Lead")
    action = Action(operation=Operation.CREATE, id=None, values=world.values(1))
    (outcome,) = world.connector.push("Lead", [action], ["Email"])
    assert outcome.status is Status.OK
    assert outcome.shown is None
    assert world.salesforce.store.count("Lead") == 1


def test_what_was_searched_for_stays_out_of_the_error(world: SalesforceWorld) -> None:
    sought = world.values(7)["Email"]
    world.connector.describe("Lead")
    world.salesforce.fault("cut_before", path="/query")
    with pytest.raises(RetryableError) as caught:
        world.connector.find("Lead", [], object_frame({"Email": [sought]}))
    assert "person7" not in "".join(traceback.format_exception(caught.value))


def test_the_servers_clock_is_kept_and_not_ours(world: SalesforceWorld) -> None:
    world.salesforce.org.clock.skew = -7200
    now = world.connector.now()
    behind = world.salesforce.org.clock.seconds() - now.timestamp()
    assert 0 <= behind < 2
    assert [call.kind for call in world.calls] == ["login"]
