"""The ten sequences of events that broke an earlier wording of the guarantees, step by step."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from modstamp.engine.handoff import Handoff
from modstamp.errors import LeaseLostError
from modstamp.model import Direction, Value
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"


def _pair(world: World, **values: str) -> tuple[str, str]:
    """A linked prospect and lead."""
    lead = world.lead(Email=MAIL, LastName="Lovelace", **values)
    world.poll()
    world.system.advance(1)
    (record,) = world.prospects()
    return record, lead


@pytest.mark.guarantee("G17")
def test_1_a_poll_does_not_land_a_row_that_is_older_than_our_write(world: World) -> None:
    record, lead = _pair(world, Phone="0", Title="0")
    world.edit_prospect(record, phone="1")
    polls: list[Handoff] = []

    def meanwhile() -> None:
        world.system.advance(1)
        world.edit_lead(lead, Title="b")
        world.system.advance(1)
        polls.append(world.extract(Direction.POLLING))
        world.system.advance(1)

    world.hooks.after("get", meanwhile)
    world.push()
    world.load(polls[0])

    assert world.prospects()[record]["phone"] == "1"
    world.settle()
    assert world.leads()[lead]["Phone"] == "1"
    assert world.prospects()[record]["title"] == world.leads()[lead]["Title"] == "b"


@pytest.mark.guarantee("G17")
def test_1_holds_where_the_answer_shows_nothing(world: World) -> None:
    world.connector.reads_back = False
    test_1_a_poll_does_not_land_a_row_that_is_older_than_our_write(world)


@pytest.mark.guarantee("G1")
def test_2_a_second_edit_within_the_second_is_seen_when_it_becomes_visible(world: World) -> None:
    record, lead = _pair(world, Phone="0", Title="0")
    world.edit_lead(lead, Phone="1")
    world.system.edit(LEAD, lead, {"Title": "1"}, late=10)
    world.poll()
    assert world.prospects()[record]["phone"] == "1"
    world.system.advance(10)

    world.poll()

    assert world.prospects()[record]["title"] == "1"


@pytest.mark.guarantee("G22")
def test_3_a_run_that_stalled_does_not_create_what_its_successor_created(world: World) -> None:
    world.with_one_clock()
    world.poll()
    world.prospect(email=MAIL, last_name="Lovelace")

    def stalled() -> None:
        world.later(70)
        world.push()

    world.hooks.before("abilities", stalled)
    with pytest.raises(LeaseLostError):
        world.push()

    assert len(world.leads()) == 1
    world.settle()
    assert len(world.prospects()) == len(world.leads()) == len(world.links()) == 1


@pytest.mark.guarantee("G22")
def test_3_a_run_that_stalled_does_not_cover_the_value_of_its_successor(world: World) -> None:
    world.with_one_clock()
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone="old")

    def stalled() -> None:
        world.later(70)
        world.edit_prospect(record, phone="new")
        world.push()

    world.hooks.before("abilities", stalled)
    with pytest.raises(LeaseLostError):
        world.push()

    assert world.leads()[lead]["Phone"] == "new"
    world.settle()
    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "new"


@pytest.mark.guarantee("G19")
def test_4_what_a_job_under_our_name_edits_after_our_create_comes_in(world: World) -> None:
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace", title="ours")
    world.hooks.after(
        "push", lambda: world.system.edit(LEAD, next(iter(world.leads())), {"Title": "job"}, by="modstamp")
    )

    world.settle()

    (lead,) = world.leads()
    assert world.leads()[lead]["Title"] == world.prospects()[record]["title"] == "job"


@pytest.mark.guarantee("G19")
def test_4_a_default_that_the_server_sets_in_a_field_we_left_blank_comes_in(world: World) -> None:
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace")
    world.system.defaults[LEAD, "Title"] = "Unknown"

    world.settle()

    assert world.prospects()[record]["title"] == "Unknown"


def _v9(value: Value) -> Value:
    return value.strip().lower() if isinstance(value, str) else value


@pytest.mark.guarantee("G19")
def test_5_a_rewritten_value_whose_answer_was_lost_does_not_win_over_a_newer_edit(world: World) -> None:
    world.with_one_clock()
    world.system.rewrites[LEAD, "Phone"] = _v9
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone=" V9 ")
    world.system.faults.append((Fault.LOST_AFTER, 0))
    world.push()
    assert world.leads()[lead]["Phone"] == "v9"
    world.edit_prospect(record, phone=" V10 ")
    world.later()

    world.settle()

    assert world.prospects()[record]["phone"] == " V10 "
    assert world.leads()[lead]["Phone"] == "v10"


@pytest.mark.guarantee("G20")
def test_6_a_poll_recognises_what_is_being_created_though_its_row_is_gone(world: World) -> None:
    world.with_one_clock()
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace")
    world.system.faults.append((Fault.LOST_AFTER, 0))
    world.push()
    world.delete_prospect(record)

    world.poll()

    assert world.prospects() == {}
    world.later()
    world.settle()
    assert world.prospects() == {}
    assert len(world.leads()) == 1


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.SLOW])
def test_6_a_row_inserted_again_while_its_create_is_on_its_way_is_not_created_twice(
    sqlite_world: World, fault: Fault
) -> None:
    world = sqlite_world
    world.with_one_clock()
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace")
    world.system.faults.append((fault, 20))
    world.push()
    world.delete_prospect(record)
    again = world.prospect(email=MAIL, last_name="Lovelace")

    world.settle(1)
    assert len(world.leads()) == 1
    world.later()
    world.settle()

    assert list(world.prospects()) == [again]
    assert len(world.leads()) == 1
    assert world.links() == [(again, next(iter(world.leads())))]


@pytest.mark.guarantee("G6")
def test_7_two_refusals_one_per_direction_do_not_wake_each_other_for_ever(world: World) -> None:
    record, lead = _pair(world, Title="0")
    world.prospect(email="taken@example.com", last_name="Other")
    world.push()
    world.system.rules.append(lambda _, values: "no such title" if values["Title"] == "bad" else None)
    world.edit_prospect(record, title="bad")
    world.system.advance(1)
    world.edit_lead(lead, Email="taken@example.com")

    world.settle(4)
    attempts, waiting = len(world.hooks.sent), world.pending("polling") + world.pending("pushing")
    world.settle(2)

    assert waiting == []
    assert len(world.hooks.sent) == attempts
    refused = {direction for direction, _, kind, _ in world.waiting() if kind == "rejected"}
    assert refused == {"polling", "pushing"}


@pytest.mark.guarantee("G6")
def test_7_two_conditions_one_per_direction_do_not_wake_each_other_for_ever(world: World) -> None:
    world.change_mapping(
        inbound={"create": True, "update": {"when": {"field": "Company", "operator": "is", "value": "open"}}},
        outbound={"create": True, "update": {"when": {"field": "city", "operator": "is", "value": "open"}}},
    )
    record, lead = _pair(world, Title="0", Phone="0", Company="closed")
    world.edit_prospect(record, title="1")
    world.system.advance(1)
    world.edit_lead(lead, Phone="1")

    world.settle(3)

    assert world.pending("polling") + world.pending("pushing") == []
    assert {(direction, kind) for direction, _, kind, _ in world.waiting()} == {
        ("polling", "withheld"),
        ("pushing", "withheld"),
    }


@pytest.mark.guarantee("G10")
def test_8_a_blank_field_that_a_user_fills_before_the_poll_does_is_not_overwritten(world: World) -> None:
    world.poll()
    lead = world.lead(Email=MAIL, LastName="Lovelace", Phone="theirs")
    record = world.prospect(email=MAIL, last_name="Lovelace")
    world.push()
    assert world.links() == [(record, lead)]
    world.edit_prospect(record, phone="mine")

    world.settle()

    assert world.prospects()[record]["phone"] == "mine"
    assert world.leads()[lead]["Phone"] == "theirs"


@pytest.mark.guarantee("G13")
def test_9_a_restored_record_finds_the_twin_of_its_dead_half(world: World) -> None:
    first, old = _pair(world, Phone="1")
    world.delete_prospect(first)
    world.push()
    world.system.delete(LEAD, old)
    world.poll()
    twin = world.prospect(email=MAIL, last_name="Lovelace", phone="2")
    world.push()
    (new,) = world.leads()
    world.system.delete(LEAD, new)
    world.poll()
    world.system.advance(1)
    world.system.restore(LEAD, old)

    world.settle()

    assert list(world.prospects()) == [twin]
    assert list(world.leads()) == [old]
    assert world.links() == [(twin, old)]
    assert world.leads()[old]["Phone"] == "1"  # held, as on any first link
    assert world.prospects()[twin]["phone"] == "2"


@pytest.mark.guarantee("G18")
def test_10_a_row_restored_between_reading_and_planning_is_not_created_a_second_time(world: World) -> None:
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace")
    world.lead(Email=MAIL, LastName="Lovelace")
    world.delete_prospect(record)
    handoff = world.extract(Direction.PUSHING)
    world.prospect(id=int(record), email=MAIL, last_name="Lovelace")

    world.load(handoff)

    assert len(world.leads()) == 1
    world.settle()
    assert len(world.leads()) == len(world.prospects()) == len(world.links()) == 1
