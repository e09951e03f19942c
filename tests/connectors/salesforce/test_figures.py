"""What the routes cost, counted by the other side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modstamp.frames import object_frame
from modstamp.model import Action, Column, Operation, Presence, Status
from sandbox.salesforce.server import Salesforce
from tests.connectors.contract import pull, update, whole
from tests.connectors.salesforce.world import SalesforceWorld

MANY = 10_000


@pytest.fixture
def wide(salesforce: Salesforce) -> SalesforceWorld:
    """Full pages, the type described already: login and describe are counted apart."""
    world = SalesforceWorld(salesforce, page_size=2000)
    world.connector.describe("Lead")
    return world


def charged(world: SalesforceWorld) -> int:
    """Calls since the last look, and the meter's word for the same."""
    counts = world.salesforce.counts()["charged"]
    world.salesforce.reset_counts()
    return counts


def test_ten_thousand_changed_leads_are_read_in_five_calls(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(MANY))
    charged(wide)
    records, pages = pull(wide, whole(wide))
    assert charged(wide) == 5
    assert list(records[Column.ID]) == sorted(ids)
    assert [page.total for page in pages] == [MANY] * 5


def test_ten_thousand_records_are_read_by_id_in_five_calls(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(MANY))
    charged(wide)
    records = wide.connector.get("Lead", ["Email"], ids)
    assert charged(wide) == 5
    assert set(records[Column.STATE]) == {Presence.FOUND}


@pytest.mark.guarantee("G19")
def test_ten_thousand_updates_and_their_read_back_take_thirteen_calls(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(MANY))
    charged(wide)
    outcomes = wide.connector.push("Lead", [update(record_id, Phone="1") for record_id in ids], ["Phone"])
    assert charged(wide) == 13
    assert [outcome.id for outcome in outcomes] == ids
    assert {outcome.status for outcome in outcomes} == {Status.OK}
    assert {outcome.shown["Phone"] for outcome in outcomes if outcome.shown} == {"1"}
    assert all(outcome.shown for outcome in outcomes)


def test_ten_thousand_creates_and_their_read_back_take_fifteen_calls(wide: SalesforceWorld) -> None:
    actions = [Action(operation=Operation.CREATE, id=None, values=wide.values(number)) for number in range(MANY)]
    charged(wide)
    outcomes = wide.connector.push("Lead", actions, ["Email"])
    assert charged(wide) == 15
    shown = [outcome.shown["Email"] for outcome in outcomes if outcome.shown]
    assert shown == [action.values["Email"] for action in actions]


def test_ten_thousand_deletes_take_ten_calls(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(MANY))
    charged(wide)
    outcomes = wide.connector.push("Lead", [Action(operation=Operation.DELETE, id=record_id) for record_id in ids], [])
    assert charged(wide) == 10
    assert {outcome.status for outcome in outcomes} == {Status.OK}


def test_ten_thousand_keys_are_looked_up_in_a_few_calls(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(MANY))
    charged(wide)
    keys = object_frame({"Email": [wide.values(number)["Email"] for number in range(MANY)]})
    found = wide.connector.find("Lead", [], keys)
    assert charged(wide) <= 8
    assert sorted(found[Column.ID]) == sorted(ids)


@pytest.mark.guarantee("G27")
@pytest.mark.parametrize("size", [1, 900, 3_000])
def test_what_finding_costs_is_told_before(wide: SalesforceWorld, size: int) -> None:
    """Of meetings, whose times are short and whose titles are not."""
    begins = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(size)]
    stamps = [each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in begins]
    keys = object_frame({"Subject": [f"Meeting {number}" for number in range(size)], "StartDateTime": stamps})
    told = wide.connector.calls_to_find("Event", ["OwnerId", "Description"], keys)
    charged(wide)
    wide.connector.find("Event", ["OwnerId", "Description"], keys)
    assert told == charged(wide) <= 1 + size // 1_000


@pytest.mark.guarantee("G27")
def test_our_meter_says_what_the_other_side_counted(wide: SalesforceWorld) -> None:
    ids = wide.create(wide.values(number) for number in range(10))
    pull(wide, whole(wide))
    wide.connector.get("Lead", [], ids)
    wide.connector.push("Lead", [update(ids[0], Phone="1")], ["Phone"])
    assert sum(call.counted for call in wide.calls) == charged(wide) == 4
    assert [call.kind for call in wide.calls] == ["login", "describe", "query", "get", "write"]
    assert wide.calls[-1].detail == {"type": "Lead", "used": 4, "maximum": 100_000}
    assert all(call.seconds > 0 and call.connection == "salesforce" for call in wide.calls)
