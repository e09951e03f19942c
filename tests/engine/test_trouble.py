"""When things go wrong: quarantine, limits, errors by what follows from them (G26, G27, G29)."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from modstamp.errors import RetryableError
from tests.fixtures.world import World

MAIL = "ada@example.com"


def _refuse_bad_titles(world: World) -> None:
    world.system.rules.append(lambda _, values: "a title is never bad" if values["Title"] == "bad" else None)


def _prospects(world: World, count: int, **values: str) -> list[str]:
    world.poll()
    return [world.prospect(email=f"{number}@example.com", last_name=str(number), **values) for number in range(count)]


@pytest.mark.guarantee("G26")
def test_one_refused_record_waits_and_the_others_pass(world: World) -> None:
    _refuse_bad_titles(world)
    records = _prospects(world, 3, title="good")
    world.edit_prospect(records[1], title="bad")

    summary = world.push()

    assert (summary.counts["created"], summary.counts["quarantined"]) == (2, 1)
    ((direction, record, kind, reason),) = world.waiting()
    assert (direction, record, kind) == ("pushing", records[1], "rejected")
    assert "a title is never bad" in reason
    assert len(world.links()) == 2


@pytest.mark.guarantee("G26")
def test_a_newer_version_replaces_the_waiting_one_and_is_tried_at_once(world: World) -> None:
    _refuse_bad_titles(world)
    (record,) = _prospects(world, 1, title="bad", phone="1")
    world.push()
    world.edit_prospect(record, phone="2")
    world.push()
    assert len(world.waiting()) == 1
    assert '"2"' in world.sql("SELECT CAST(detail AS TEXT) FROM sync_quarantine")[0][0]
    world.edit_prospect(record, title="good")

    world.push()

    assert world.waiting() == []
    assert [(row["Title"], row["Phone"]) for row in world.leads().values()] == [("good", "2")]


@pytest.mark.guarantee("G26")
def test_an_unlinked_record_that_waits_is_not_judged_again_until_it_changes(world: World) -> None:
    mail = {"field": "Email", "operator": "is not empty"}
    world.change_mapping(inbound={"create": {"when": mail}, "update": True})
    lead = world.lead(LastName="Lovelace")
    world.poll()

    again = world.poll()

    assert again.counts["seen before"] == 1
    assert not again.counts.get("withheld")
    world.edit_lead(lead, Email=MAIL)
    assert world.poll().counts["created"] == 1
    assert world.waiting() == []


@pytest.mark.guarantee("G27")
def test_a_limit_reached_pauses_the_run_and_the_next_one_goes_on(world: World) -> None:
    records = _prospects(world, 6)
    world.connector.batch_size = 2
    world.connector.maximum = world.connector.calls + 3  # the description, the look-up and one batch

    summary = world.push()

    assert summary.paused
    assert "calls are used" in summary.message
    assert summary.counts["created"] == 2
    assert len(world.pending("pushing")) == 4
    assert world.sql("SELECT count(*) FROM sync_intents") == [(0,)]
    world.connector.maximum = None
    world.push()
    assert len(world.leads()) == len(world.links()) == len(records)


@pytest.mark.guarantee("G27")
def test_a_limit_reached_before_anything_was_sent_leaves_everything_pending(world: World) -> None:
    records = _prospects(world, 3)
    world.connector.maximum = world.connector.calls + 1  # the description

    summary = world.push()

    assert summary.paused
    assert world.leads() == {}
    assert world.pending("pushing") == sorted(records)


@pytest.mark.guarantee("G29")
def test_a_passing_refusal_leaves_the_work_pending_and_nobody_is_bothered(world: World) -> None:
    (record,) = _prospects(world, 1)
    world.system.faults.append((Fault.REFUSED, 0))

    world.push()

    assert world.pending("pushing") == [record]
    assert world.waiting() == []
    assert world.sql("SELECT count(*) FROM sync_links") == [(0,)]
    world.push()
    assert len(world.leads()) == 1


@pytest.mark.guarantee("G29")
def test_a_system_that_does_not_answer_ends_the_run_and_loses_nothing(world: World) -> None:
    (record,) = _prospects(world, 1)
    world.system.reachable = False

    with pytest.raises(RetryableError):
        world.push()

    assert world.pending("pushing") == [record]
    world.system.reachable = True
    world.later()
    world.with_one_clock()
    world.push()
    assert len(world.leads()) == 1


@pytest.mark.guarantee("G29")
def test_every_record_that_was_not_done_has_one_row_in_the_log_with_its_reason(world: World) -> None:
    _refuse_bad_titles(world)
    world.change_mapping(outbound={"create": {"when": {"field": "email", "operator": "is not empty"}}, "update": True})
    _prospects(world, 1, title="bad")
    world.prospect(last_name="nobody")

    world.push()

    rows = world.sql("SELECT status, message FROM sync_actions WHERE direction = 'pushing' ORDER BY status")
    assert rows == [("quarantined", "a title is never bad"), ("withheld", "email is not empty")]
