"""Hearing of work for pushes as soon as it is committed (OSF-012, OSF-035).

PostgreSQL sends a notice with every commit that makes an entry due; a SQLite file is asked once a second whether
somebody has written to it. Neither says what there is to do: that is read, so that a lost notice costs no data.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy import Connection, Engine, and_, func, or_, select

from modstamp.model import Direction
from modstamp.state.clock import clock_of
from modstamp.state.tables import pending

CHANNEL: Final = "modstamp_pending"  # the migration that sends the notices has it too
_LOOKS_EVERY: Final = 1.0  # seconds, at a SQLite file


@dataclass(frozen=True, slots=True)
class Work:
    """The entries of one mapping that a run should begin for. Two that are equal hold the same entries.

    `entries` is their number, `raised` the sum of their counters, `first` and `last` when the oldest and the newest of
    them was made.
    """

    entries: int
    raised: int
    first: datetime
    last: datetime


def work(connection: Connection) -> dict[str, Work]:
    """Mapping → what nobody has looked at, or what has waited long enough (G12).

    Not what a run has left behind for a reason, nor what waits for a parent: a run would leave it again, and so without
    end. They are taken along by every run, and by the clock at the latest (G6, G16).
    """
    new = and_(pending.c.reason.is_(None), pending.c.not_before.is_(None))
    query = (
        select(
            pending.c.mapping,
            func.count(),
            func.sum(pending.c.counter),
            func.min(pending.c.since),
            func.max(pending.c.since),
        )
        .where(
            pending.c.direction == str(Direction.PUSHING),
            pending.c.waits_for.is_(None),
            or_(new, pending.c.not_before <= clock_of(connection)()),
        )
        .group_by(pending.c.mapping)
    )
    return {name: Work(*figures) for name, *figures in connection.execute(query)}


class Bell(Protocol):
    """Tells that there may be something new."""

    async def rings(self, within: float) -> bool:
        """Wait for at most so many seconds. Whether it rang, then or before."""
        ...


@asynccontextmanager
async def bell(engine: Engine) -> AsyncIterator[Bell]:
    """Rings for whatever is committed from now on. Raises the driver's errors when the database goes away."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            yield _Look(connection)
        return
    _, arguments = engine.dialect.create_connect_args(engine.url)
    async with await psycopg.AsyncConnection.connect(**arguments, autocommit=True) as listening:
        await listening.execute(f"LISTEN {CHANNEL}")
        yield _Notices(listening)


class _Notices:
    def __init__(self, listening: psycopg.AsyncConnection[Any]) -> None:
        self._listening = listening

    async def rings(self, within: float) -> bool:
        if [notice async for notice in self._listening.notifies(timeout=within, stop_after=1)]:
            return True
        await self._listening.execute("SELECT 1")  # silence may also be a connection that is gone
        return False


class _Look:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._seen = self._version()

    async def rings(self, within: float) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        while self._version() == self._seen:
            left = until - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, _LOOKS_EVERY))
        self._seen = self._version()
        return True

    def _version(self) -> int:
        """Changes with every commit of another connection."""
        found: int = self._connection.cursor().execute("PRAGMA data_version").fetchone()[0]
        return found
