"""Creates with an own key: nothing is waited for, and nothing is ever doubled or overwritten (G21)."""

from __future__ import annotations

import pytest

from modstamp.connectors.memory import Fault
from modstamp.model import Action, Operation
from tests.fixtures.probes import Stopped, stop_at
from tests.fixtures.world import KEY, LEAD, World

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}

pytestmark = pytest.mark.guarantee("G21")


@pytest.fixture
def keyed(world: World) -> World:
    """After its first complete match."""
    world.with_one_clock()
    world.change_mapping(own_key=KEY)
    world.poll()
    return world


def _intents(world: World) -> list[tuple[str]]:
    return [tuple(row) for row in world.sql("SELECT key_value FROM sync_intents")]


def _lost(world: World, fault: Fault, mail: str | None = MAIL) -> str:
    """A prospect whose creation outside got no answer."""
    record = world.prospect(email=mail, last_name="Lovelace", phone="1")
    world.system.faults.append((fault, 20 if fault is Fault.SLOW else 0))
    world.push()
    return record


def test_the_key_is_chosen_and_stored_before_anything_is_sent(keyed: World) -> None:
    keyed.prospect(email=MAIL, last_name="Lovelace")
    stored: list[tuple[str]] = []
    keyed.hooks.before("push", lambda: stored.extend(_intents(keyed)))

    keyed.push()

    ((key,),) = stored
    assert len(key) == 32
    assert [row[KEY] for row in keyed.leads().values()] == [key]


def test_every_record_has_a_key_of_its_own(keyed: World) -> None:
    for number in range(5):
        keyed.prospect(email=f"{number}@example.com", last_name=str(number))

    keyed.push()

    assert len({row[KEY] for row in keyed.leads().values()}) == 5


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("mail", [MAIL, None])
def test_a_lost_answer_is_found_out_by_the_very_next_run(keyed: World, fault: Fault, mail: str | None) -> None:
    record = _lost(keyed, fault, mail)

    keyed.push()

    (lead,) = keyed.leads()
    assert keyed.links() == [(record, lead)]
    assert _intents(keyed) == []
    assert keyed.pending("pushing") == []


def test_it_is_sent_again_under_the_same_key(keyed: World) -> None:
    _lost(keyed, Fault.LOST_BEFORE)
    ((key,),) = _intents(keyed)

    keyed.push()

    assert [action.own_key.value for action in keyed.hooks.sent if action.own_key] == [key, key]


def test_one_that_arrives_late_is_refused_by_the_target_and_covers_nothing(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    (late,) = keyed.hooks.sent
    keyed.push()
    keyed.edit_prospect(record, phone="2")
    keyed.push()

    keyed.connector.push(LEAD, [late], [])
    keyed.settle()

    (lead,) = keyed.leads()
    assert keyed.leads()[lead]["Phone"] == keyed.prospects()[record]["phone"] == "2"
    assert keyed.links() == [(record, lead)]


def test_one_that_becomes_visible_late_is_not_created_again(keyed: World) -> None:
    record = _lost(keyed, Fault.SLOW)
    keyed.push()
    assert len(keyed.leads()) == 1
    keyed.later(30)

    keyed.push()

    (lead,) = keyed.leads()
    assert keyed.links() == [(record, lead)]


def test_an_edit_made_outside_before_the_outcome_was_known_survives(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_AFTER)
    (lead,) = keyed.leads()
    keyed.edit_lead(lead, Phone="theirs")

    keyed.settle()

    assert keyed.links() == [(record, lead)]
    assert keyed.prospects()[record]["phone"] == keyed.leads()[lead]["Phone"] == "theirs"


def test_a_record_that_was_deleted_meanwhile_is_not_created_again(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_AFTER)
    keyed.system.delete(LEAD, next(iter(keyed.leads())))

    keyed.settle()

    assert keyed.leads() == {}
    assert len(keyed.hooks.sent) == 1
    assert [internal for internal, _ in keyed.links("tombstone")] == [record]


def test_a_row_deleted_meanwhile_is_not_sent_again(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    keyed.delete_prospect(record)

    keyed.push()
    assert len(_intents(keyed)) == 1  # the first try may still arrive
    keyed.later()
    keyed.settle()

    assert keyed.leads() == {}
    assert _intents(keyed) == []
    assert len(keyed.hooks.sent) == 1


def test_a_row_edited_meanwhile_is_sent_as_it_is_now(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    keyed.edit_prospect(record, phone="2")
    keyed.push()
    keyed.later()

    keyed.settle()

    (row,) = keyed.leads().values()
    assert row["Phone"] == "2"
    assert len(keyed.links()) == 1


def test_what_is_refused_when_it_is_sent_again_waits_with_its_reason(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    keyed.system.rules.append(lambda _, values: "not on Sundays" if values["Phone"] == "1" else None)

    keyed.push()

    assert keyed.leads() == {}
    assert [(row[1], row[3]) for row in keyed.waiting()] == [(record, "not on Sundays")]
    assert _intents(keyed) == []


def test_a_second_lost_answer_is_found_out_like_the_first(keyed: World) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    keyed.system.faults += [(Fault.LOST_BEFORE, 0), (Fault.SLOW, 20)]
    keyed.push()
    keyed.push()
    assert len(_intents(keyed)) == 1
    keyed.later(30)

    keyed.push()

    (lead,) = keyed.leads()
    assert keyed.links() == [(record, lead)]


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize("step", ["intents.postpone", "intents.close", "committed"])
def test_a_recovery_that_is_stopped_is_done_by_the_next_one(keyed: World, step: str) -> None:
    record = _lost(keyed, Fault.LOST_BEFORE)
    keyed.reach = stop_at(step, time=3 if step == "committed" else 1)
    try:
        keyed.push()
    except Stopped:
        keyed.later()
    keyed.reach = lambda _: None

    keyed.settle()

    (lead,) = keyed.leads()
    assert keyed.links() == [(record, lead)]


def test_a_key_of_somebody_elses_record_is_never_written_over(keyed: World) -> None:
    theirs = keyed.lead(LastName="Somebody", **{KEY: "their own"})
    record = keyed.prospect(email=MAIL, last_name="Lovelace")
    keyed.push()
    (created,) = keyed.leads().keys() - {theirs}
    key = keyed.leads()[created][KEY]

    keyed.connector.push(LEAD, [action for action in keyed.hooks.sent if action.operation is Operation.CREATE], [])

    assert keyed.leads()[theirs] == {**keyed.leads()[theirs], "LastName": "Somebody", KEY: "their own"}
    assert keyed.leads()[created][KEY] == key
    assert len(keyed.leads()) == 2
    assert keyed.links() == [(record, created)]


def test_updates_carry_no_key(keyed: World) -> None:
    record = keyed.prospect(email=MAIL, last_name="Lovelace")
    keyed.push()
    keyed.edit_prospect(record, phone="2")

    keyed.push()

    create, update = keyed.hooks.sent
    assert isinstance(create, Action)
    assert create.own_key
    assert update.own_key is None
