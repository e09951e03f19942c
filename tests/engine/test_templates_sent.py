"""Texts put together from a record on their way out."""

from __future__ import annotations

import pytest

from tests.engine.test_field_options import BASIC, is_quiet
from tests.engine.test_relatives import USERS
from tests.fixtures.world import USER, World

TITLE = {
    "template": "{{ first_name }}{% if owner.last_name %} of {{ owner.last_name }}{% endif %}",
    "external": "Title",
}
OWNER = {"internal": "owner_id", "external": "OwnerId", "direction": "out", "reference": "user"}

pytestmark = pytest.mark.requirement("OSF-136")


def _titles(world: World) -> list[str | None]:
    return [lead["Title"] for lead in world.leads().values()]


def test_a_title_is_made_of_the_record_and_of_those_that_it_names(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(fields=[BASIC, TITLE, OWNER])
    world.system.create(USER, {"Email": "u@x.org", "LastName": "Lee"})
    world.beside(USERS).poll()
    world.poll()
    ((owner,),) = world.sql("SELECT id FROM users")
    record = world.prospect(email="a@x.org", first_name="Ann", owner_id=owner)
    world.settle()
    assert _titles(world) == ["Ann of Lee"]
    world.edit_prospect(record, first_name="Bob")
    world.settle()
    assert _titles(world) == ["Bob of Lee"]
    assert is_quiet(world)


@pytest.mark.guarantee("G30")
def test_rewording_a_template_rewrites_nothing_that_is_there(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(fields=[BASIC, {**TITLE, "template": "{{ first_name }}"}])
    world.poll()
    record = world.prospect(email="a@x.org", first_name="Ann")
    world.settle()

    world.change_mapping(fields=[BASIC, {**TITLE, "template": "Prospect {{ first_name }}"}])
    world.settle()
    assert _titles(world) == ["Ann"]

    world.edit_prospect(record, first_name="Bob")
    world.settle()
    assert _titles(world) == ["Prospect Bob"]
    assert is_quiet(world)


def test_a_record_that_does_not_suit_the_template_waits_while_the_others_go(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(fields=[BASIC, {"template": "{{ 10 // phone|int }}", "external": "Title"}])
    world.poll()
    world.prospect(email="a@x.org")
    world.prospect(email="b@x.org", phone="5")
    world.settle()
    assert _titles(world) == ["2"]
    ((_, _, kind, reason),) = world.waiting()
    assert (kind, reason) == ("rejected", "template Title has no value: 'phone' has no value")
