"""A limit that is reached while a run is at work: no failure; the work is kept and goes on by itself (G27)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.fixtures.office import LEAD, Office
from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]

pytestmark = [pytest.mark.guarantee("G27"), pytest.mark.requirement("OSF-086"), pytest.mark.requirement("OSF-087")]

RECORDS = 5
ENOUGH_FOR_TWO = 8  # each record travels alone here: it is looked for, created, and read back


@dataclass(frozen=True, slots=True)
class Limit:
    """How it is brought about in mid-run, what is told, and how there is room again."""

    reach: Callable[[Shell], None]
    told: str
    make_room: Callable[[Office], object]


def _own(shell: Shell) -> None:
    shell.set(own_threshold=shell.office.one("SELECT sum(counted) FROM sync_calls") + ENOUGH_FOR_TWO)


def _global(shell: Shell) -> None:
    shell.office.salesforce.org.meter.used = 80_000 - ENOUGH_FOR_TWO


def _refused(shell: Shell) -> None:
    shell.office.salesforce.fault("daily_limit", path="/composite")


def _a_day_later(office: Office) -> None:
    office.sql("DELETE FROM sync_calls")


def _others_are_quiet(office: Office) -> None:
    office.salesforce.org.meter.used = 0
    office.sql("DELETE FROM sync_usage")  # what was heard is old news after five minutes


LIMITS = {
    "own": Limit(_own, "Fix, if it stays so: raise MODSTAMP_OWN_THRESHOLD", _a_day_later),
    "global": Limit(_global, "Fix, if it stays so: raise MODSTAMP_GLOBAL_THRESHOLD", _others_are_quiet),
    "refused": Limit(_refused, "the org has no calls left today", lambda office: office.salesforce.clear_faults()),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_push_goes_on_where_it_stopped(shell: Shell, name: str) -> None:
    office, limit = shell.office, LIMITS[name]
    office.poll()
    for number in range(RECORDS):
        office.sql(f"INSERT INTO prospects (email, last_name, company) VALUES ('p{number}@example.com', 'P', 'Firm')")  # noqa: S608
    shell.set(outbound_batch=1)
    limit.reach(shell)

    paused = shell("sync", LEAD, "--direction", "pushing")

    assert (paused.code, paused.error) == (0, "")
    assert limit.told in paused.output
    assert "waits and goes on by itself when there is room" in paused.output
    sent = len(list(office.leads()))
    assert sent < RECORDS
    assert sent or name == "refused"
    assert office.one("SELECT count(*) FROM sync_pending WHERE direction = 'pushing' AND mapping = :m", m=LEAD) >= (
        RECORDS - sent
    )
    assert office.one("SELECT status FROM sync_runs ORDER BY started_at DESC LIMIT 1") == "paused"
    assert limit.told in shell("status").output

    limit.make_room(office)
    assert shell("sync", LEAD, "--direction", "pushing").code == 0
    assert sorted(str(row["Email"]) for row in office.leads()) == [
        f"p{number}@example.com" for number in range(RECORDS)
    ]


def test_a_poll_that_may_not_begin_pauses_too(shell: Shell) -> None:
    shell.office.fill_leads(RECORDS)
    shell.set(own_threshold=0)

    paused = shell("sync", LEAD, "--direction", "polling", "--json")

    assert paused.code == 0
    (run,) = paused.document["runs"]
    assert (run["paused"], LIMITS["own"].told in run["message"]) == (True, True)
    assert shell("plan", LEAD, "--direction", "polling").code == 3  # it cannot show what it may not look at

    shell.unset("own_threshold")
    assert shell("sync", LEAD, "--direction", "polling").code == 0
    assert shell.office.one("SELECT count(*) FROM prospects") == RECORDS
