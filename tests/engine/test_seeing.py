"""Seeing every change: windows, cursors, checkpoints, pending entries, left-over work, scope (G1 to G8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from modstamp.errors import IncompleteReadError, LimitReachedError
from modstamp.model import Direction
from tests.fixtures.probes import Stopped, stop_at
from tests.fixtures.world import LEAD, MAPPING, World

MAIL = "ada@example.com"
HAS_MAIL = {"field": "Email", "operator": "is not empty"}


def _cursor(world: World) -> tuple[object, object, object]:
    (row,) = world.sql("SELECT cursor, upper, after_id FROM sync_cursors")
    return tuple(row)


@pytest.mark.guarantee("G1")
def test_a_row_that_becomes_visible_behind_the_cursor_is_found_by_the_lookback(world: World) -> None:
    world.poll()
    world.system.create(LEAD, {"Email": MAIL, "LastName": "Late"}, late=8)
    world.system.advance(5)
    world.poll()
    assert world.prospects() == {}
    world.system.advance(5)

    world.poll()

    assert [row["last_name"] for row in world.prospects().values()] == ["Late"]


@pytest.mark.guarantee("G1")
def test_the_window_is_whole_seconds_of_the_servers_clock(world: World) -> None:
    world.system.clock = world.system.clock.replace(microsecond=700_000) + timedelta(days=400)
    world.poll()

    (cursor,) = world.sql("SELECT CAST(cursor AS TEXT) FROM sync_cursors")[0]

    assert cursor.startswith(f"{world.system.clock:%Y-%m-%d %H:%M:%S}")
    assert "700000" not in cursor


@pytest.mark.guarantee("G2")
def test_the_cursor_stays_while_rows_of_the_window_are_missing(world: World) -> None:
    world.poll()
    before = _cursor(world)[0]
    world.hooks.missing.add(world.lead(Email=MAIL, LastName="Lost"))

    with pytest.raises(IncompleteReadError, match="0 of 1"):
        world.poll()

    assert _cursor(world)[0] == before
    world.hooks.missing.clear()
    world.later()
    world.poll()
    assert len(world.prospects()) == 1


@pytest.mark.guarantee("G2")
def test_rows_that_the_pages_left_out_are_read_by_id(sqlite_world: World) -> None:
    world = sqlite_world
    world.poll()
    world.lead(Email=MAIL, LastName="Lovelace")
    left_out = world.lead(Email="lost@example.com", LastName="Lost")
    before = _cursor(world)[0]
    world.hooks.missing.add(left_out)
    world.hooks.after("pull", world.hooks.missing.clear)

    world.poll()

    assert left_out in {external for _, external in world.links()}
    assert _cursor(world)[0] != before
    assert world.pending("polling") == []


@pytest.mark.guarantee("G2")
def test_a_row_that_came_twice_does_not_stand_for_another(sqlite_world: World) -> None:
    world = sqlite_world
    world.poll()
    twice = world.lead(Email=MAIL, LastName="Lovelace")
    left_out = world.lead(Email="lost@example.com", LastName="Lost")
    world.hooks.missing.add(left_out)
    world.hooks.doubled.add(twice)
    world.hooks.after("pull", world.hooks.missing.clear)

    world.poll()

    assert {external for _, external in world.links()} == {twice, left_out}


@pytest.mark.guarantee("G2")
def test_a_row_that_left_the_window_meanwhile_stops_nobody(sqlite_world: World) -> None:
    world = sqlite_world
    world.poll()
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    edited = world.lead(Email="lost@example.com", LastName="Lost")
    world.hooks.missing.add(edited)

    def edit() -> None:
        world.system.advance(5)
        world.edit_lead(edited, Phone="1")

    world.hooks.after("pull", edit)

    world.poll()

    assert [external for _, external in world.links()] == [lead]
    world.hooks.missing.clear()
    world.poll()
    assert {external for _, external in world.links()} == {lead, edited}


@pytest.mark.guarantee("G2")
def test_the_cursor_moves_only_when_every_part_has_landed(world: World) -> None:
    world.poll()
    before = _cursor(world)[0]
    world.lead(Email=MAIL, LastName="Lovelace")
    world.system.advance(1)
    handoff = world.extract(Direction.POLLING)
    assert _cursor(world)[0] == before

    world.load(handoff)

    assert _cursor(world)[0] != before


@pytest.mark.guarantee("G3")
def test_a_poll_that_stopped_goes_on_from_its_checkpoint_with_its_own_upper_bound(world: World) -> None:
    world.settings = world.settings.model_copy(update={"inbound_batch": 2})
    world.with_one_clock()
    for number in range(6):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
        world.system.advance(1)
    handoff = world.extract(Direction.POLLING)
    upper = _cursor(world)[1]

    world.reach = stop_at("cursors.put", 2)
    with pytest.raises(Stopped):
        world.load(handoff)
    world.reach = lambda _: None
    assert len(world.prospects()) == 2
    assert _cursor(world)[2] == "Lead-0000002"
    world.system.advance(2)
    late = world.lead(Email="late@example.com", LastName="behind the window")
    world.later(70)

    read = world.poll().counts["seen"]

    assert read == 4
    assert len(world.prospects()) == 6
    assert _cursor(world)[0] == upper
    world.poll()
    assert late in [external for _, external in world.links()]


@pytest.mark.guarantee("G3")
def test_the_first_load_begins_where_the_mapping_says(world: World) -> None:
    old = world.lead(Email="old@example.com", LastName="Old")
    world.system.advance(3 * 86_400)
    world.change_mapping(polling={"start_from": f"{world.system.clock:%Y-%m-%d}"})
    world.lead(Email=MAIL, LastName="New")

    world.poll()

    assert [row["last_name"] for row in world.prospects().values()] == ["New"]
    assert old in world.leads()


@pytest.mark.guarantee("G4")
def test_every_pushing_mapping_has_an_entry_of_its_own(world: World) -> None:
    contacts = world.beside({**MAPPING, "external": "salesforce.Contact"})
    world.prospect(email=MAIL, last_name="Lovelace")

    rows = world.sql("SELECT mapping FROM sync_pending WHERE direction = 'pushing' ORDER BY 1")

    assert rows == [(contacts.mapping.name,), (world.mapping.name,)]


@pytest.mark.guarantee("G4")
def test_an_edit_while_its_record_is_being_sent_is_sent_afterwards(world: World) -> None:
    world.lead(Email=MAIL, LastName="Lovelace", Phone="0")
    world.poll()
    (record,) = world.prospects()
    world.edit_prospect(record, phone="1")
    world.hooks.before("push", lambda: world.edit_prospect(record, phone="2"))
    world.push()
    assert world.pending("pushing") == [record]

    world.push()

    (lead,) = world.leads().values()
    assert lead["Phone"] == "2"
    assert world.pending("pushing") == []


@pytest.mark.guarantee("G5")
def test_what_a_poll_writes_wakes_the_other_mappings_and_not_its_own(world: World) -> None:
    world.settle(1)
    world.beside({**MAPPING, "external": "salesforce.Contact"})
    world.lead(Email=MAIL, LastName="Lovelace")

    world.poll()

    assert world.sql("SELECT mapping FROM sync_pending WHERE direction = 'pushing'") == [("salesforce_contact",)]


@pytest.mark.guarantee("G6")
def test_the_half_of_a_merge_that_a_push_may_not_write_is_left_for_the_next_poll(world: World) -> None:
    lead = world.lead(Email=MAIL, LastName="Lovelace", Phone="theirs")
    world.poll()
    world.later(3600)
    world.poll()  # its window has left the lead behind
    (record,) = world.prospects()
    world.delete_prospect(record)
    world.sql("DELETE FROM sync_links")
    world.sql("DELETE FROM sync_pending")
    twin = world.prospect(email=MAIL, last_name="Lovelace", title="mine")

    world.push()

    assert world.leads()[lead]["Title"] == "mine"
    assert world.pending("polling") == [lead]
    world.poll()
    assert world.prospects()[twin]["phone"] == "theirs"
    assert world.pending("polling") == []


@pytest.mark.guarantee("G6")
def test_what_waits_in_quarantine_with_the_same_values_is_not_offered_again(world: World) -> None:
    lead = world.lead(Email=MAIL, LastName="Lovelace", Title="0", Phone="0")
    world.poll()
    (record,) = world.prospects()
    world.system.rules.append(lambda _, values: "no" if values["Title"] == "bad" else None)
    world.edit_prospect(record, title="bad")
    world.push()
    assert world.pending("pushing") == []

    world.edit_lead(lead, Description="nothing that we read inwards")
    world.system.advance(1)
    world.poll()
    assert world.pending("pushing") == [record]  # the lead changed: another attempt
    world.push()
    attempts = len(world.hooks.sent)
    world.settle(2)

    assert len(world.hooks.sent) == attempts


@pytest.mark.guarantee("G7")
def test_a_condition_keeps_new_records_out_until_they_meet_it(world: World) -> None:
    world.change_mapping(inbound={"create": {"when": HAS_MAIL}, "update": True})
    lead = world.lead(LastName="Lovelace")
    assert world.poll().reasons == {"withheld": {"Email is not empty": 1}}
    assert world.prospects() == {}
    world.edit_lead(lead, Email=MAIL)

    world.poll()

    assert len(world.prospects()) == 1
    assert world.waiting() == []


@pytest.mark.guarantee("G7")
def test_a_linked_record_is_read_and_judged_after_it_left_the_scope(world: World) -> None:
    world.change_mapping(inbound={"create": {"when": HAS_MAIL}, "update": True})
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    world.poll()
    world.system.advance(1)
    world.edit_lead(lead, Email=None, Phone="1")

    world.poll()

    ((values),) = world.prospects().values()
    assert values["phone"] == "1"
    assert values["email"] is None


@pytest.mark.guarantee("G8")
def test_a_field_that_the_system_no_longer_shows_is_not_emptied(world: World) -> None:
    world.change_mapping(conflict="crm")
    lead = world.lead(Email=MAIL, LastName="Lovelace", Phone="1", Title="0")
    world.poll()
    (record,) = world.prospects()
    kept = world.system.types[LEAD]
    world.system.drop_field(LEAD, "Phone")
    world.edit_lead(lead, Title="1")

    world.settle(1)

    assert world.prospects()[record]["title"] == "1"
    assert world.prospects()[record]["phone"] == "1"
    world.edit_prospect(record, phone="2", title="2")
    world.settle(1)
    assert world.leads()[lead]["Title"] == "2"
    assert world.waiting() == []
    # Its base stayed too: when the field is back, what was edited meanwhile is an edit of one side, and no conflict.
    world.system.types[LEAD] = kept
    world.later()
    world.edit_lead(lead, Title="3")
    world.settle()
    assert world.prospects()[record]["phone"] == world.leads()[lead]["Phone"] == "2"


@pytest.mark.guarantee("G8")
def test_what_happened_to_a_field_while_nobody_saw_it_is_found_when_it_is_shown_again(sqlite_world: World) -> None:
    world = sqlite_world
    first, second = (world.lead(Email=f"{number}@example.com", LastName="L", Phone="1") for number in range(2))
    world.settle()
    internal = {external: record for record, external in world.links()}
    kept = world.system.types[LEAD]
    world.system.drop_field(LEAD, "Phone")
    world.later()
    world.poll()
    world.edit_prospect(internal[first], phone="inside")
    world.system.types[LEAD] = kept
    world.edit_lead(second, Phone="outside")
    world.system.drop_field(LEAD, "Phone")
    world.settle()
    world.later(3600)
    world.settle()

    world.system.types[LEAD] = kept
    world.settle()

    assert world.leads()[first]["Phone"] == "inside"
    assert world.prospects()[internal[second]]["phone"] == "outside"


@pytest.mark.guarantee("G8")
def test_a_field_that_the_system_no_longer_shows_is_not_written_when_records_match(world: World) -> None:
    world.poll()
    lead = world.lead(Email=MAIL, LastName="Lovelace")
    record = world.prospect(email=MAIL, last_name="Lovelace", phone="1")
    world.system.drop_field(LEAD, "Phone")

    world.push()

    assert world.links() == [(record, lead)]
    assert world.waiting() == []


@pytest.mark.guarantee("G27")
def test_a_limit_reached_while_reading_loses_nothing(world: World) -> None:
    for number in range(3):
        world.lead(Email=f"{number}@example.com", LastName=str(number))
    world.connector.page_size, world.connector.maximum = 1, 2

    with pytest.raises(LimitReachedError):
        world.poll()

    world.connector.maximum = None
    world.with_one_clock()
    world.later()
    world.poll()
    assert len(world.prospects()) == 3
