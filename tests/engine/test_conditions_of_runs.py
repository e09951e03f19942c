"""Conditions in whole runs: the direction's own, of each toggle, of relative times, and of what changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from modstamp.instants import to_text
from modstamp.model import Direction
from tests.fixtures.world import World

HOT = {"field": "Title", "operator": "is", "value": "Hot"}
VIP = {"field": "title", "operator": "is", "value": "VIP"}
OPERATIONS = ("create", "update", "delete")


def _both(**toggles: Any) -> dict[str, Any]:
    return {"create": True, "update": True, "delete": False, **toggles}


@pytest.mark.requirement("OSF-114")
@pytest.mark.requirement("OSF-131")
def test_a_polling_condition_keeps_records_from_being_made_changed_and_deleted(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(polling={"when": HOT}, inbound=_both(delete=True), conflict="crm")
    cold, hot = world.lead(Email="cold@x.org", Title="Cold"), world.lead(Email="hot@x.org", Title="Hot")
    world.poll()
    assert [row["email"] for row in world.prospects().values()] == ["hot@x.org"]
    world.edit_lead(hot, Title="Cold", Phone="1")
    world.poll()
    assert [(row["title"], row["phone"]) for row in world.prospects().values()] == [("Hot", None)]
    world.system.delete("Lead", hot)
    world.edit_lead(cold, Title="Hot")
    world.poll()
    assert sorted(row["email"] for row in world.prospects().values()) == ["cold@x.org", "hot@x.org"]


def test_a_pushing_condition_keeps_records_inside(sqlite_world: World) -> None:
    world = sqlite_world
    world.change_mapping(pushing={"when": VIP})
    world.poll()
    plain, _ = world.prospect(email="plain@x.org"), world.prospect(email="vip@x.org", title="VIP")
    world.push()
    assert [row["Email"] for row in world.leads().values()] == ["vip@x.org"]
    world.edit_prospect(plain, title="VIP")
    world.push()
    assert len(world.leads()) == 2


@pytest.mark.parametrize(
    ("direction", "operation"),
    [
        pytest.param(Direction.POLLING, "create", marks=pytest.mark.requirement("OSF-117")),
        pytest.param(Direction.POLLING, "update", marks=pytest.mark.requirement("OSF-120")),
        pytest.param(Direction.PUSHING, "create", marks=pytest.mark.requirement("OSF-123")),
        pytest.param(Direction.PUSHING, "update", marks=pytest.mark.requirement("OSF-125")),
    ],
)
def test_each_toggle_has_a_condition_of_its_own(sqlite_world: World, direction: Direction, operation: str) -> None:
    """The condition of one toggle says nothing about the other three."""
    world = sqlite_world
    name, when = ("inbound", HOT) if direction is Direction.POLLING else ("outbound", VIP)
    world.change_mapping(**{name: _both(**{operation: {"when": when}})})
    world.poll()
    lead, prospect = world.lead(Email="lead@x.org", LastName="L"), world.prospect(email="own@x.org", last_name="P")
    world.settle()
    held = operation == "create"
    assert len(world.prospects()) == (1 if held and direction is Direction.POLLING else 2)
    assert len(world.leads()) == (1 if held and direction is Direction.PUSHING else 2)
    world.edit_lead(lead, LastName="L2")
    world.edit_prospect(prospect, last_name="P2")
    world.settle()
    inside = {row["email"]: row["last_name"] for row in world.prospects().values()}
    outside = {row["Email"]: row["LastName"] for row in world.leads().values()}
    withheld = operation == "update"
    if direction is Direction.POLLING:
        assert inside.get("lead@x.org") == ("L" if withheld else None)
        assert outside["own@x.org"] == "P2"
    else:
        assert outside.get("own@x.org") == ("P" if withheld else None)
        assert inside["lead@x.org"] == "L2"


def test_an_update_condition_may_ask_what_changed(sqlite_world: World) -> None:
    """Withheld edits keep their bases, and travel with the edit that lets them pass (G10)."""
    world = sqlite_world
    world.change_mapping(inbound=_both(update={"when": {"field": "Title", "operator": "changed"}}))
    lead = world.lead(Email="a@x.org", Title="T", Phone="1")
    world.poll()
    world.edit_lead(lead, Phone="2")
    world.poll()
    (row,) = world.prospects().values()
    assert (row["title"], row["phone"]) == ("T", "1")
    world.edit_lead(lead, Title="T2")
    world.poll()
    (row,) = world.prospects().values()
    assert (row["title"], row["phone"]) == ("T2", "2")
    world.edit_lead(lead, Phone="3")
    world.poll()
    (row,) = world.prospects().values()
    assert row["phone"] == "2"


def test_relative_times_go_by_the_moment_of_the_run(sqlite_world: World) -> None:
    world = sqlite_world
    world.with_one_clock()
    world.change_mapping(
        inbound=_both(create={"when": {"field": "Title", "operator": "within the next", "value": "2 days"}})
    )
    due = world.system.clock + timedelta(days=5)
    lead = world.lead(Email="a@x.org", Title=to_text(due.replace(microsecond=0)))
    world.poll()
    assert not world.prospects()
    world.system.advance(timedelta(days=4).total_seconds())
    world.edit_lead(lead, Phone="1")
    world.poll()
    assert len(world.prospects()) == 1
