"""What makes a reader miss rows: late commits, ties, short pages, lost cursors, edits while it reads."""

from __future__ import annotations

from threading import Thread

import pytest

from modstamp.model import Column, Presence
from sandbox.salesforce.server import Salesforce
from tests.connectors.contract import pull, whole
from tests.connectors.salesforce.world import SalesforceWorld
from tests.faults.desk import Desk

PAGE = 3


@pytest.mark.fault("late_commit")
@pytest.mark.guarantee("G1")
def test_an_edit_that_becomes_visible_behind_the_cursor(desk: Desk) -> None:
    ids = desk.in_step()
    fault = desk.salesforce.fault("late_commit", delay=1.0, by="people", times=1)
    late = Thread(target=desk.salesforce.edit, args=("Lead", ids[0]), kwargs={"Title": "late"})
    late.start()
    while not fault.struck:
        pass
    desk.salesforce.edit("Lead", ids[1], Title="in time")
    desk.office.later(3)
    desk.poll()
    assert dict(desk.office.sql("SELECT title, count(*) FROM prospects GROUP BY title")) == {None: 5, "in time": 1}
    late.join()

    desk.poll()

    desk.account({("lead0@example.com", "title"): "late", ("lead1@example.com", "title"): "in time"})


@pytest.mark.fault("late_commit")
@pytest.mark.guarantee("G17")
def test_our_own_write_that_is_committed_late(desk: Desk) -> None:
    work = desk.work(desk.in_step())
    desk.salesforce.fault("late_commit", delay=0.3, by="api")
    desk.push()
    desk.poll()
    desk.settle()
    desk.account(work)


@pytest.mark.fault("ties")
@pytest.mark.fault("shrinking_pages")
@pytest.mark.guarantee("G2")
def test_more_rows_of_one_second_than_a_page_has(desk: Desk) -> None:
    desk.in_step(0)
    desk.salesforce.fault("ties", span=60)
    desk.salesforce.fault("shrinking_pages", size=PAGE)
    for number in range(4 * PAGE):
        desk.salesforce.edit("Lead", LastName="Tie", Company="Firm", Email=f"tie{number}@example.com")
    assert len({row["SystemModstamp"] for row in desk.records()}) <= 2  # a minute may have ended meanwhile

    desk.poll()

    desk.account({(f"tie{number}@example.com", "last_name"): "Tie" for number in range(4 * PAGE)})
    again = desk.poll()
    assert again
    assert not again.counts.keys() & {"created", "updated"}


@pytest.mark.fault("expired_locator")
@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("after", [0, 1])
def test_a_cursor_that_expires_between_pages(desk: Desk, after: int) -> None:
    desk.office.fill_leads(4 * PAGE)
    desk.salesforce.fault("shrinking_pages", size=PAGE)
    fault = desk.salesforce.fault("expired_locator", after=after, times=2)

    summary = desk.poll()

    assert summary
    assert (fault.struck, summary.counts["created"]) == (2, 4 * PAGE)
    desk.account()


@pytest.mark.fault("edit_between_pages")
@pytest.mark.guarantee("G2")
def test_a_row_that_is_edited_between_two_pages(desk: Desk) -> None:
    desk.office.fill_leads(4 * PAGE)
    desk.salesforce.fault("shrinking_pages", size=PAGE)
    fault = desk.salesforce.fault("edit_between_pages", values={"Title": "between"}, rows=2, times=1)
    desk.poll()
    assert fault.struck
    desk.settle()
    desk.account({(f"lead{number}@example.com", "title"): "between" for number in (4 * PAGE - 1, 4 * PAGE - 2)})


@pytest.mark.fault("edit_between_pages")
@pytest.mark.fault("expired_locator")
@pytest.mark.guarantee("G3")
def test_a_cursor_that_expires_behind_a_row_that_was_edited(desk: Desk) -> None:
    """The checkpoint must not be taken from the stamp of the edit, which lies behind rows that were not read yet."""
    desk.office.fill_leads(4 * PAGE)
    desk.office.later(5)
    desk.salesforce.fault("shrinking_pages", size=PAGE)
    desk.salesforce.fault("edit_between_pages", values={"Title": "between"}, rows=4 * PAGE - 4, times=1)
    desk.salesforce.fault("expired_locator", after=1, times=1)
    desk.poll()
    desk.settle()
    desk.account()


@pytest.mark.fault("archive")
@pytest.mark.guarantee("G12")
def test_an_archived_activity_is_not_taken_for_deleted(salesforce: Salesforce) -> None:
    world = SalesforceWorld(salesforce)
    world.type_name = "Task"
    old, young, gone = (salesforce.edit("Task", Subject=subject) for subject in ("old", "young", "gone"))
    salesforce.perform("archive", "Task", old)
    salesforce.perform("delete", "Task", gone)

    found = world.connector.get("Task", ["Subject"], [old, young, gone])
    window, _ = pull(world, whole(world), ["Subject"])

    assert list(found[Column.STATE]) == [Presence.FOUND, Presence.FOUND, Presence.DELETED]
    assert found["Subject"][0] == "old"
    states = dict(zip(window[Column.ID], window[Column.STATE], strict=True))
    assert states == {old: Presence.FOUND, young: Presence.FOUND, gone: Presence.DELETED}
