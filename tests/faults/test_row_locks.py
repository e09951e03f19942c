"""Two people at one record in the same moment: Salesforce locks it, and neither edit is lost (OSF-112)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from tests.faults.desk import Desk
from tests.fixtures.activities import TASKS

OFTEN = {"lock_tries": 8}  # 1 ms, 2 ms, 4 ms … : half a second in all
PATIENCE = 10.0  # seconds


@contextmanager
def edit_that_is_met(desk: Desk, lead: str, values: Mapping[str, Any]) -> Iterator[None]:
    """An admin's edit of a Lead that holds its lock until our write has met it, and is there when it lets go."""
    fault = desk.salesforce.fault("parent_lock", delay=0.0)
    org = desk.salesforce.org

    def edit() -> None:
        with org.locks.taken([lead]):
            until = time.monotonic() + PATIENCE
            while not fault.struck and time.monotonic() < until:
                time.sleep(0.001)
            org.store.update("Lead", lead, values, by=org.people_id)

    admin = Thread(target=edit)
    admin.start()
    while lead not in org.locks._held:  # noqa: SLF001 - the moment that this is about
        time.sleep(0.001)
    yield
    admin.join()
    assert fault.struck


@pytest.mark.requirement("OSF-112")
@pytest.mark.guarantee("G18")
def test_a_reps_and_an_admins_edit_in_the_same_moment_both_survive(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(**OFTEN)
    lead, *_ = desk.in_step(3)
    desk.office.later(1)
    desk.office.sql("UPDATE prospects SET title = 'done'")

    with edit_that_is_met(desk, lead, {"Phone": "+49 30 1"}):
        summary = desk.push()

    assert summary
    assert summary.counts["updated"] == 3
    assert desk.quarantine() == []
    assert "LOCK" not in desk.said()
    desk.settle()
    titles = {(f"lead{number}@example.com", "title"): "done" for number in range(3)}
    desk.account({**titles, ("lead0@example.com", "phone"): "+49 30 1"})


@pytest.mark.requirement("OSF-112")
@pytest.mark.guarantee("G18")
def test_a_task_is_completed_at_the_lead_that_an_admin_edits_in_the_same_moment(
    open_desk: Callable[..., Desk],
) -> None:
    """A new Task locks the Lead that it belongs to: Salesforce refuses it while the admin's edit is under way."""
    desk = open_desk(**OFTEN)
    (lead,) = desk.in_step(1)
    desk.office.later(1)
    desk.office.sql(
        "INSERT INTO tasks (type, subject, prospect_id, user_id) SELECT 'call', 'Ring back', p.id, l.internal_id"
        " FROM prospects p, sync_links l WHERE l.mapping = 'salesforce_user' AND l.external_id = :owner",
        owner=desk.office.owner,
    )
    desk.office.push(TASKS)
    desk.office.sql("UPDATE tasks SET status = 'done'")

    with edit_that_is_met(desk, lead, {"Phone": "+49 30 1"}):
        summary = desk.office.push(TASKS)

    assert summary.counts["created"] == 1
    (task,) = desk.salesforce.store.rows("Task")
    assert (task["Subject"], task["WhoId"], task["Status"]) == ("Ring back", lead, "Completed")
    assert desk.office.one("SELECT count(*) FROM sync_quarantine") == 0
    assert "LOCK" not in desk.said()
    desk.settle()
    desk.account({("lead0@example.com", "phone"): "+49 30 1"})


@pytest.mark.guarantee("G18")
def test_a_field_that_the_other_write_changed_too_is_judged_anew(open_desk: Callable[..., Desk]) -> None:
    """Sent again as it was planned, ours would turn back an edit that it has not seen."""
    desk = open_desk(**OFTEN)
    lead, *_ = desk.in_step(1)
    desk.office.sql("UPDATE prospects SET title = 'earlier', updated_at = '2000-01-01 00:00:00.000000'")
    desk.office.sql('UPDATE sync_pending SET columns = \'{"title": "2000-01-01T00:00:00.000000Z"}\'')

    with edit_that_is_met(desk, lead, {"Title": "later"}):
        desk.push()

    desk.settle()
    desk.account({("lead0@example.com", "title"): "later"})


@pytest.mark.guarantee("G29")
def test_only_locked_records_are_tried_again(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(lock_tries=2)
    lead, *others = desk.in_step(3)
    desk.office.sql("UPDATE prospects SET title = 'inside'")
    desk.salesforce.fault("row_lock", object="Lead", operation="update", ids=[lead], times=1)

    summary = desk.push()

    assert summary
    assert (summary.counts["updated"], summary.counts.get("again", 0)) == (3, 0)
    stamps = {row["Id"]: row["SystemModstamp"] for row in desk.records()}
    assert len({stamps[each] for each in others}) == 1
    rows = desk.office.sql("SELECT external_id, count(*) FROM sync_actions WHERE status = 'updated' GROUP BY 1")
    assert sorted(rows) == sorted((each, 1) for each in [lead, *others])
