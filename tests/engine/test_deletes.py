"""The table of edits and deletes, in both directions, with its toggles (section 2 of the guarantees)."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.model import Direction
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}


def _pair(world: World, **values: str) -> tuple[str, str]:
    """A linked prospect and lead, a while ago."""
    lead = world.lead(Email=MAIL, LastName="Lovelace", **values)
    world.settle(1)
    world.system.advance(40)
    (record,) = world.prospects()
    return record, lead


def _tombstones(world: World) -> list[tuple[str, str, str]]:
    return world.sql("SELECT internal_id, external_id, deleted_side FROM sync_links WHERE state = 'tombstone'")


@pytest.mark.parametrize("toggles", [ON, {"create": True, "update": True}])
def test_a_lead_deleted_outside_ends_its_prospect_only_where_the_mapping_says_so(
    world: World, toggles: dict[str, Any]
) -> None:
    world.change_mapping(inbound=toggles)
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)

    world.settle()

    assert list(world.prospects()) == ([] if "delete" in toggles else [record])
    assert [tomb[:2] for tomb in _tombstones(world)] == [(record, lead)]
    assert world.leads() == {}


@pytest.mark.parametrize("toggles", [ON, {"create": True, "update": True}])
def test_a_prospect_deleted_inside_ends_its_lead_only_where_the_mapping_says_so(
    world: World, toggles: dict[str, Any]
) -> None:
    world.change_mapping(outbound=toggles)
    record, lead = _pair(world)
    world.delete_prospect(record)

    world.settle()

    assert list(world.leads()) == ([] if "delete" in toggles else [lead])
    assert [tomb[:2] for tomb in _tombstones(world)] == [(record, lead)]
    assert world.prospects() == {}


@pytest.mark.parametrize("policy", ["leave", "recreate"])
@pytest.mark.parametrize("first", list(Direction))
def test_a_prospect_edited_after_its_lead_was_deleted(world: World, policy: str, first: Direction) -> None:
    world.change_mapping(inbound=ON, outbound=ON, after_delete=policy)
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.edit_prospect(record, phone="new")
    (world.poll if first is Direction.POLLING else world.push)()

    world.settle()

    assert list(world.prospects()) == [record]
    assert [row["Phone"] for row in world.leads().values()] == (["new"] if policy == "recreate" else [])
    assert lead not in world.leads()
    assert len(world.links()) == len(world.leads())


@pytest.mark.parametrize("policy", ["leave", "recreate"])
@pytest.mark.parametrize("first", list(Direction))
def test_a_lead_edited_after_its_prospect_was_deleted(world: World, policy: str, first: Direction) -> None:
    world.change_mapping(inbound=ON, outbound=ON, after_delete=policy)
    record, lead = _pair(world)
    world.delete_prospect(record)
    world.edit_lead(lead, Phone="new")
    (world.poll if first is Direction.POLLING else world.push)()

    world.settle()

    assert list(world.leads()) == [lead]
    assert [row["phone"] for row in world.prospects().values()] == (["new"] if policy == "recreate" else [])
    assert record not in world.prospects()
    assert len(world.links()) == len(world.prospects())


def test_a_record_is_not_recreated_where_creates_are_off(world: World) -> None:
    world.change_mapping(outbound={"update": True}, after_delete="recreate")
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.edit_prospect(record, phone="new")

    world.settle()

    assert world.leads() == {}
    assert len(_tombstones(world)) == 1


def test_records_deleted_on_both_sides_end_quietly(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.delete_prospect(record)

    world.settle()

    assert _tombstones(world) != []
    assert world.waiting() == []
