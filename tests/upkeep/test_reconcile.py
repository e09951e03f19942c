"""What reconcile calls out of step, and what it leaves alone; over two systems in memory and a real database."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.engine.findings import Reconciled
from modstamp.engine.reconcile import ReconcileOptions, reconcile
from modstamp.errors import ConfigurationError
from tests.fixtures.world import LEAD, World

MAIL = "a@example.com"


def look(world: World, **options: Any) -> Reconciled:
    world.system.advance(1)
    return reconcile(world.environment, ReconcileOptions(**options), f"reconcile-{next(world.numbers)}")


def found(world: World, **options: Any) -> dict[str, int]:
    counts = look(world, **options).counts
    return {name: number for name, number in counts.items() if number and name != "compared"}


@pytest.fixture
def paired(sqlite_world: World) -> World:
    """Three pairs in step, long ago."""
    for number in range(3):
        sqlite_world.lead(Email=f"{number}@example.com", LastName=f"Last{number}", Title="old")
    sqlite_world.settle(1)
    sqlite_world.later(3600)
    sqlite_world.settle(1)
    return sqlite_world


def test_nothing_is_found_where_all_is_in_step(paired: World) -> None:
    done = look(paired)
    assert (done.counts["compared"], done.days, done.findings) == (3, [], ())
    assert done.days_compared == 1


@pytest.mark.guarantee("G6")
def test_what_waits_anywhere_is_no_finding(paired: World) -> None:
    (inside, outside), (_, edited), _ = paired.links()
    paired.edit_prospect(inside, title="inside")  # pending
    paired.edit_lead(edited, Title="outside")  # the next poll reads it
    paired.lead(Email="new@example.com")  # and this one
    paired.prospect(email="mine@example.com")  # pending
    assert found(paired) == {}
    assert outside


def test_internal_rows_that_no_push_has_seen_are_pushed(paired: World) -> None:
    paired.prospect(email="mine@example.com")
    paired.sql("DELETE FROM sync_pending")
    assert found(paired, repair=True) == {"never pushed": 1}
    paired.push()
    assert "mine@example.com" in {lead["Email"] for lead in paired.leads().values()}
    assert found(paired) == {}


def test_links_whose_internal_row_is_gone_are_judged_by_a_push(paired: World) -> None:
    (inside, outside), *_ = paired.links()
    paired.delete_prospect(inside)
    paired.sql("DELETE FROM sync_pending")
    assert found(paired, repair=True) == {"gone inside": 1}
    paired.push()
    assert paired.links("tombstone") == [(inside, outside)]
    assert outside in paired.leads()  # outbound deletes are off
    assert found(paired) == {}


@pytest.mark.guarantee("G12")
def test_a_deletion_that_no_poll_met_is_judged_by_a_poll(paired: World) -> None:
    (inside, outside), *_ = paired.links()
    paired.system.delete(LEAD, outside)
    paired.later(3600)
    paired.hooks.missing = {outside}
    paired.connector.system = paired.system
    cursor = "UPDATE sync_cursors SET cursor = :now"
    paired.sql(cursor, now=paired.system.clock.replace(tzinfo=None).isoformat(" "))
    paired.hooks.missing = set()
    assert found(paired, repair=True) == {"deleted outside": 1}
    paired.poll()
    assert paired.links("tombstone") == [(inside, outside)]
    assert inside in paired.prospects()


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize("after_delete", ["leave", "recreate"])
def test_what_a_person_knows_to_be_gone_ends_its_link_and_deletes_nothing(paired: World, after_delete: str) -> None:
    paired.change_mapping(after_delete=after_delete, inbound={"create": True, "update": True, "delete": True})
    (inside, outside), (edited, other), _ = paired.links()
    paired.edit_prospect(edited, title="edited")
    paired.sql("DELETE FROM sync_pending")
    for lead in (outside, other):
        paired.system.purge(LEAD, lead)

    assert found(paired, gone=True) == {"hidden": 2}

    assert paired.links("tombstone") == [(inside, outside), (edited, other)]
    paired.settle()
    assert {inside, edited} <= set(paired.prospects())
    again = [lead["Title"] for lead in paired.leads().values() if lead["Title"] == "edited"]
    assert again == (["edited"] if after_delete == "recreate" else [])
    assert found(paired) == {}


@pytest.mark.guarantee("G12")
@pytest.mark.guarantee("G13")
def test_a_record_that_was_only_hidden_is_linked_again(paired: World) -> None:
    (inside, outside), *_ = paired.links()
    paired.system.hide(LEAD, outside)
    assert found(paired, gone=True) == {"hidden": 1}
    assert len(paired.links("tombstone")) == 1
    paired.system.hide(LEAD, outside, hidden=False)
    assert found(paired, repair=True) == {"never seen": 1}
    paired.poll()
    assert (inside, outside) in paired.links()
    assert len(paired.prospects()) == 3


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize("how", ["hide", "purge"])
def test_what_is_not_proved_deleted_is_held_and_never_made_again(paired: World, how: str) -> None:
    """Nothing tells the two apart. A repair has a poll look at it, as at any record."""
    paired.change_mapping(after_delete="recreate", inbound={"create": True, "update": True, "delete": True})
    (inside, outside), *_ = paired.links()
    paired.edit_prospect(inside, title="edited")
    paired.sql("DELETE FROM sync_pending")
    getattr(paired.system, how)(LEAD, outside)

    done = look(paired, repair=True)
    paired.settle()

    assert (done.counts["hidden"], done.repairs["links ended"]) == (1, 0)
    assert "1 of 3 linked records are neither visible nor provably deleted outside" in done.message
    assert (inside, outside) in paired.links()
    assert [(kind, record) for _, record, kind, _ in paired.waiting()] == [("held", outside)]
    assert [lead["Title"] for lead in paired.leads().values()].count("edited") == 0
    assert found(paired, repair=True) == {}  # it waits


@pytest.mark.guarantee("G12")
@pytest.mark.guarantee("G17")
def test_what_was_read_since_it_was_missed_is_not_ended(paired: World) -> None:
    """It is shown again, and a push writes it, between the comparison and the end of the links."""
    (inside, outside), *_ = paired.links()
    paired.system.hide(LEAD, outside)

    def shown_again() -> None:
        paired.system.hide(LEAD, outside, hidden=False)
        paired.edit_prospect(inside, title="edited")
        paired.push()

    paired.hooks.after("get", shown_again)

    assert look(paired, gone=True).repairs["links ended"] == 0
    assert (inside, outside) in paired.links()


@pytest.mark.guarantee("G12")
def test_what_was_edited_while_it_was_hidden_is_read_when_it_is_shown_again(paired: World) -> None:
    (inside, outside), (other_inside, other), _ = paired.links()
    for lead in (outside, other):
        paired.system.hide(LEAD, lead)
    paired.edit_lead(outside, Title="outside")
    paired.edit_prospect(other_inside, title="inside")
    paired.sql("DELETE FROM sync_pending")
    paired.later(3600)
    paired.settle(1)
    for lead in (outside, other):
        paired.system.hide(LEAD, lead, hidden=False)
    paired.settle(1)
    assert paired.prospects()[inside]["title"] == "old"

    assert found(paired, reread=True) == {"drifted": 2}
    paired.settle(1)

    assert paired.prospects()[inside]["title"] == "outside"
    assert paired.leads()[other]["Title"] == "inside"


@pytest.mark.guarantee("G8")
@pytest.mark.guarantee("G12")
def test_a_field_that_was_hidden_is_read_when_it_is_shown_again(paired: World) -> None:
    (inside, outside), *_ = paired.links()
    shown = paired.system.types[LEAD]
    paired.system.drop_field(LEAD, "Title")
    paired.system.types[LEAD], hidden = shown, paired.system.types[LEAD]
    paired.edit_lead(outside, Title="outside")
    paired.system.types[LEAD] = hidden
    paired.settle(1)
    paired.later(3600)
    paired.settle(1)
    assert paired.prospects()[inside]["title"] == "old"

    paired.system.types[LEAD] = shown
    paired.settle(1)

    assert paired.prospects()[inside]["title"] == "outside"
    assert found(paired) == {}


def test_held_fields_and_one_way_fields_are_no_drift(sqlite_world: World) -> None:
    world = sqlite_world
    world.lead(Email=MAIL, Title="outside", Company="in only")
    record = world.prospect(email=MAIL, title="inside")
    world.settle()
    world.edit_prospect(record, city="mine")
    world.settle()
    world.later(3600)
    world.settle(1)
    done = look(world)
    assert done.findings == ()
    assert [day["external"] for day in done.days] == [1]  # the hashes still tell that values differ


def test_a_window_leaves_alone_what_lies_outside(paired: World) -> None:
    for _, lead in paired.links():
        paired.system.purge(LEAD, lead)
    later = paired.system.clock
    assert found(paired, since=later) == {}
    assert found(paired, until=later) == {"hidden": 3}


def test_before_the_first_load_there_is_nothing_to_compare_with(sqlite_world: World) -> None:
    with pytest.raises(ConfigurationError, match="its first load is not done"):
        look(sqlite_world)


def test_a_limit_ends_it_and_what_was_found_counts(paired: World) -> None:
    (_, outside), *_ = paired.links()
    paired.system.purge(LEAD, outside)
    paired.connector.maximum = paired.connector.calls + 1
    done = look(paired, gone=True)
    assert "calls are used" in done.message
    assert paired.sql("SELECT status FROM sync_runs WHERE kind = 'reconcile'") == [("paused",)]
    assert paired.links("tombstone") == []
