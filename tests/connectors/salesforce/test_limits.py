from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from modstamp.connectors.salesforce.limits import Heard, Limits
from modstamp.errors import LimitReachedError
from sandbox.salesforce.server import Salesforce
from tests.connectors.salesforce.world import SalesforceWorld

pytestmark = pytest.mark.guarantee("G27")


@pytest.mark.requirement("OSF-083")
@pytest.mark.requirement("OSF-085")
def test_we_stop_at_our_share_of_the_orgs_calls(start_salesforce: Callable[..., Salesforce]) -> None:
    world = SalesforceWorld(start_salesforce(daily_limit=10))
    lead = world.create([world.values(1)])
    world.salesforce.org.meter.used = 6  # by other applications
    world.connector.describe("Lead")
    world.connector.get("Lead", [], lead)
    with pytest.raises(LimitReachedError, match="8 of the org's 10 calls") as caught:
        world.connector.get("Lead", [], lead)
    assert caught.value.until
    assert caught.value.until > datetime.now(UTC)
    assert world.salesforce.org.meter.used == 8


@pytest.mark.requirement("OSF-084")
def test_the_last_call_below_our_own_threshold_is_sent(world: SalesforceWorld) -> None:
    world.connector.describe("Lead")
    world.used = world.settings.own_threshold - 2
    lead = world.create([world.values(1)])
    world.connector.get("Lead", [], lead)
    with pytest.raises(LimitReachedError, match="threshold is 8000"):
        world.connector.get("Lead", [], lead)


def test_what_another_process_heard_spares_the_call_that_would_find_it_out(world: SalesforceWorld) -> None:
    world.report = Heard(used=9, maximum=10, at=datetime.now(UTC))
    with pytest.raises(LimitReachedError):
        world.connector.describe("Lead")
    assert world.salesforce.org.meter.used == 0


@pytest.mark.requirement("OSF-087")
def test_an_old_report_lets_one_call_look_again(world: SalesforceWorld) -> None:
    world.report = Heard(used=9, maximum=10, at=datetime.now(UTC) - timedelta(minutes=6))
    assert world.connector.describe("Lead").name == "Lead"


def test_an_org_that_is_full_is_not_asked_again_at_once(world: SalesforceWorld) -> None:
    world.connector.now()
    world.salesforce.fault("daily_limit")
    for _ in range(3):
        with pytest.raises(LimitReachedError):
            world.connector.describe("Lead")
    assert [call.kind for call in world.calls] == ["login", "describe"]


@pytest.mark.parametrize("header", ["api-usage=18/5000", "api-usage=18/5000; per-app-api-usage=17/250(appName=x)"])
def test_both_forms_of_the_orgs_word_are_read(header: str) -> None:
    limits = Limits(global_threshold=0.8, own_threshold=10, usage=lambda: 0, last_report=lambda: None)
    limits.hear(header)
    assert (limits.budget().used_by_all, limits.budget().global_threshold) == (18, 4000)


def test_the_budget_shows_both_meters(world: SalesforceWorld) -> None:
    assert world.connector.budget().used_by_all is None
    world.salesforce.org.meter.used = 41
    world.connector.describe("Lead")
    budget = world.connector.budget()
    assert (budget.used_by_all, budget.maximum, budget.global_threshold) == (42, 100_000, 80_000)
    assert (budget.used_by_us, budget.own_threshold) == (1, 8_000)
