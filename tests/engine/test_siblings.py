"""Several mappings of one external type: what one has linked or made is nothing to the others (G20, G21)."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
NAMES = {"email": MAIL, "first_name": "Ada", "last_name": "Lovelace"}
COLLEAGUES = {
    "name": "colleagues",
    "internal": "user",
    "external": "salesforce.Lead",
    "connection": "salesforce",
    "polling": False,
    "outbound": {"create": True, "update": True},
    "match": ["email"],
    "fields": [
        {"internal": "email", "external": "Email"},
        {"internal": "first_name", "external": "FirstName"},
        {"internal": "last_name", "external": "LastName"},
    ],
}

pytestmark = [pytest.mark.guarantee("G20"), pytest.mark.guarantee("G21")]


@pytest.fixture
def prospects(sqlite_world: World) -> World:
    sqlite_world.with_one_clock()
    sqlite_world.poll()
    return sqlite_world


@pytest.fixture
def colleagues(prospects: World) -> World:
    return prospects.beside_relative(COLLEAGUES)


def _user(world: World) -> str:
    row = world.sql(
        "INSERT INTO users (email, first_name, last_name) VALUES (:email, :first_name, :last_name) RETURNING id",
        **NAMES,
    )
    return str(row[0][0])


def test_a_record_that_another_mapping_has_linked_matches_nothing(prospects: World, colleagues: World) -> None:
    record = prospects.prospect(**NAMES)
    prospects.push()
    user = _user(colleagues)

    assert colleagues.push().counts["created"] == 1

    first, second = prospects.leads()
    assert prospects.links() == [(record, first)]
    assert colleagues.links() == [(user, second)]


def test_a_poll_leaves_alone_what_another_mapping_has_linked(prospects: World, colleagues: World) -> None:
    _user(colleagues)
    colleagues.push()
    prospects.poll()
    assert prospects.prospects() == {}


def test_what_a_create_of_another_mapping_left_is_not_given_to_ours(prospects: World, colleagues: World) -> None:
    record, user = prospects.prospect(**{**NAMES, "email": "a.l@example.com"}), _user(colleagues)
    for world, fault in ((colleagues, Fault.LOST_AFTER), (prospects, Fault.LOST_BEFORE)):
        world.system.faults.append((fault, 0))
        world.push()

    prospects.later()
    for world in (prospects, colleagues):  # alone, the record that is there looks much like the prospect
        world.push()

    theirs, ours = prospects.leads()
    assert prospects.links() == [(record, ours)]
    assert colleagues.links() == [(user, theirs)]


def test_what_another_mapping_may_have_made_is_not_linked(prospects: World, colleagues: World) -> None:
    prospects.system.faults.append((Fault.LOST_AFTER, 0))
    _user(colleagues)
    colleagues.push()

    prospects.prospect(**NAMES)
    assert prospects.push().counts["again"] == 1
    assert prospects.links() == []

    prospects.later()
    colleagues.push()
    prospects.push()
    assert len(prospects.system.rows(LEAD)) == 2
