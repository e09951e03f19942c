"""What people do in the org besides editing: delete, restore, purge, merge, convert."""

from __future__ import annotations

import pytest

from tests.faults.desk import Desk

MAIL = "lead0@example.com"


@pytest.mark.fault("delete")
@pytest.mark.fault("undelete")
@pytest.mark.guarantee("G13")
def test_a_record_that_is_deleted_and_restored(desk: Desk) -> None:
    ids = desk.in_step()
    desk.salesforce.perform("delete", "Lead", ids[0])
    desk.settle(1)
    assert len(desk.links()) == 5
    assert len(list(desk.prospects())) == 6  # inbound delete is off: it stays, and the log says so
    assert "inbound delete is off" in desk.said()

    desk.salesforce.perform("undelete", "Lead", ids[0])
    desk.settle()

    desk.account()


@pytest.mark.fault("purge")
@pytest.mark.guarantee("G12")
def test_a_record_that_is_purged_between_two_runs(desk: Desk) -> None:
    ids = desk.in_step()
    desk.salesforce.perform("delete", "Lead", ids[0])
    desk.salesforce.perform("purge", "Lead", ids[0])
    desk.office.later(120)  # the delete log is read by the minute
    desk.change(MAIL, title="inside")

    desk.settle()

    assert len(list(desk.prospects())) == 6
    assert len(desk.records()) == 5  # nothing was created in its place
    assert len(desk.links()) == 5
    ended = "SELECT internal_id FROM sync_actions WHERE direction = 'pushing' AND status = 'ended'"
    assert desk.office.sql(ended) == desk.office.sql("SELECT CAST(id AS text) FROM prospects WHERE title = 'inside'")


@pytest.mark.fault("merge")
@pytest.mark.guarantee("G12")
def test_two_records_that_are_merged(desk: Desk) -> None:
    ids = desk.in_step()
    desk.office.later(1)
    desk.salesforce.perform("merge", "Lead", ids[0], losers=[ids[1]], values={"Phone": "merged"})

    desk.settle()

    assert len(list(desk.prospects())) == 6
    assert len(desk.records()) == 5
    assert dict(desk.office.sql("SELECT email, phone FROM prospects"))[MAIL] == "merged"
    assert len(desk.links()) == len({external for _, external in desk.links()}) == 5


@pytest.mark.fault("convert")
@pytest.mark.guarantee("G12")
def test_a_lead_that_is_converted(desk: Desk) -> None:
    ids = desk.in_step()
    desk.office.later(1)
    desk.salesforce.perform("convert", "Lead", ids[0])
    desk.change(MAIL, title="inside")

    desk.settle()
    for mapping in ("salesforce_account", "salesforce_contact"):
        desk.office.poll(mapping)
        desk.office.push(mapping)

    assert len(list(desk.prospects())) == 6
    assert desk.office.one("SELECT count(*) FROM prospects WHERE email = :mail", mail=MAIL) == 1
    assert desk.salesforce.store.count("Contact") == 1
    assert len(desk.records()) == 6  # no second Lead in place of the converted one
