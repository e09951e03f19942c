"""Answers that get lost on the way from Salesforce, for creates that carry an own key (G21)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fixtures.office import Office
from tests.fixtures.small_office import MappingFiles

KEY = "Modstamp_Key__c"
COUNT = 250  # two collections of one composite; their look-up is no composite

pytestmark = pytest.mark.guarantee("G21")


@pytest.fixture
def keyed(small_office: Office, files: MappingFiles) -> Office:
    """After the first complete match, with prospects that wait to be created outside."""
    files.change("lead", own_key=KEY)
    small_office.settings = small_office.settings.model_copy(update={"lease": timedelta(seconds=1)})
    for mapping in ("salesforce_lead", "salesforce_contact"):
        small_office.poll(mapping)
    rows = ", ".join(f"('p{number}@example.com', 'Last{number}', 'Company')" for number in range(COUNT))
    small_office.sql(f"INSERT INTO prospects (email, last_name, company) VALUES {rows}")  # noqa: S608
    return small_office


def _check(office: Office) -> None:
    leads = list(office.leads())
    assert len({lead["Email"] for lead in leads}) == len({lead[KEY] for lead in leads}) == len(leads) == COUNT
    assert office.one("SELECT count(*) FROM sync_links WHERE mapping = 'salesforce_lead' AND state = 'live'") == COUNT
    assert office.one("SELECT count(*) FROM sync_intents") == 0
    assert office.one("SELECT count(*) FROM sync_quarantine") == 0
    assert office.one("SELECT count(*) FROM prospects") == COUNT


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_the_next_push_finds_out_at_once(keyed: Office, kind: str) -> None:
    keyed.salesforce.fault(kind, times=1, method="POST", path="/composite")

    keyed.push()
    assert keyed.one("SELECT count(*) FROM sync_intents") == COUNT
    keyed.push()

    _check(keyed)
    keyed.later()
    keyed.poll()
    keyed.push()
    _check(keyed)


@pytest.mark.guarantee("G18")
def test_what_a_killed_run_had_sent_may_arrive_after_the_next_run_has_sent_it_again(keyed: Office) -> None:
    keyed.salesforce.fault("slow", times=1, delay=4.0, method="POST", path="/composite")
    _kill_when(keyed.push, lambda: not keyed.salesforce.org.faults.active)
    time.sleep(1.1)  # its lease ends

    keyed.push()

    _check(keyed)
    time.sleep(4)
    keyed.later()
    keyed.poll()
    keyed.push()
    _check(keyed)


def _kill_when(work: Callable[[], object], reached: Callable[[], bool]) -> None:
    """Do the work in a process of its own, which is killed as soon as it has come so far."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    ends = time.monotonic() + 60
    while not reached() and time.monotonic() < ends:
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
