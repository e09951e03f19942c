"""Sequences that once lost, overwrote or stalled something, beside those of `test_sequences`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from modstamp.connectors.memory import Fault
from modstamp.errors import RetryableError
from modstamp.model import Action, Column, Direction, Outcome, Presence
from tests.engine.test_relatives import USERS
from tests.fixtures.hooks import Hooks
from tests.fixtures.world import LEAD, MAPPING, World

MAIL = "ada@example.com"


class _Blind(Hooks):
    """Writes like any other; its read-back does not find the record."""

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        outcomes = super().push(type_name, actions, read_back)
        nothing = {**dict.fromkeys(read_back), Column.STATE: Presence.HIDDEN.value}
        return [replace(each, shown={**(each.shown or {}), **nothing}) for each in outcomes]


class _Unreachable(Hooks):
    """Its clock cannot be asked, as when the login fails."""

    def now(self) -> datetime:
        raise RetryableError("the system does not answer")


@pytest.mark.guarantee("G19")
def test_a_read_back_that_does_not_find_the_record_is_none(world: World) -> None:
    world.change_mapping(conflict="crm")
    prospect = world.prospect(email=MAIL, title="old")
    world.settle()
    (lead,) = world.leads()
    seeing = world.hooks
    world.hooks = _Blind(seeing.inner)
    world.edit_prospect(prospect, title="middle")
    world.push()
    world.hooks = seeing
    world.edit_prospect(prospect, title="new")
    world.later()
    world.settle()
    assert world.prospects()[prospect]["title"] == "new"
    assert world.leads()[lead]["Title"] == "new"


@pytest.mark.guarantee("G16")
def test_an_edit_that_must_be_sent_again_does_not_wait_for_another_fields_parent(world: World) -> None:
    owner = {"internal": "owner_id", "external": "OwnerId", "reference": "user"}
    world.change_mapping(fields=[*MAPPING["fields"], owner])
    world.beside(USERS)
    prospect = world.prospect(email=MAIL, title="old")
    world.settle()
    (lead,) = world.leads()
    ((user,),) = world.sql("INSERT INTO users (email, last_name) VALUES ('owner@example.com', 'Owner') RETURNING id")
    world.edit_prospect(prospect, title="new", owner_id=user)
    world.system.faults.append((Fault.REFUSED, 0.0))
    world.push()
    world.settle()
    assert world.leads()[lead]["Title"] == "new"
    assert world.pending("pushing") == [prospect], "the owner waits still"


@pytest.mark.guarantee("G1")
def test_a_lead_deleted_in_the_second_of_its_last_edit_is_seen_as_deleted(world: World) -> None:
    world.change_mapping(inbound={"create": True, "update": True, "delete": True})
    lead = world.lead(Email=MAIL)
    world.poll()
    world.system.advance(1)
    world.edit_lead(lead, Title="last")
    world.load(world.extract(Direction.POLLING))
    assert [each["title"] for each in world.prospects().values()] == ["last"]
    world.system.delete(LEAD, lead)
    world.poll()
    assert world.prospects() == {}


def test_a_condition_on_deletes_looks_at_what_the_deleted_record_held(world: World) -> None:
    protects = {"field": "title", "operator": "is not", "value": "customer"}
    world.change_mapping(outbound={"create": True, "update": True, "delete": {"on": True, "when": protects}})
    records = [world.prospect(email=f"{title}@example.com", title=title) for title in ("customer", "visitor")]
    world.settle()
    for record in records:
        world.delete_prospect(record)
    world.settle()
    assert [each["Title"] for each in world.leads().values()] == ["customer"]


def test_a_condition_on_deletes_that_cannot_be_judged_withholds(world: World) -> None:
    unmapped = {"field": "company", "operator": "is not", "value": "Customer Ltd"}
    world.change_mapping(outbound={"create": True, "update": True, "delete": {"on": True, "when": unmapped}})
    prospect = world.prospect(email=MAIL, company="Customer Ltd")
    world.settle()
    world.delete_prospect(prospect)
    world.settle()
    assert len(world.leads()) == 1


@pytest.mark.guarantee("G22")
def test_a_run_that_cannot_even_log_in_holds_no_lease(world: World) -> None:
    answering = world.hooks
    world.hooks = _Unreachable(answering.inner)
    with pytest.raises(RetryableError):
        world.poll()
    world.hooks = answering
    world.poll()


@pytest.mark.guarantee("G29")
def test_what_is_not_visible_waits_with_a_reason(world: World) -> None:
    lead = world.lead(Email=MAIL)
    world.poll()
    (prospect,) = world.prospects()
    world.system.hide(LEAD, lead)
    world.edit_prospect(prospect, title="new")
    world.push()
    ((_, _, kind, reason),) = world.waiting()
    assert kind == "held"
    assert "not visible" in reason
