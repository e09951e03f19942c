"""Several mappings of one internal type into one connection: one creates, and only when all have matched (G20)."""

from __future__ import annotations

import pytest

from modstamp.errors import RejectedRecordError, RetryableError
from modstamp.model import Direction
from tests.fixtures.world import CONTACT, MAPPING, World

MAIL = "ada@example.com"
CONTACTS = {**MAPPING, "external": "salesforce.Contact", "outbound": {"create": False, "update": True}}

pytestmark = pytest.mark.guarantee("G20")


@pytest.fixture
def leads(sqlite_world: World) -> World:
    return sqlite_world


@pytest.fixture
def contacts(leads: World) -> World:
    other = leads.beside(CONTACTS)
    leads.relatives = (other.mapping,)
    return other


def test_nothing_is_created_before_every_mapping_has_seen_all_there_is(leads: World, contacts: World) -> None:
    contact = leads.system.create(CONTACT, {"Email": MAIL, "LastName": "Lovelace"})
    record = leads.prospect(email=MAIL, last_name="Lovelace")
    leads.poll()

    assert leads.push().counts["again"] == 1

    assert leads.leads() == {}
    contacts.poll()
    leads.push()
    assert leads.leads() == {}
    assert contacts.links() == [(record, contact)]


def test_a_mapping_that_does_not_poll_keeps_nobody_waiting(leads: World, contacts: World) -> None:
    leads.relatives = (
        contacts.mapping.model_copy(update={"polling": contacts.mapping.polling.model_copy(update={"on": False})}),
    )
    leads.prospect(email=MAIL, last_name="Lovelace")
    leads.poll()

    leads.push()

    assert len(leads.leads()) == 1


def test_a_record_that_another_mapping_links_while_it_is_looked_up_is_not_created(
    leads: World, contacts: World
) -> None:
    leads.poll()
    contacts.poll()
    contact = leads.system.create(CONTACT, {"Email": MAIL, "LastName": "Lovelace"})
    record = leads.prospect(email=MAIL, last_name="Lovelace")
    leads.hooks.before("find", contacts.poll)

    leads.push()

    assert leads.hooks.sent == []
    assert contacts.links() == [(record, contact)]
    leads.push()
    assert leads.leads() == {}
    assert leads.pending("pushing") == []


@pytest.mark.guarantee("G17")
@pytest.mark.parametrize("direction", list(Direction))
def test_a_collision_of_two_runs_is_planned_anew(leads: World, direction: Direction) -> None:
    _collide(leads, direction, times=1)

    assert len(leads.leads()) == len(leads.prospects()) == len(leads.links()) == 1
    assert leads.waiting() == []


@pytest.mark.parametrize("direction", list(Direction))
def test_a_collision_that_stays_ends_the_run_and_loses_nothing(leads: World, direction: Direction) -> None:
    with pytest.raises(RetryableError):
        _collide(leads, direction, times=2)
    leads.later()

    leads.settle()

    assert len(leads.leads()) == len(leads.prospects()) == len(leads.links()) == 1
    assert leads.waiting() == []


def _collide(world: World, direction: Direction, times: int) -> None:
    world.with_one_clock()
    world.poll()
    left = [times]

    def reach(step: str) -> None:
        if step == "links.add" and left[0]:
            left[0] -= 1
            raise RejectedRecordError("linked_already", "the record or its counterpart is linked to another one")

    world.reach = reach
    if direction is Direction.POLLING:
        world.lead(Email=MAIL, LastName="Lovelace")
        world.poll()
    else:
        world.prospect(email=MAIL, last_name="Lovelace")
        world.push()


@pytest.mark.guarantee("G18")
def test_no_transaction_is_open_while_the_other_system_is_asked(leads: World) -> None:
    leads.poll()
    leads.prospect(email=MAIL, last_name="Lovelace")
    opened: list[int] = [0]

    def reach(step: str) -> None:
        opened[0] += {"begin": 1, "committed": -1}.get(step, 0)

    asked: list[int] = []
    leads.reach = reach
    for method in ("get", "find", "push"):
        leads.hooks.before(method, lambda: asked.append(opened[0]))

    leads.push()
    leads.edit_prospect(next(iter(leads.prospects())), phone="1")
    leads.push()

    assert asked == [0, 0, 0]
