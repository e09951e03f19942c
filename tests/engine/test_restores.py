"""Tombstones: restored records, their former counterparts, and making a deleted record again (G13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from modstamp.engine.handoff import RunOptions
from modstamp.model import Direction
from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G13")

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}


@pytest.fixture
def world(sqlite_world: World) -> World:
    sqlite_world.change_mapping(inbound=ON, outbound=ON, after_delete="recreate")
    return sqlite_world


def _pair(world: World) -> tuple[str, str]:
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.settle(1)
    world.later()
    ((record, _),) = world.links()
    return record, lead


def _insert_again(world: World, record: str, **values: Any) -> None:
    world.sql("INSERT INTO prospects (id, email, last_name) VALUES (:id, :email, 'Lovelace')", id=int(record), **values)


@pytest.mark.parametrize("first", list(Direction))
def test_a_prospect_is_linked_before_its_lead_is_made_again(world: World, first: Direction) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.change_mapping(inbound={**ON, "create": False})
    other = world.lead(Email=MAIL, LastName="Lovelace", Title="Countess")
    world.edit_prospect(record, phone="1")
    (world.poll if first is Direction.POLLING else world.push)()

    world.settle(2)

    assert world.links() == [(record, other)]
    assert list(world.leads()) == [other]
    assert world.leads()[other]["Phone"] == "1"


def test_a_lead_is_linked_before_its_prospect_is_made_again(world: World) -> None:
    record, lead = _pair(world)
    world.change_mapping(outbound={**ON, "create": False})
    world.delete_prospect(record)
    other = world.prospect(email=MAIL, last_name="Lovelace")
    world.edit_lead(lead, Phone="1")

    world.settle(3)

    assert world.links() == [(other, lead)]
    assert list(world.prospects()) == [other]
    assert world.prospects()[other]["phone"] == "1"


def test_a_prospect_with_several_matches_is_held_instead_of_made_again(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    twins = [world.lead(Email=MAIL, LastName=name) for name in ("Lovelace", "Byron")]
    world.edit_prospect(record, phone="1")

    for _ in range(3):  # without a poll, which would link the first of them
        world.push()

    assert list(world.leads()) == twins
    assert [row[:3] for row in world.waiting()] == [("pushing", record, "ambiguous")]


def test_a_lead_that_is_restored_after_its_prospect_was_removed_with_it_comes_back(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.settle(1)
    assert world.prospects() == {}
    world.later()
    world.system.restore(LEAD, lead)

    world.settle(2)

    ((again, linked),) = world.links()
    assert linked == lead
    assert again != record
    assert world.prospects()[again]["email"] == MAIL
    assert list(world.leads()) == [lead]


@pytest.mark.parametrize("create", [False, {"when": {"field": "Title", "operator": "is", "value": "Countess"}}])
def test_it_comes_back_only_where_creates_allow_it(world: World, create: Any) -> None:
    _, lead = _pair(world)
    world.change_mapping(inbound={**ON, "create": create})
    world.system.delete(LEAD, lead)
    world.settle(1)
    world.later()
    world.system.restore(LEAD, lead)

    world.settle(2)

    assert world.prospects() == {}
    assert list(world.leads()) == [lead]


def test_a_prospect_that_is_restored_after_its_lead_was_removed_with_it_comes_back(world: World) -> None:
    record, lead = _pair(world)
    world.delete_prospect(record)
    world.settle(1)
    assert world.leads() == {}
    world.later()
    _insert_again(world, record, email=MAIL)

    world.settle(2)

    ((linked, again),) = world.links()
    assert linked == record
    assert list(world.leads()) == [again]
    assert again != lead


@pytest.mark.guarantee("G17")
def test_what_was_read_before_its_deletion_is_not_restored(world: World) -> None:
    """A poll reads the living lead; a push deletes it, as its prospect is gone; then the poll lands its old row."""
    record, lead = _pair(world)
    world.edit_lead(lead, OwnerId="somebody")  # no mapped field: its stamp moves and nothing else
    world.system.advance(1)
    handoff = world.extract(Direction.POLLING, RunOptions(since=world.system.clock - timedelta(hours=1)))
    assert handoff.parts
    world.delete_prospect(record)
    world.push()
    assert world.leads() == {}

    world.load(handoff)

    assert world.prospects() == {}
    world.settle(2)
    assert world.prospects() == {}


def test_a_restored_lead_whose_prospect_has_another_one_is_held(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.edit_prospect(record, phone="1")
    world.settle(2)
    ((_, other),) = world.links()
    world.later()
    world.system.restore(LEAD, lead)
    world.edit_lead(lead, Email="else@example.com")

    world.settle(2)

    assert world.links() == [(record, other)]
    assert list(world.prospects()) == [record]
    assert [row[:3] for row in world.waiting()] == [("polling", lead, "ambiguous")]


def test_a_held_former_counterpart_is_linked_when_the_other_one_is_gone(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.edit_prospect(record, phone="1")
    world.settle(2)
    ((_, other),) = world.links()
    world.later()
    world.system.restore(LEAD, lead)
    world.edit_lead(lead, Email="else@example.com")
    world.settle(1)
    world.change_mapping(inbound={**ON, "delete": False})
    world.later()
    world.system.delete(LEAD, other)

    world.settle(3)

    assert world.links() == [(record, lead)]
    assert world.waiting() == []


def test_tombstones_of_what_is_gone_are_purged_and_others_speak_on(world: World) -> None:
    world.change_mapping(after_delete="leave", inbound={**ON, "delete": False})
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    gone = world.lead(Email="gone@example.com", LastName="Hopper")
    world.settle(1)
    other = next(each for each in world.prospects() if each != record)
    world.later()
    world.delete_prospect(other)
    world.settle(1)
    assert gone not in world.leads()

    with world.store.begin() as tx:
        assert tx.links.purge_tombstones(world.store.now() - timedelta(hours=1)) == 0
        assert tx.links.purge_tombstones(world.store.now() + timedelta(hours=1)) == 1
    world.edit_prospect(record, phone="1")
    world.settle(2)

    assert world.leads() == {}  # the mapping leaves what was deleted


def test_a_tombstone_whose_halves_die_one_after_the_other_ends(world: World) -> None:
    world.change_mapping(after_delete="leave", inbound={**ON, "delete": False})
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.settle(1)
    world.delete_prospect(record)
    world.settle(1)

    assert world.sql("SELECT external_id, deleted_side FROM sync_links") == [(lead, "both")]
