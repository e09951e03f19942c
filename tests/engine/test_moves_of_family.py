"""What the mappings of a family leave to each other when a Lead was converted (G12, G20)."""

from __future__ import annotations

import pytest

from tests.engine.test_moves import ADA, CONTACTS
from tests.fixtures.world import CONTACT, LEAD, World

pytestmark = [pytest.mark.guarantee("G12"), pytest.mark.guarantee("G20")]


def test_a_prospect_held_for_a_converted_lead_is_let_go_when_its_contact_is_linked(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(inbound={"create": False, "update": True})
    lead = world.lead(Email=ADA, LastName="Lovelace")
    contact = world.system.convert(LEAD, lead, CONTACT)
    world.poll()
    record = world.prospect(email=ADA, last_name="Lovelace")
    world.push()
    assert [row[:3] for row in world.waiting()] == [("pushing", record, "held")]
    contacts = world.beside_relative(CONTACTS)
    contacts.poll()
    world.edit_prospect(record, phone="1")

    world.push()

    assert contacts.links() == [(record, contact)]
    assert world.waiting() == []
    assert list(world.leads()) == [lead]
