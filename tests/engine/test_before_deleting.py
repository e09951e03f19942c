"""A record is read again by its id just before it is deleted, in both directions (G24)."""

from __future__ import annotations

import pytest

from modstamp.model import Direction, Operation
from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G24")

ON = {"create": True, "update": True, "delete": True}


@pytest.fixture
def world(sqlite_world: World) -> World:
    sqlite_world.change_mapping(inbound=ON, outbound=ON)
    return sqlite_world


def _pair(world: World) -> tuple[str, str]:
    lead = world.lead(Email="ada@example.com", LastName="Lovelace")
    world.settle(1)
    world.later()
    ((record, _),) = world.links()
    return record, lead


def test_a_lead_that_was_edited_since_the_run_began_is_not_deleted(world: World) -> None:
    record, lead = _pair(world)
    world.delete_prospect(record)
    handoff = world.extract(Direction.PUSHING)
    world.edit_lead(lead, Phone="1")

    world.load(handoff)

    assert list(world.leads()) == [lead]


def test_leads_are_read_again_after_all_other_writes(world: World) -> None:
    """The other batch takes its time, and meanwhile somebody edits the record that is to be deleted."""
    record, lead = _pair(world)
    world.delete_prospect(record)
    world.prospect(email="grace@example.com", last_name="Hopper")
    world.hooks.after("push", lambda: world.edit_lead(lead, Phone="1"))

    world.push()

    assert [action.operation for action in world.hooks.sent] == [Operation.CREATE]
    assert lead in world.leads()


def test_a_prospect_whose_lead_was_restored_since_the_run_began_is_not_deleted(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.system.advance(1)
    handoff = world.extract(Direction.POLLING)
    world.system.advance(1)
    world.system.restore(LEAD, lead)
    world.system.advance(1)

    world.load(handoff)

    assert list(world.prospects()) == [record]
    assert world.links() == [(record, lead)]
