"""The trigger that starts pushes: it fires for new work of its own mapping, and never twice without progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest
from sqlalchemy import Engine, text

from modstamp.arrivals import arrivals
from modstamp.connections import ConnectionSettings
from modstamp.connectors.engagement import capture
from modstamp.errors import ConfigurationError
from modstamp.orchestration.triggers import PendingEntries
from modstamp.settings import Settings
from modstamp.state.notices import Work

LEAD, CONTACT = "salesforce_lead", "salesforce_contact"
QUICK = Settings(gathering=timedelta(0), quiet=timedelta(0))
PATIENCE = 10.0  # seconds


def work(entries: int, raised: int) -> Work:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Work(entries=entries, raised=raised, first=moment, last=moment)


async def fired(mapping: str, *looks: Mapping[str, Work]) -> list[int]:
    """How many entries each event told of."""

    async def stream() -> AsyncIterator[Mapping[str, Work]]:
        for look in looks:
            yield look

    trigger = PendingEntries(mapping=mapping, connection="engagement")
    return [event.payload["entries"] async for event in trigger.filter_shared_stream(stream())]


@pytest.mark.requirement("OSF-035")
def test_it_fires_once_for_the_same_entries_and_again_for_others() -> None:
    looks: tuple[dict[str, Work], ...] = (
        {LEAD: work(1, 1)},
        {LEAD: work(1, 1)},
        {LEAD: work(1, 2)},
        {},
        {LEAD: work(1, 2)},
    )

    assert asyncio.run(fired(LEAD, *looks)) == [1, 1, 1]


def test_it_is_quiet_where_another_mapping_has_work() -> None:
    assert asyncio.run(fired(CONTACT, {LEAD: work(1, 1)}, {LEAD: work(2, 2)}, {})) == []


def test_what_a_failing_run_leaves_as_it_was_starts_no_further_one() -> None:
    assert asyncio.run(fired(LEAD, *[{LEAD: work(3, 5)}] * 20)) == [3]


def test_it_can_be_made_again_from_what_airflow_stores_of_it() -> None:
    path, arguments = PendingEntries(mapping=LEAD, connection="engagement").serialize()

    again = PendingEntries(**arguments)

    assert path == "modstamp.orchestration.triggers.PendingEntries"
    assert (again.mapping, again.connection) == (LEAD, "engagement")
    assert again.shared_stream_key() == PendingEntries(mapping=CONTACT, connection="engagement").shared_stream_key()


def connection_to(engine: Engine) -> ConnectionSettings:
    if engine.dialect.name == "sqlite":
        return ConnectionSettings(id="engagement", kind="sqlite", schema=str(engine.url.database))
    return ConnectionSettings(
        id="engagement",
        kind="postgres",
        login=str(engine.url.username),
        schema=str(engine.url.database),
        extra=engine.url.query,
    )


class Stream:
    """What arrives at an engagement database, look by look."""

    def __init__(self, engine: Engine, failures: int = 0) -> None:
        self._engine = engine
        self._failures = failures
        self._looks = arrivals(QUICK, self._resolve, patience=0.01)

    async def _resolve(self) -> ConnectionSettings:
        if self._failures:
            self._failures -= 1
            raise ConfigurationError([])
        return connection_to(self._engine)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._looks.aclose()

    async def until(self, wanted: set[str]) -> None:
        async with asyncio.timeout(PATIENCE):
            while set(await anext(self._looks)) != wanted:
                pass

    async def does(self, statement: str) -> None:
        def carry_out() -> None:
            with self._engine.begin() as connection:
                connection.execute(text(statement))

        await asyncio.to_thread(carry_out)


@pytest.fixture
def watched(database: Engine) -> Engine:
    with database.begin() as connection:
        capture.watch(connection, {LEAD: "prospects", CONTACT: "prospects"})
    return database


INSERT = "INSERT INTO prospects (email) VALUES ('ada@example.com')"


@pytest.mark.requirement("OSF-012")
@pytest.mark.requirement("OSF-035")
def test_a_commit_arrives_and_goes_when_it_is_done_with(watched: Engine) -> None:
    async def story() -> None:
        async with Stream(watched) as stream:
            await stream.until(set())
            await stream.does(INSERT)
            await stream.until({LEAD, CONTACT})
            await stream.does("DELETE FROM sync_pending WHERE mapping = 'salesforce_lead'")
            await stream.does("UPDATE prospects SET first_name = 'Ada'")
            await stream.until({LEAD, CONTACT})

    asyncio.run(story())


def test_what_was_committed_while_nobody_listened_arrives_at_the_beginning(watched: Engine) -> None:
    async def story() -> None:
        stream = Stream(watched)
        await stream.does(INSERT)
        async with stream:
            await stream.until({LEAD, CONTACT})

    asyncio.run(story())


def test_a_database_that_went_away_is_listened_to_again(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        capture.watch(connection, {LEAD: "prospects"})

    async def story() -> None:
        async with Stream(postgresql, failures=1) as stream:
            await stream.until(set())
            await stream.does(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await stream.does(INSERT)
            await stream.until({LEAD})

    asyncio.run(story())
