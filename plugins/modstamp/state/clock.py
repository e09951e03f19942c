"""The clock of the internal database: one for all processes, however many machines they run on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

Clock = Callable[[], datetime]


def clock_of(connection: Connection) -> Clock:
    """The time at the moment of each call, UTC. A SQLite file has no clock but that of its one machine."""
    return (lambda: _server_time(connection)) if connection.dialect.name == "postgresql" else system_time


def system_time() -> datetime:
    return datetime.now(UTC)


def _server_time(connection: Connection) -> datetime:
    # Not now(): that is when the transaction began, which may have waited for a lock since.
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
