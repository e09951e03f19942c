from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from modstamp.errors import LeaseHeldError, LeaseLostError
from modstamp.model import Direction
from modstamp.ports import Lease
from modstamp.state.store import Store
from tests.state.conftest import LEASE, Hands
from tests.state.samples import LEAD

pytestmark = pytest.mark.guarantee("G22")


def grant(store: Store, holder: str, direction: Direction = Direction.POLLING) -> Lease:
    return store.grant(LEAD.name, direction, holder)


def check(store: Store, lease: Lease) -> None:
    with store.begin() as tx:
        tx.leases.check(lease)


def test_a_lease_that_is_held_is_not_granted_again(store: Store) -> None:
    first = grant(store, "run-1")
    with pytest.raises(LeaseHeldError, match=r"run run-1 of salesforce_lead, polling, is at work.*12:03:00 UTC"):
        grant(store, "run-2")
    check(store, first)


def test_the_two_directions_do_not_wait_for_each_other(store: Store) -> None:
    grant(store, "run-1")
    grant(store, "run-2", Direction.PUSHING)


def test_a_lease_that_runs_out_goes_to_the_next_and_is_lost_to_the_first(store: Store, clock: Hands) -> None:
    first = grant(store, "run-1")
    clock.forward(seconds=LEASE.total_seconds())
    second = grant(store, "run-2")

    assert second.token > first.token
    with pytest.raises(LeaseLostError, match="run-1"):
        check(store, first)
    check(store, second)


def test_a_check_renews(store: Store, clock: Hands) -> None:
    first = grant(store, "run-1")
    for _ in range(3):
        clock.forward(seconds=LEASE.total_seconds() - 1)
        check(store, first)
    with pytest.raises(LeaseHeldError):
        grant(store, "run-2")


def test_a_lease_that_ran_out_is_renewed_while_nobody_took_it(store: Store, clock: Hands) -> None:
    first = grant(store, "run-1")
    clock.forward(days=1)
    check(store, first)
    with pytest.raises(LeaseHeldError):
        grant(store, "run-2")


def test_a_step_that_is_tried_again_fences_off_its_first_try(store: Store) -> None:
    first_try = grant(store, "run-1")
    second_try = grant(store, "run-1")
    with pytest.raises(LeaseLostError):
        check(store, first_try)
    check(store, second_try)


def test_a_lease_given_back_is_free_and_its_token_never_returns(store: Store) -> None:
    first = grant(store, "run-1")
    store.give_back(first)
    with pytest.raises(LeaseLostError):
        check(store, first)
    assert grant(store, "run-2").token > first.token


def test_a_lost_lease_cannot_be_given_back(store: Store, clock: Hands) -> None:
    first = grant(store, "run-1")
    clock.forward(days=1)
    second = grant(store, "run-2")
    store.give_back(first)
    check(store, second)


def test_of_many_that_ask_at_once_one_is_granted(store: Store) -> None:
    def ask(number: int) -> int:
        try:
            grant(store, f"run-{number}")
        except LeaseHeldError:
            return 0
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(ask, range(20))) == 1


def test_nobody_is_granted_a_lease_amid_the_commit_that_checked_it(store: Store, clock: Hands) -> None:
    first = grant(store, "run-1")
    clock.forward(days=1)  # it ran out, but nobody has asked for it
    asked = threading.Event()

    def take_over() -> Lease:
        asked.set()
        return grant(store, "run-2")

    with ThreadPoolExecutor(1) as pool:
        with store.begin() as tx:
            tx.leases.check(first)
            taken = pool.submit(take_over)
            asked.wait()
            with pytest.raises(TimeoutError):
                taken.result(timeout=0.2)
        with pytest.raises(LeaseHeldError):
            taken.result()


def test_time_is_told_by_the_database(open_store: Callable[[Callable[[], datetime] | None], Store]) -> None:
    store = open_store(None)
    lease = grant(store, "run-1")
    before = store.now()
    check(store, lease)
    assert before <= store.now()
    assert store.now().tzname() == "UTC"
    with pytest.raises(LeaseHeldError):
        grant(store, "run-2")
