"""Hearing of work for pushes: what begins one and what does not, and how soon it is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from modstamp.connectors.engagement import capture
from modstamp.model import Direction
from modstamp.state import notices
from modstamp.state.database import read_only
from modstamp.state.store import Store
from tests.state.conftest import Hands
from tests.state.samples import LEAD, frame, left_over

PUSHING = Direction.PUSHING
SOON, AT_ONCE = 5.0, 0.2  # seconds


@pytest.fixture
def watched(database: Engine) -> Engine:
    with database.begin() as connection:
        capture.watch(connection, {LEAD.name: "prospects"})
    return database


def insert(engine: Engine, mail: str = "ada@example.com") -> str:
    with engine.begin() as connection:
        statement = text("INSERT INTO prospects (email) VALUES (:mail) RETURNING id")
        return str(connection.execute(statement, {"mail": mail}).scalar_one())


def rename(engine: Engine, record: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE prospects SET first_name = 'Ada' WHERE id = :id"), {"id": int(record)})


def work(engine: Engine) -> dict[str, notices.Work]:
    with read_only(engine).connect() as connection:
        return notices.work(connection)


@pytest.mark.requirement("OSF-035")
def test_only_mappings_that_have_something_new_have_work(watched: Engine) -> None:
    assert work(watched) == {}

    insert(watched)

    assert list(work(watched)) == [LEAD.name]


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("left", [{"reason": "locked"}, {"reason": "no parent", "waits_for": "account:1"}])
def test_what_a_run_left_begins_no_other_until_it_changes_again(
    store: Store, watched: Engine, left: dict[str, str]
) -> None:
    record = insert(watched)
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over(record, **left))
    assert work(watched) == {}

    rename(watched, record)

    assert list(work(watched)) == [LEAD.name]


@pytest.mark.guarantee("G12")
def test_what_was_postponed_is_work_when_its_time_has_come(store: Store, clock: Hands, watched: Engine) -> None:
    def postponed_to(year: int) -> dict[str, notices.Work]:
        clock.time = clock.time.replace(year=year)
        with store.begin() as tx:
            wait = timedelta(minutes=5)
            tx.pending.postpone(LEAD.name, PUSHING, frame(["record_id", "reason"], [["1", "not visible"]]), wait, wait)
        return work(watched)

    assert postponed_to(2200) == {}
    assert list(postponed_to(2020)) == [LEAD.name]


def test_equal_work_is_the_same_entries(watched: Engine) -> None:
    first = insert(watched)
    before = work(watched)[LEAD.name]
    assert work(watched)[LEAD.name] == before

    rename(watched, first)
    raised = work(watched)[LEAD.name]
    with watched.begin() as connection:
        connection.execute(text("DELETE FROM sync_pending"))
    insert(watched, "bob@example.com")

    assert len({before, raised, work(watched)[LEAD.name]}) == 3


async def rings(engine: Engine, deed: Callable[[], object], within: float) -> bool:
    async with notices.bell(engine) as bell:
        await asyncio.to_thread(deed)
        return await bell.rings(within)


@pytest.mark.requirement("OSF-012")
def test_a_commit_is_heard_at_once(watched: Engine) -> None:
    assert asyncio.run(rings(watched, lambda: insert(watched), SOON))


@pytest.mark.requirement("OSF-012")
def test_nothing_is_heard_where_nothing_is_committed(watched: Engine) -> None:
    def roll_back() -> None:
        with watched.connect() as connection:
            connection.execute(text("INSERT INTO prospects (email) VALUES ('ada@example.com')"))

    assert not asyncio.run(rings(watched, roll_back, AT_ONCE))


@pytest.mark.guarantee("G6")
def test_postgresql_sends_no_notice_of_left_overs(postgresql: Engine) -> None:
    def leave() -> None:
        with postgresql.begin() as connection:
            capture.watch(connection, {LEAD.name: "prospects"})
            connection.execute(
                text(
                    "INSERT INTO sync_pending (mapping, direction, record_id, reason, since)"
                    " VALUES ('salesforce_lead', 'pushing', '1', 'locked', now()), "
                    "('salesforce_lead', 'polling', '00Q1', NULL, now())"
                )
            )

    assert not asyncio.run(rings(postgresql, leave, AT_ONCE))
