"""The network and the service as a whole fail while both sides are at work."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.desk import Desk

pytestmark = pytest.mark.guarantee("G29")


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        pytest.param("cut_before", {}, "no answer arrived", marks=pytest.mark.fault("cut_before")),
        pytest.param("cut_after", {}, "no answer arrived", marks=pytest.mark.fault("cut_after")),
        pytest.param("unavailable", {}, "SERVER_UNAVAILABLE", marks=pytest.mark.fault("unavailable")),
        pytest.param("unavailable", {"html": True}, "HTTP 503", marks=pytest.mark.fault("unavailable")),
        pytest.param("daily_limit", {}, "the org has no calls left today", marks=pytest.mark.fault("daily_limit")),
        pytest.param("concurrent_limit", {}, "ConcurrentPerOrgLongTxn", marks=pytest.mark.fault("concurrent_limit")),
        pytest.param("query_timeout", {}, "QUERY_TIMEOUT", marks=pytest.mark.fault("query_timeout")),
        pytest.param("api_disabled", {}, "switch on 'API Enabled'", marks=pytest.mark.fault("api_disabled")),
        pytest.param("expired_session", {}, "refuses the session", marks=pytest.mark.fault("expired_session")),
    ],
)
def test_a_service_that_fails_for_a_while(desk: Desk, kind: str, options: dict[str, Any], told: str) -> None:
    ids = desk.in_step()
    work = desk.work(ids)
    fault = desk.salesforce.fault(kind, path="/services/data", **options)  # whoever is there may log in

    desk.push()
    desk.poll()

    assert fault.struck
    assert told in desk.said()
    desk.settle()
    desk.account(work)


@pytest.mark.fault("cut_before")
@pytest.mark.fault("cut_after")
@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_connection_that_is_cut_at_a_write(desk: Desk, kind: str) -> None:
    ids = desk.in_step()
    work = desk.work(ids)
    fault = desk.salesforce.fault(kind, method="POST", path="/composite", after=1)  # the first one looks up

    desk.push()

    assert fault.struck
    assert "NO_ANSWER" in desk.said()
    desk.settle()
    desk.account(work)


@pytest.mark.fault("slow")
@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("done", [False, True])
def test_a_write_that_is_done_after_we_have_given_up(open_desk: Callable[..., Desk], done: bool) -> None:  # noqa: FBT001
    desk = open_desk(call_timeout=timedelta(seconds=1))
    ids = desk.in_step()
    work = desk.work(ids)
    fault = desk.salesforce.fault("slow", delay=1.5, done=done, method="POST", path="/composite", after=1)

    desk.push()

    assert fault.struck
    assert "NO_ANSWER" in desk.said()
    desk.settle()
    desk.account(work)


@pytest.mark.fault("expired_session")
def test_a_session_that_ends_in_the_middle_of_a_push(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(outbound_batch=2)
    desk.in_step()
    desk.office.sql("UPDATE prospects SET title = 'inside'")
    desk.salesforce.fault("expired_session", after=3, times=1, path="/composite")
    logins = desk.salesforce.counts()["login"]

    summary = desk.push()

    assert summary
    assert summary.counts["updated"] == 6
    assert desk.salesforce.counts()["login"] == logins + 2  # the run's own, and the new one
    assert desk.told == []
    desk.settle()
    desk.account({(f"lead{number}@example.com", "title"): "inside" for number in range(6)})


@pytest.mark.fault("clock_skew")
@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("skew", [-5_400.0, 5_400.0])
def test_a_server_whose_clock_is_not_ours(open_desk: Callable[..., Desk], skew: float) -> None:
    desk = open_desk()
    desk.salesforce.fault("clock_skew", skew=skew)
    work = desk.work(desk.in_step())

    for _ in range(2):
        desk.pass_time()
        desk.poll()
        desk.push()

    desk.account(work)
    assert abs(desk.salesforce.org.clock.seconds() - desk.salesforce.org.clock.skew - time.time()) > 5_000


@pytest.mark.fault("unavailable")
def test_a_service_that_fails_now_and_then(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(outbound_batch=1, inbound_batch=2)
    work = desk.work(desk.in_step())
    for seed, kind in enumerate(("unavailable", "cut_after", "row_lock", "expired_session")):
        desk.salesforce.fault(kind, probability=0.3, seed=seed)

    for _ in range(4):
        desk.pass_time()
        desk.poll()
        desk.push()

    desk.settle()
    desk.account(work)
