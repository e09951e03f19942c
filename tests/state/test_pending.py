from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from modstamp.connectors.engagement import capture
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.state.store import Store
from tests.state.conftest import Hands
from tests.state.samples import CONTACT, LEAD, USER, frame, left_over, link, links

PUSHING, POLLING = Direction.PUSHING, Direction.POLLING


@pytest.fixture
def watched(database: Engine) -> Engine:
    """Lead and Contact hear of changes of prospects."""
    with database.begin() as connection:
        capture.watch(connection, {LEAD.name: "prospects", CONTACT.name: "prospects"})
    return database


def insert_prospect(engine: Engine) -> str:
    with engine.begin() as connection:
        statement = text("INSERT INTO prospects (email) VALUES ('ada@example.com') RETURNING id")
        return str(connection.execute(statement).scalar_one())


def rename(engine: Engine, record: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE prospects SET first_name = 'Ada' WHERE id = :id"), {"id": int(record)})


def due(store: Store, mapping: TypeMapping = LEAD, direction: Direction = PUSHING) -> list[str]:
    with store.begin() as tx:
        return list(tx.pending.due(mapping.name, direction, None)["record_id"])


@pytest.mark.guarantee("G4")
def test_an_entry_edited_since_it_was_read_is_not_dropped(store: Store, watched: Engine) -> None:
    record = insert_prospect(watched)
    with store.begin() as tx:
        entries = tx.pending.due(LEAD.name, PUSHING, None)
    rename(watched, record)

    with store.begin() as tx:
        tx.pending.drop(LEAD.name, PUSHING, entries)
        (entry,) = tx.pending.due(LEAD.name, PUSHING, None).to_dict("records")
        assert (entry["record_id"], entry["deleted"]) == (record, False)
        assert list(entry["columns"]) == ["first_name"]
        tx.pending.drop(LEAD.name, PUSHING, tx.pending.lock(LEAD.name, PUSHING, [record]))

    assert due(store) == []
    assert due(store, CONTACT) == [record]


@pytest.mark.guarantee("G4")
def test_a_left_over_raises_the_counter(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "first"))
        entries = tx.pending.lock(LEAD.name, PUSHING, ["1", "2"])
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "second"))
        tx.pending.drop(LEAD.name, PUSHING, entries)
        (entry,) = tx.pending.due(LEAD.name, PUSHING, None).to_dict("records")
    assert entries.to_dict("records") == [{"record_id": "1", "counter": 1, "columns": {}}]
    assert entry == {"record_id": "1", "counter": 2, "columns": {}, "deleted": False, "reason": "second"}


def test_an_entry_whose_counter_was_never_read_is_not_dropped(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
        tx.pending.drop(LEAD.name, PUSHING, frame(["record_id", "counter"], [["1", None]]))
    assert due(store) == ["1"]


@pytest.mark.guarantee("G4")
def test_mappings_and_directions_have_entries_of_their_own(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
        tx.pending.leave(CONTACT.name, PUSHING, left_over("1"))
        tx.pending.leave(LEAD.name, POLLING, left_over("1"))
        tx.pending.drop(LEAD.name, PUSHING, tx.pending.lock(LEAD.name, PUSHING, ["1"]))
    assert (due(store), due(store, CONTACT), due(store, LEAD, POLLING)) == ([], ["1"], ["1"])


@pytest.mark.guarantee("G5")
def test_every_mapping_but_the_writer_hears_of_what_it_wrote(store: Store, watched: Engine) -> None:
    record = insert_prospect(watched)
    for mapping in (LEAD, CONTACT):
        with store.begin() as tx:
            tx.pending.drop(mapping.name, PUSHING, tx.pending.lock(mapping.name, PUSHING, [record]))

    with store.begin(writer=LEAD.name) as tx:
        values = frame(["_id", "first_name"], [[record, "Ada"]])
        tx.records.update("prospect", values, frame(["first_name"], [[True]]))

    assert (due(store), due(store, CONTACT)) == ([], [record])


@pytest.mark.guarantee("G6")
def test_a_left_over_does_not_end_a_waiting(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "owner is not linked yet", "user:5"))
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "seen by polling"))
        counts = tx.pending.lock(LEAD.name, PUSHING, ["1"])["counter"].tolist()
        tx.links.add(USER, links(link("5", "0055")))
    assert due(store) == []
    assert counts == [2]
    with store.begin() as tx:
        assert tx.pending.wake(LEAD, PUSHING, list) == 1
    assert due(store) == ["1"]


@pytest.mark.guarantee("G6")
def test_a_newer_waiting_replaces_an_older_one(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "owner is not linked yet", "user:5"))
        tx.pending.leave(LEAD.name, PUSHING, left_over("1", "owner is not linked yet", "user:6"))
        tx.links.add(USER, links(link("5", "0055")))
        assert tx.pending.wake(LEAD, PUSHING, list) == 0
        tx.links.add(USER, links(link("6", "0056")))
        assert tx.pending.wake(LEAD, PUSHING, list) == 1


@pytest.mark.guarantee("G6")
def test_an_edit_ends_a_waiting(store: Store, watched: Engine) -> None:
    record = insert_prospect(watched)
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over(record, "owner is not linked yet", "user:5"))
    assert due(store) == []
    rename(watched, record)
    assert due(store) == [record]


@pytest.mark.guarantee("G16")
@pytest.mark.parametrize(("direction", "parent"), [(POLLING, "prospect:0031"), (PUSHING, "prospect:1")])
def test_the_link_of_a_parent_wakes_its_children(store: Store, direction: Direction, parent: str) -> None:
    with store.begin() as tx:
        for child in ("a", "b"):
            tx.pending.leave(USER.name, direction, left_over(child, "parent is not linked yet", parent))
        tx.pending.leave(USER.name, direction, left_over("c", "parent is not linked yet", "account:1"))
        assert tx.pending.wake(USER, direction, list) == 0

        (link_id,) = tx.links.add(CONTACT, links(link("1", None, state="provisional")))
        assert tx.pending.wake(USER, direction, list) == 0  # a create whose outcome is open is no parent yet
        tx.links.discard([link_id])
        tx.links.add(CONTACT, links(link("1", "0031")))
        assert tx.pending.wake(USER, direction, list) == 2
        assert tx.pending.wake(USER, direction, list) == 0

    assert due(store, USER, direction) == ["a", "b"]


def test_the_oldest_comes_first_and_is_not_sent_back_by_a_further_reason(store: Store, clock: Hands) -> None:
    for record in ("3", "1", "2", "3"):
        with store.begin() as tx:
            tx.pending.leave(LEAD.name, PUSHING, left_over(record))
        clock.forward(seconds=1)
    assert due(store) == ["3", "1", "2"]
    with store.begin() as tx:
        assert tx.pending.due(LEAD.name, PUSHING, 2)["record_id"].tolist() == ["3", "1"]


def test_an_entry_is_not_due_before_its_time(store: Store, clock: Hands, database: Engine) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
    with database.begin() as connection:
        connection.execute(text("UPDATE sync_pending SET not_before = '2026-01-01 12:05:00.000000'"))
        if database.dialect.name == "postgresql":
            connection.execute(text("UPDATE sync_pending SET not_before = '2026-01-01 12:05:00+00'"))
    assert due(store) == []
    clock.forward(minutes=5)
    assert due(store) == ["1"]


def test_empty_frames_change_nothing(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1")[:0])
        tx.pending.drop(LEAD.name, PUSHING, tx.pending.lock(LEAD.name, PUSHING, []))
    assert due(store) == []


@pytest.mark.guarantee("G12")
def test_postponed_work_is_due_ever_less_often_and_a_new_reason_makes_it_due_at_once(
    store: Store, clock: Hands
) -> None:
    def postpone() -> None:
        with store.begin() as tx:
            entries = frame(["record_id", "reason"], [["1", "not visible"]])
            tx.pending.postpone(LEAD.name, PUSHING, entries, timedelta(minutes=5), timedelta(minutes=30))

    waits = []
    for _ in range(6):
        postpone()
        minutes = 0
        while not due(store):
            clock.forward(minutes=1)
            minutes += 1
        waits.append(minutes)
    postpone()
    assert waits == [5, 5, 10, 20, 30, 30]
    assert due(store) == []
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
    assert due(store) == ["1"]
