"""Judging records and fields: bases, first links, conflicts, tombstones, twins (G9 to G15)."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp.model import Direction, Value
from tests.fixtures.world import LEAD, World

MAIL = "ada@example.com"
ON = {"create": True, "update": True, "delete": True}


def _pair(world: World, **values: str) -> tuple[str, str]:
    """A linked prospect and lead, a while ago."""
    lead = world.lead(Email=MAIL, LastName="Lovelace", **values)
    world.settle(1)
    world.system.advance(40)
    (record,) = world.prospects()
    return record, lead


def _tombstones(world: World) -> list[tuple[str, str, str]]:
    return world.sql("SELECT internal_id, external_id, deleted_side FROM sync_links WHERE state = 'tombstone'")


def _trimmed(value: Value) -> Value:
    return value.strip().lower() if isinstance(value, str) else value


@pytest.mark.guarantee("G9")
def test_what_the_server_makes_of_a_value_does_not_come_back(world: World) -> None:
    world.system.rewrites[LEAD, "Phone"] = _trimmed
    record, lead = _pair(world)
    world.edit_prospect(record, phone=" V1 ")

    world.settle()

    assert world.prospects()[record]["phone"] == " V1 "
    assert world.leads()[lead]["Phone"] == "v1"


@pytest.mark.guarantee("G9")
def test_what_the_database_makes_of_a_value_does_not_go_back(sqlite_world: World) -> None:
    world = sqlite_world
    world.sql("""
        CREATE TRIGGER shouts AFTER UPDATE OF phone ON prospects WHEN new.phone <> upper(new.phone)
        BEGIN UPDATE prospects SET phone = upper(phone) WHERE id = new.id; END
    """)
    record, lead = _pair(world)
    world.edit_lead(lead, Phone="one")
    world.poll()
    world.edit_prospect(record, title="makes the record look edited")

    world.settle()

    assert world.prospects()[record]["phone"] == "ONE"
    assert world.leads()[lead]["Phone"] == "one"


@pytest.mark.guarantee("G10")
def test_a_field_that_was_refused_keeps_its_base_and_is_written_once_it_may_be(world: World) -> None:
    record, lead = _pair(world, Title="0", Phone="0")
    world.system.rules.append(lambda _, values: "no" if values["Title"] == "bad" else None)
    world.edit_prospect(record, title="bad", phone="1")
    world.settle()
    assert (world.leads()[lead]["Title"], world.leads()[lead]["Phone"]) == ("0", "0")
    world.system.rules.clear()
    world.edit_lead(lead, Description="touched")

    world.settle()

    assert (world.leads()[lead]["Title"], world.leads()[lead]["Phone"]) == ("bad", "1")
    assert world.waiting() == []


@pytest.mark.guarantee("G11")
def test_a_field_that_one_side_may_not_write_makes_no_conflict(world: World) -> None:
    record, lead = _pair(world, Company="theirs")
    world.change_mapping(conflict="engagement")
    world.edit_prospect(record, city="mine")
    world.push()
    assert world.leads()[lead]["Company"] == "theirs"
    world.edit_lead(lead, Company="theirs, edited")

    summary = world.poll()

    assert not summary.counts.get("merged")
    assert world.prospects()[record]["city"] == "theirs, edited"


@pytest.mark.guarantee("G12")
def test_a_record_that_is_hidden_is_held_and_not_deleted(world: World) -> None:
    world.change_mapping(inbound=ON, outbound=ON)
    record, lead = _pair(world)
    world.system.hide(LEAD, lead)
    world.edit_prospect(record, phone="1")

    world.settle()

    assert list(world.prospects()) == [record]
    assert [row[2] for row in world.waiting()] == ["held"]
    assert world.links() == [(record, lead)]
    world.system.hide(LEAD, lead, hidden=False)
    world.edit_prospect(record, phone="2")
    world.settle()
    assert world.leads()[lead]["Phone"] == "2"
    assert world.waiting() == []


@pytest.mark.guarantee("G13")
def test_a_restored_lead_revives_its_link(world: World) -> None:
    record, lead = _pair(world, Phone="0")
    world.system.delete(LEAD, lead)
    world.settle()
    assert world.links() == []
    world.system.restore(LEAD, lead)
    world.system.advance(1)
    world.edit_lead(lead, Phone="1", Email="other@example.com")

    world.settle()

    assert world.links() == [(record, lead)]
    assert world.prospects()[record]["phone"] == "1"
    assert _tombstones(world) == []


@pytest.mark.guarantee("G13")
def test_the_living_half_of_a_tombstone_takes_part_in_matching(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.settle()
    twin = world.lead(Email=MAIL, LastName="Lovelace")

    world.settle()

    assert world.links() == [(record, twin)]
    assert list(world.prospects()) == [record]
    assert (record, lead) in [tomb[:2] for tomb in _tombstones(world)]


@pytest.mark.guarantee("G13")
def test_matching_comes_before_creating_anew(world: World) -> None:
    world.change_mapping(after_delete="recreate")
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.settle(1)
    twin = world.lead(Email=MAIL, LastName="Lovelace")
    world.edit_prospect(record, phone="1")

    world.push()

    assert list(world.leads()) == [twin]
    assert world.links() == [(record, twin)]


@pytest.mark.guarantee("G13")
def test_of_a_restored_lead_and_its_twin_one_is_linked_and_the_other_held(world: World) -> None:
    record, lead = _pair(world)
    world.system.delete(LEAD, lead)
    world.settle()
    world.system.restore(LEAD, lead)
    twin = world.lead(Email=MAIL, LastName="Lovelace")

    world.settle()

    assert world.links() == [(record, lead)]
    assert [(row[1], row[2]) for row in world.waiting()] == [(twin, "ambiguous")]


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize(("internal", "external", "winner"), [(60, 0, "mine"), (0, 60, "theirs"), (1, 0, "theirs")])
def test_the_newest_edit_of_a_field_wins(world: World, internal: int, external: int, winner: str) -> None:
    record, lead = _pair(world, Phone="0")
    now = world.system.clock
    world.system.advance(external)
    world.edit_lead(lead, Phone="theirs")
    world.edit_prospect(record, phone="mine")
    _edited_at(world, record, "phone", f"{now + _seconds(internal):%Y-%m-%dT%H:%M:%SZ}")
    world.system.advance(70)
    world.with_one_clock()

    world.settle()

    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == winner
    assert world.sql("SELECT old, rule FROM sync_history WHERE rule = 'lost: newest'") != []


@pytest.mark.guarantee("G14")
def test_a_decision_stays_until_one_of_the_two_values_changes(world: World) -> None:
    record, lead = _pair(world, Phone="0", Title="0")
    world.system.rules.append(lambda _, values: "no" if values["Phone"] == "mine" else None)
    now = world.system.clock
    world.edit_lead(lead, Phone="theirs")
    world.edit_prospect(record, phone="mine")
    _edited_at(world, record, "phone", f"{now + _seconds(30):%Y-%m-%dT%H:%M:%SZ}")
    world.with_one_clock()
    world.settle()
    assert world.prospects()[record]["phone"] == "mine"  # it is the newer one, only refused outside
    world.system.advance(60)
    world.edit_lead(lead, Title="touches the record, not the phone")

    world.settle()

    assert world.prospects()[record]["phone"] == "mine"
    assert world.prospects()[record]["title"] != "0"


def _seconds(number: int) -> Any:
    from datetime import timedelta  # noqa: PLC0415

    return timedelta(seconds=number)


def _edited_at(world: World, record: str, name: str, moment: str) -> None:
    """As if the change log had been told this time."""
    world.sql(
        "UPDATE sync_pending SET columns = :columns WHERE record_id = :id AND direction = 'pushing'",
        columns=f'{{"{name}": "{moment}"}}',
        id=record,
    )


@pytest.mark.guarantee("G15")
def test_two_rows_of_one_batch_with_one_match_key_do_not_become_two_records(world: World) -> None:
    first = world.lead(Email=MAIL, LastName="Lovelace")
    second = world.lead(Email=MAIL.upper(), LastName="Byron")

    world.poll()

    assert len(world.prospects()) == 1
    assert [external for _, external in world.links()] == [first]
    assert [(row[1], row[2]) for row in world.waiting()] == [(second, "ambiguous")]


@pytest.mark.parametrize(
    ("policy", "inside", "outside"),
    [("hold", "mine", "theirs"), ("crm", "theirs", "theirs"), ("engagement", "mine", "mine")],
)
@pytest.mark.parametrize("first", list(Direction))
def test_two_existing_records_are_linked_by_their_policy(
    world: World, policy: str, inside: str, outside: str, first: Direction
) -> None:
    world.change_mapping(first_link=policy)
    world.poll()
    record = world.prospect(email=MAIL, last_name="Lovelace", phone="mine", first_name="Ada")
    lead = world.lead(Email=MAIL.title(), LastName="Lovelace", Phone="theirs", Title="Countess")
    (world.poll if first is Direction.POLLING else world.push)()

    world.settle()

    assert world.links() == [(record, lead)]
    assert world.prospects()[record]["phone"] == inside
    assert world.leads()[lead]["Phone"] == outside
    assert world.prospects()[record]["title"] == "Countess"
    assert world.leads()[lead]["FirstName"] == "Ada"


def test_a_field_held_at_the_first_link_is_decided_by_the_next_edit(world: World) -> None:
    record = world.prospect(email=MAIL, last_name="Lovelace", phone="mine")
    lead = world.lead(Email=MAIL, LastName="Lovelace", Phone="theirs")
    world.settle()
    assert world.sql("SELECT DISTINCT status FROM sync_actions WHERE status = 'held'") == [("held",)]
    world.edit_prospect(record, phone="decided")

    world.settle()

    assert world.leads()[lead]["Phone"] == world.prospects()[record]["phone"] == "decided"


def test_a_record_with_several_matches_is_held_with_its_candidates(world: World) -> None:
    world.poll()
    candidates = {world.lead(Email=MAIL, LastName=name) for name in ("Lovelace", "Byron")}
    record = world.prospect(email=MAIL, last_name="Lovelace")

    world.push()

    ((direction, held, kind, _),) = world.waiting()
    assert (direction, held, kind) == ("pushing", record, "ambiguous")
    (found,) = world.sql("SELECT CAST(detail AS TEXT) FROM sync_quarantine")[0]
    assert all(candidate in found for candidate in candidates)
    assert len(world.leads()) == 2
