from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from modstamp.model import Call
from modstamp.state.calls import Meter, Report
from tests.state.conftest import Hands

pytestmark = pytest.mark.guarantee("G27")


@pytest.fixture
def meter(database: Engine, clock: Hands) -> Meter:
    return Meter(database, "salesforce", clock)


def call(at: datetime, counted: int = 1, connection: str = "salesforce", **detail: int) -> Call:
    return Call(connection=connection, kind="query", at=at, seconds=0.1, counted=counted, status=200, detail=detail)


@pytest.mark.requirement("OSF-084")
def test_our_calls_of_the_last_24_hours_are_counted_for_each_connection(meter: Meter, clock: Hands) -> None:
    meter.record(call(clock(), counted=2))
    meter.record(call(clock(), counted=0))
    meter.record(call(clock(), connection="other_org"))
    clock.forward(hours=23)
    meter.record(call(clock()))
    assert meter.usage() == 3
    clock.forward(hours=2)
    assert meter.usage() == 1
    clock.forward(days=1)
    assert meter.usage() == 0


def test_calls_of_other_processes_count(meter: Meter, database: Engine, clock: Hands) -> None:
    Meter(database, "salesforce", clock).record(call(clock()))
    assert meter.usage() == 1


def test_calls_are_counted_for_the_run_that_made_them(meter: Meter, clock: Hands) -> None:
    meter.record(call(clock()))
    for _ in range(2):  # steps
        with meter.during("run-1", "salesforce_lead"):
            meter.record(call(clock()))
    with meter.during("run-2", "salesforce_lead"):
        meter.record(call(clock()))
    assert (meter.counted("run-1"), meter.counted("run-2"), meter.counted("run-3")) == (2, 1, 0)
    assert meter.usage() == 4


@pytest.mark.requirement("OSF-083")
def test_the_services_own_word_is_kept_for_every_process(meter: Meter, database: Engine, clock: Hands) -> None:
    assert meter.last_report() is None
    meter.record(call(clock(), used=40, maximum=100))
    clock.forward(minutes=1)
    meter.record(call(clock(), used=42, maximum=100))
    meter.record(call(clock()))
    heard = Meter(database, "salesforce", clock).last_report()
    assert heard == Report(used=42, maximum=100, at=clock())
    assert Meter(database, "other_org", clock).last_report() is None


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(meter: Meter, clock: Hands) -> None:
    meter.record(call(clock(), used=42, maximum=100))
    meter.record(call(clock() - timedelta(minutes=1), used=40, maximum=100))
    report = meter.last_report()
    assert report
    assert report.used == 42
