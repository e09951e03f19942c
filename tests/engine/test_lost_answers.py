"""What our own writes look like, exclusive creates, and answers that got lost (G19 to G21)."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}


def _pair(world: World, **values: str) -> tuple[str, str]:
    lead = world.lead(Email=MAIL, LastName="Lovelace", **values)
    world.settle(1)
    world.system.advance(40)
    (record,) = world.prospects()
    return record, lead


def _intents(world: World) -> int:
    return int(world.sql("SELECT count(*) FROM sync_intents")[0][0])


@pytest.mark.guarantee("G19")
def test_a_sent_value_that_was_never_shown_is_confirmed_by_the_next_read(world: World) -> None:
    world.connector.reads_back = False
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone="1")
    world.push()
    assert world.sql("SELECT CAST(unconfirmed AS TEXT) FROM sync_links") != [("{}",)]

    world.poll()

    assert world.sql("SELECT CAST(unconfirmed AS TEXT) FROM sync_links") == [("{}",)]
    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "1"


@pytest.mark.guarantee("G19")
def test_shown_differently_it_is_their_edit_while_ours_stands(world: World) -> None:
    world.connector.reads_back = False
    record, lead = _pair(world, Phone="0")
    world.edit_prospect(record, phone="1")
    world.push()
    world.edit_lead(lead, Phone="2")

    world.settle()

    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "2"


@pytest.mark.guarantee("G19")
def test_shown_differently_it_loses_against_a_newer_edit_of_ours_and_goes_to_the_history(world: World) -> None:
    world.change_mapping(conflict="crm")
    world.connector.reads_back = False
    world.system.rewrites[LEAD, "Phone"] = lambda value: f"({value})"
    record, lead = _pair(world)
    world.edit_prospect(record, phone="1")
    world.push()
    world.edit_prospect(record, phone="2")

    world.settle(1)

    assert world.prospects()[record]["phone"] == "2"
    assert world.leads()[lead]["Phone"] == "(2)"
    shown = world.sql("SELECT rule FROM sync_history WHERE side = 'external' AND CAST(old AS TEXT) = '\"(1)\"'")
    assert shown == [("lost: unconfirmed",)]


@pytest.mark.guarantee("G19")
def test_an_edit_between_our_create_and_its_read_back_is_theirs(world: World) -> None:
    world.poll()
    world.prospect(email=MAIL, last_name="Lovelace", title="ours", phone="1")
    world.hooks.within_push(lambda: world.system.edit(LEAD, next(iter(world.leads())), {"Title": "theirs"}, by="ada"))

    world.settle()

    (lead,) = world.leads().values()
    (prospect,) = world.prospects().values()
    assert lead["Title"] == prospect["title"] == "theirs"
    assert lead["Phone"] == prospect["phone"] == "1"


@pytest.mark.guarantee("G19")
def test_an_edit_of_ours_that_follows_stands_against_one_in_the_gap_by_the_policy(world: World) -> None:
    world.change_mapping(conflict="engagement")
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace", title="ours")
    world.hooks.within_push(lambda: world.system.edit(LEAD, next(iter(world.leads())), {"Title": "theirs"}, by="ada"))
    world.push()
    world.edit_prospect(record, title="ours again")

    world.settle()

    (lead,) = world.leads().values()
    assert lead["Title"] == world.prospects()[record]["title"] == "ours again"
    assert world.sql("SELECT rule FROM sync_history WHERE CAST(old AS TEXT) = '\"theirs\"'") != []


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("mail", [MAIL, None])
def test_a_poll_that_meets_a_create_without_an_answer_leaves_it_alone(world: World, mail: str | None) -> None:
    world.with_one_clock()
    world.poll()
    record = world.prospect(email=mail, last_name="Lovelace")
    world.system.faults.append((Fault.LOST_AFTER, 0))
    world.push()

    world.poll()

    assert list(world.prospects()) == [record]
    (lead,) = world.leads()
    assert world.pending("polling") == [lead]
    world.later()
    world.settle()
    assert world.links() == [(record, lead)]
    assert len(world.leads()) == len(world.prospects()) == 1


@pytest.mark.guarantee("G20")
def test_nothing_is_created_outside_before_the_first_complete_match(world: World) -> None:
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    record = world.prospect(email="other@example.com", last_name="Other")

    assert world.push().counts == {"seen": 1, "again": 1}

    assert list(world.leads()) == [lead]
    world.poll()
    world.push()
    assert len(world.leads()) == 2
    assert record in dict(world.links())


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.SLOW])
@pytest.mark.parametrize("mail", [MAIL, None])
def test_a_create_whose_answer_was_lost_is_neither_lost_nor_doubled(
    world: World, fault: Fault, mail: str | None
) -> None:
    world.with_one_clock()
    world.poll()
    record = world.prospect(email=mail, last_name="Lovelace", phone="1")
    world.system.faults.append((fault, 20))
    world.push()
    world.push()  # too early to tell
    assert len(world.hooks.sent) == 1
    world.later()

    world.settle()

    (lead,) = world.leads()
    assert world.links() == [(record, lead)]
    assert list(world.prospects()) == [record]
    assert _intents(world) == 0


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.SLOW])
def test_an_update_whose_answer_was_lost_arrives_once(world: World, fault: Fault) -> None:
    world.with_one_clock()
    record, lead = _pair(world, Phone="0", Title="0")
    world.edit_prospect(record, phone="1")
    world.system.faults.append((fault, 20))
    world.push()
    world.edit_lead(lead, Title="1")
    world.later()

    world.settle()

    for side in (world.prospects()[record], {name.lower(): value for name, value in world.leads()[lead].items()}):
        assert (side["phone"], side["title"]) == ("1", "1")


@pytest.mark.guarantee("G21")
def test_a_lost_update_is_judged_field_by_field(world: World) -> None:
    world.with_one_clock()
    record, lead = _pair(world, Phone="0", Title="0")
    world.edit_prospect(record, phone="1", title="1")
    world.system.faults.append((Fault.LOST_BEFORE, 0))
    world.push()
    world.edit_lead(lead, Title="theirs")
    world.later()

    world.settle()

    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "1"
    assert world.prospects()[record]["title"] == world.leads()[lead]["Title"]


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_a_delete_whose_answer_was_lost_is_done_once(world: World, fault: Fault) -> None:
    world.with_one_clock()
    world.change_mapping(outbound=ON)
    record, _ = _pair(world)
    world.delete_prospect(record)
    world.system.faults.append((fault, 0))
    world.push()
    world.later()

    world.settle()

    assert world.leads() == {}
    assert world.prospects() == {}
    assert _intents(world) == 0


@pytest.mark.guarantee("G21")
def test_creates_that_look_alike_are_told_apart_by_count(world: World) -> None:
    world.with_one_clock()
    world.poll()
    for _ in range(2):
        world.prospect(last_name="Smith")
    world.connector.batch_size = 1
    world.system.faults += [(Fault.LOST_BEFORE, 0), (Fault.LOST_AFTER, 0)]
    world.push()
    world.later()

    world.settle()

    assert len(world.leads()) == len(world.prospects()) == len(world.links()) == 2
