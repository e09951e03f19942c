"""A person's word on records that could not be matched: which two belong together, or that one is new."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from modstamp.engine.matching import Pair, decide, waiting
from modstamp.errors import ConfigurationError, LeaseHeldError
from modstamp.model import Direction
from tests.fixtures.world import LEAD, World

pytestmark = pytest.mark.guarantee("G20")

MAIL = "ada@example.com"


def _say(world: World, internal: str | None, external: str | None) -> str:
    return decide(world.environment, Pair(internal_id=internal, external_id=external), "ada", "decision")


def _nothing_waits(world: World) -> None:
    assert list(waiting(world.environment)) == []
    assert world.waiting() == []
    assert world.pending("polling") + world.pending("pushing") == []
    assert world.sql("SELECT count(*) FROM sync_choices") == [(0,)]
    assert world.sql("SELECT count(*) FROM sync_intents") == [(0,)]


@pytest.fixture
def held(world: World) -> tuple[World, str, str]:
    """A create whose answer was lost, and whose record is hardly recognised: internal id, external id."""
    world.with_one_clock()
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace", first_name="Ada", phone="1")
    world.system.faults.append((Fault.LOST_AFTER, 0))
    world.push()
    (lead,) = world.leads()
    world.edit_lead(lead, Email="new@example.com", Phone="2", LastName="Byron")
    world.later()
    world.push()
    return world, record, lead


@pytest.mark.guarantee("G21")
def test_a_held_create_made_the_record_that_a_person_names(held: tuple[World, str, str]) -> None:
    world, record, lead = held
    (each,) = waiting(world.environment)
    assert (each.direction, each.record_id, each.candidates) == (Direction.PUSHING, record, [lead])

    _say(world, record, lead)
    world.settle()

    assert world.links() == [(record, lead)]
    assert (len(world.leads()), world.prospects()[record]["last_name"]) == (1, "Byron")
    _nothing_waits(world)
    assert world.sql("SELECT actor, verb, object FROM sync_changes WHERE verb = 'matched'") == [
        ("ada", "matched", f"salesforce_lead: {record} and {lead}")
    ]


@pytest.mark.guarantee("G21")
def test_a_held_create_made_none_of_them(held: tuple[World, str, str]) -> None:
    world, record, lead = held

    assert _say(world, record, None) == f"the next pushing run makes a new Lead of {record}"
    world.settle()

    assert len(world.leads()) == len(world.prospects()) == len(world.links()) == 2
    assert (record, lead) not in world.links()
    _nothing_waits(world)


def _twins(world: World) -> tuple[list[str], list[str]]:
    """Two prospects and two leads with one match key: internal ids, external ids."""
    world.change_mapping(match=["last_name"])
    leads = [world.lead(LastName="Lovelace", Email=f"{name}@example.com") for name in "xy"]
    records = [world.prospect(last_name="Lovelace", email=f"{name}@example.com", first_name=name) for name in "ab"]
    world.settle()
    assert len(list(waiting(world.environment))) == 4
    return records, leads


def test_one_of_several_matches_is_linked_and_the_others_are_new(sqlite_world: World) -> None:
    world = sqlite_world
    records, leads = _twins(world)

    _say(world, records[1], leads[0])
    world.settle()
    assert world.links() == [(records[1], leads[0])]
    _say(world, records[0], None)
    _say(world, None, leads[1])
    world.settle()

    assert len(world.leads()) == len(world.links()) == len(world.prospects()) == 3
    assert world.prospects()[records[1]]["email"] == "b@example.com"  # the first link holds what differs
    assert world.leads()[leads[0]]["FirstName"] == "b"  # and fills what is blank
    _nothing_waits(world)


def test_a_choice_lasts_no_longer_than_its_create(sqlite_world: World) -> None:
    """Later the new record is deleted; that the first ones were not meant says nothing about that."""
    world = sqlite_world
    records, leads = _twins(world)
    _say(world, records[0], None)
    world.settle()
    ((_, made),) = world.links()
    world.system.delete(LEAD, made)
    world.settle()
    world.edit_prospect(records[0], phone="1")
    world.settle()

    assert list(world.leads()) == leads


def test_what_cannot_be_done_is_refused(sqlite_world: World) -> None:
    world = sqlite_world
    linked = world.lead(Email="c@example.com", LastName="C")
    world.settle(1)
    ((partner, _),) = world.links()
    records, leads = _twins(world)

    for internal, external, words in (
        (partner, linked, "nothing of it waits"),
        (records[0], linked, f"{linked} is linked to prospect {partner}"),
        (partner, leads[0], f"{partner} is linked to {linked}"),
        ("4711", leads[0], "there is no such record"),
        (records[0], "Lead-9999999", "is not visible, deleted"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            _say(world, internal, external)
    world.change_mapping(inbound={"create": False}, outbound={"create": False})
    for pair in ((records[0], None), (None, leads[0])):
        with pytest.raises(ConfigurationError, match="creates nothing"):
            _say(world, *pair)
    assert world.links() == [(partner, linked)]
    assert world.sql("SELECT count(*) FROM sync_choices") == [(0,)]


@pytest.mark.guarantee("G22")
def test_nobody_decides_while_a_push_is_at_work(sqlite_world: World) -> None:
    records, leads = _twins(sqlite_world)
    sqlite_world.start(Direction.PUSHING)

    with pytest.raises(LeaseHeldError):
        _say(sqlite_world, records[0], leads[0])
