"""The sequences that broke an earlier wording of the guarantees, with the real connector over HTTPS.

`tests/engine/test_sequences.py` has all ten of them over a system in memory, under the same numbers.
"""

from __future__ import annotations

import pytest

from modstamp import wiring
from modstamp.engine.handoff import RunOptions
from modstamp.model import Direction
from sandbox.salesforce.clock import parse_stamp
from tests.faults.desk import Desk
from tests.fixtures.office import LEAD

MAIL = "lead0@example.com"
NEW = "ada@example.com"


@pytest.mark.guarantee("G17")
def test_1_a_poll_does_not_land_a_row_that_is_older_than_our_write(desk: Desk) -> None:
    (lead,) = desk.in_step(1)
    office = desk.office
    desk.change(MAIL, phone="1")
    office.later(1)
    desk.salesforce.edit("Lead", lead, Title="b")
    office.later(1)
    with wiring.open_run(LEAD, Direction.POLLING, office.settings, office.resolve) as poll:
        handoff = poll.extract(RunOptions(), "slow-poll")
        office.later(1)
        desk.push()
        poll.load(poll.validate(poll.transform(handoff)))

    assert office.one("SELECT phone FROM prospects") == "1"
    desk.settle()
    desk.account({(MAIL, "phone"): "1", (MAIL, "title"): "b"})


@pytest.mark.guarantee("G1")
def test_2_a_second_edit_within_the_second_is_seen_when_it_becomes_visible(desk: Desk) -> None:
    (lead,) = desk.in_step(1)
    desk.office.later(2)
    desk.salesforce.edit("Lead", lead, Phone="1")
    stamp = desk.record(MAIL)["SystemModstamp"]
    desk.office.later(2)
    desk.poll()
    assert desk.office.one("SELECT phone FROM prospects") == "1"
    people = desk.salesforce.org.people_id
    desk.salesforce.store.update("Lead", lead, {"Title": "1"}, modified=parse_stamp(stamp), by=people)
    assert desk.record(MAIL)["SystemModstamp"] == stamp
    desk.office.later(1)  # what is read within the second of the last read waits for the next poll (G17)

    desk.poll()

    desk.account({(MAIL, "title"): "1", (MAIL, "phone"): "1"})


@pytest.mark.guarantee("G19")
def test_4_what_a_job_under_our_name_edits_after_our_create_comes_in(desk: Desk) -> None:
    """Behind the read-back, however busy the machine is: within it, the edit is what the server made of our value."""
    desk.in_step(0)
    desk.add(NEW, title="ours")
    desk.push()
    created, org = desk.record(NEW), desk.salesforce.org
    assert created["Title"] == "ours"
    desk.salesforce.store.update("Lead", created["Id"], {"Title": "flow"}, by=org.user_id)
    assert desk.record(NEW)["LastModifiedById"] == created["CreatedById"] == org.user_id

    desk.settle()

    desk.account({(NEW, "title"): "flow"})


@pytest.mark.guarantee("G19")
@pytest.mark.fault("rewriting")
@pytest.mark.fault("cut_after")
def test_5_a_rewritten_value_whose_answer_was_lost_does_not_win_over_a_newer_edit(desk: Desk) -> None:
    desk.in_step(1)
    desk.salesforce.fault("rewriting", object="Lead", fields=["Title"], style="lower")
    lost = desk.salesforce.fault("cut_after", path="/composite", after=1, times=1)
    desk.change(MAIL, title=" V9 ")
    desk.push()
    assert (lost.struck, desk.record(MAIL)["Title"]) == (1, "v9")
    desk.change(MAIL, title=" V10 ")

    for _ in range(2):
        desk.pass_time()
        desk.poll()
        desk.push()

    assert desk.office.one("SELECT title FROM prospects") == " V10 "
    assert desk.record(MAIL)["Title"] == "v10"
    desk.rests()


@pytest.mark.guarantee("G20")
@pytest.mark.fault("cut_after")
@pytest.mark.parametrize("again", [False, True])
def test_6_a_create_without_an_answer_is_recognised_though_its_row_is_gone(desk: Desk, again: bool) -> None:  # noqa: FBT001
    desk.in_step(0)
    desk.add(NEW)
    lost = desk.salesforce.fault("cut_after", method="POST", path="/composite/sobjects", times=1)
    desk.push()
    assert (lost.struck, len(desk.records())) == (1, 1)
    desk.office.sql("DELETE FROM prospects")
    if again:
        desk.add(NEW)

    desk.poll()
    assert len(list(desk.prospects())) == int(again)
    desk.settle(3)

    assert len(desk.records()) == 1
    assert len(list(desk.prospects())) == int(again)
    if again:
        desk.account()


@pytest.mark.guarantee("G6")
@pytest.mark.fault("validation_rule")
def test_7_two_refusals_one_per_direction_do_not_wake_each_other_for_ever(desk: Desk) -> None:
    first, _ = desk.in_step(2)
    desk.salesforce.fault("validation_rule", object="Lead", operation="update", field="Title", matches="bad")
    desk.change(MAIL, title="bad")
    desk.office.later(1)
    desk.salesforce.edit("Lead", first, Email="lead1@example.com")  # taken inside

    for _ in range(3):
        desk.pass_time()
        desk.poll()
        desk.push()
    writes = _writes(desk)
    desk.pass_time()
    desk.poll()
    desk.push()

    assert _writes(desk) == writes
    assert desk.office.sql("SELECT reason FROM sync_pending WHERE mapping = :lead", lead=LEAD) == []
    kinds = desk.office.sql("SELECT direction FROM sync_quarantine WHERE mapping = :lead", lead=LEAD)
    assert sorted(direction for (direction,) in kinds) == ["polling", "pushing"]


@pytest.mark.guarantee("G10")
def test_8_a_blank_field_that_a_user_fills_before_the_poll_does_is_not_overwritten(desk: Desk) -> None:
    desk.in_step(0)
    desk.salesforce.edit("Lead", LastName="Inside", Company="Firm", Email=NEW, Phone="theirs")
    desk.add(NEW)
    desk.push()
    assert len(desk.links()) == 1
    desk.change(NEW, phone="mine")

    desk.settle()

    assert desk.office.one("SELECT phone FROM prospects") == "mine"
    assert desk.record(NEW)["Phone"] == "theirs"


@pytest.mark.guarantee("G18")
def test_10_a_row_restored_between_reading_and_planning_is_not_created_a_second_time(desk: Desk) -> None:
    desk.in_step(0)
    office = desk.office
    desk.add(NEW)
    desk.salesforce.edit("Lead", LastName="Inside", Company="Firm", Email=NEW)
    ((number,),) = office.sql("SELECT id FROM prospects")
    office.sql("DELETE FROM prospects")
    with wiring.open_run(LEAD, Direction.PUSHING, office.settings, office.resolve) as push:
        handoff = push.extract(RunOptions(), "slow-push")
        row = {"id": number, "email": NEW, "last_name": "Inside", "company": "Firm"}
        office.sql(
            "INSERT INTO prospects (id, email, last_name, company) VALUES (:id, :email, :last_name, :company)", **row
        )
        push.load(push.validate(push.transform(handoff)))

    assert len(desk.records()) == 1
    desk.settle()
    desk.account()


def _writes(desk: Desk) -> int:
    return int(desk.office.one("SELECT count(*) FROM sync_calls WHERE kind = 'write'"))
