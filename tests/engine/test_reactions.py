"""The internal database has triggers of its own: what they change is no part of what a poll wrote (G5)."""

from __future__ import annotations

import pytest

from modstamp.connectors.engagement import capture
from tests.fixtures.world import World

A, B = "a@example.com", "b@example.com"


def react(world: World, event: str, then: str, when: str = "") -> None:
    """After each row's event the database does this by itself; `new` is the row, `when` columns of an update."""
    of = f" OF {when}" if when else ""
    if world.engine.dialect.name == "sqlite":
        world.sql(f"CREATE TRIGGER reaction AFTER {event}{of} ON prospects BEGIN {then}; END")
        return
    body = f"BEGIN {then}; RETURN NULL; END"
    world.sql(f"CREATE FUNCTION reaction() RETURNS trigger LANGUAGE plpgsql AS $body$ {body} $body$")
    world.sql(f"CREATE TRIGGER reaction AFTER {event}{of} ON prospects FOR EACH ROW EXECUTE FUNCTION reaction()")


def two(world: World) -> dict[str, str]:
    """Last name → lead, of two leads that are in step."""
    made = {name: world.lead(Email=mail, LastName=name, Phone="0") for name, mail in (("Ada", A), ("Bob", B))}
    world.settle()
    assert world.pending("pushing") == []
    return made


@pytest.mark.guarantee("G5")
def test_another_row_that_a_trigger_changes_is_pushed(world: World) -> None:
    leads = two(world)
    react(world, "UPDATE", "UPDATE prospects SET title = 'knows Ada' WHERE last_name = 'Bob'", when="phone")
    world.edit_lead(leads["Ada"], Phone="1")

    world.poll()

    assert len(world.pending("pushing")) == 1
    world.push()
    assert world.leads()[leads["Bob"]]["Title"] == "knows Ada"


@pytest.mark.guarantee("G5")
def test_another_field_of_the_written_row_that_a_trigger_changes_is_pushed(world: World) -> None:
    leads = two(world)
    react(world, "UPDATE", "UPDATE prospects SET title = 'called' WHERE id = new.id", when="phone")
    world.edit_lead(leads["Ada"], Phone="1")

    world.poll()
    world.push()

    assert world.leads()[leads["Ada"]]["Title"] == "called"
    assert world.leads()[leads["Bob"]]["Title"] is None


@pytest.mark.guarantee("G5")
def test_a_field_that_the_statement_itself_changes_is_pushed(postgresql_world: World) -> None:
    world = postgresql_world
    leads = two(world)
    world.sql(
        "CREATE FUNCTION reaction() RETURNS trigger LANGUAGE plpgsql AS $body$ "
        "BEGIN NEW.title := 'called'; RETURN NEW; END $body$"
    )
    world.sql("CREATE TRIGGER reaction BEFORE UPDATE OF phone ON prospects FOR EACH ROW EXECUTE FUNCTION reaction()")
    world.edit_lead(leads["Ada"], Phone="1")

    world.poll()
    world.push()

    assert world.leads()[leads["Ada"]]["Title"] == "called"


@pytest.mark.guarantee("G5")
def test_what_the_database_puts_into_a_new_row_is_pushed(world: World) -> None:
    world.settle(1)
    react(world, "INSERT", "UPDATE prospects SET description = 'new here' WHERE id = new.id")
    lead = world.lead(Email=A, LastName="Ada")

    world.poll()
    world.push()

    assert world.leads()[lead]["Description"] == "new here"


@pytest.mark.guarantee("G5")
def test_a_row_that_a_trigger_adds_is_pushed(world: World) -> None:
    world.settle(1)
    only_once = "INSERT INTO prospects (email, last_name) SELECT 'c@example.com', 'Copy' WHERE new.last_name = 'Ada'"
    react(world, "INSERT", only_once)
    world.lead(Email=A, LastName="Ada")

    world.poll()
    world.push()

    assert {row["LastName"] for row in world.leads().values()} == {"Ada", "Copy"}


@pytest.mark.guarantee("G5")
def test_the_writer_is_silenced_for_the_rows_that_it_writes(world: World) -> None:
    leads = two(world)
    react(world, "UPDATE", "UPDATE prospects SET title = 'knows Ada' WHERE last_name = 'Bob'", when="phone")
    world.edit_lead(leads["Ada"], Title="mine")
    world.lead(Email="c@example.com", LastName="Carl")

    world.poll()

    assert world.pending("pushing") == []


@pytest.mark.guarantee("G9")
def test_a_value_that_a_trigger_rewrites_is_no_edit(world: World) -> None:
    leads = two(world)
    react(world, "UPDATE", "UPDATE prospects SET phone = '+' || new.phone WHERE id = new.id AND new.phone = '1'")
    world.edit_lead(leads["Ada"], Phone="1")

    world.settle()

    assert world.leads()[leads["Ada"]]["Phone"] == "1"
    assert {row["phone"] for row in world.prospects().values()} == {"0", "+1"}
    assert world.pending("pushing") == []


@pytest.mark.guarantee("G5")
@pytest.mark.requirement("OMS-054")
def test_a_prospect_that_a_poll_creates_makes_a_stranger_on_a_meeting_a_prospect(world: World) -> None:
    with world.engine.begin() as connection:
        capture.watch(connection, {**world.watches, "salesforce_event": "meetings"})
    world.sql("INSERT INTO meetings (id, starts_at, ends_at) VALUES (1, '2026-05-04 10:00:00', '2026-05-04 11:00:00')")
    world.sql("INSERT INTO meeting_attendees (meeting_id, email) VALUES (1, 'A@example.com')")
    world.sql("DELETE FROM sync_pending")
    world.lead(Email=A, LastName="Ada")

    world.poll()

    (record,) = world.prospects()
    assert world.sql("SELECT has_prospect, prospect_id, undecided_invitees FROM meetings") == [
        (True, int(record), f'["prospect:{record}"]')
    ]
    assert world.sql("SELECT mapping, record_id FROM sync_pending") == [("salesforce_event", "1")]
