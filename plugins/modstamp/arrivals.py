"""What is there to be pushed, told as soon as it is committed: the beginning of a push that nobody asked for (OSF-012).

Pending entries are the truth and notices a hint: the entries are read at the beginning, after each notice, and every
ten seconds. So a notice that got lost, a database that was away and a process that began anew lose nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from modstamp import wiring
from modstamp.connections import ConnectionSettings
from modstamp.errors import ModstampError
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modstamp.state.notices import Bell, Work

_LOOK_ANYWAY: Final = 10.0  # seconds

log = logging.getLogger(__name__)


async def arrivals(
    settings: Settings, resolve: Callable[[], Awaitable[ConnectionSettings]], patience: float = 5.0
) -> AsyncGenerator[Mapping[str, Work], None]:
    """Mapping → the entries that a push should begin for, as often as they may have changed. Never ends.

    `resolve` gives the connection of the engagement database. One that is away or not migrated yet is tried again after
    `patience` seconds.
    """
    import psycopg  # noqa: PLC0415  # not at DAG-parse time
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  # not at DAG-parse time

    while True:
        try:
            connection = await resolve()
            async with aclosing(_while_it_answers(settings, connection)) as answers:
                async for found in answers:
                    yield found
        except (ModstampError, SQLAlchemyError, psycopg.Error) as error:
            # The first line: what follows may quote rows.
            log.warning("No push is started for now: %s", str(error).partition("\n")[0])
            await asyncio.sleep(patience)


async def _while_it_answers(
    settings: Settings, connection: ConnectionSettings
) -> AsyncGenerator[Mapping[str, Work], None]:
    from modstamp.state import notices  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import open_engine  # noqa: PLC0415  # SQLAlchemy

    engine = open_engine(wiring.engagement_url(settings, lambda _: connection))
    try:
        async with notices.bell(engine) as bell:
            while True:
                yield await asyncio.to_thread(_read, engine)
                await asyncio.sleep(settings.gathering.total_seconds())
                await _next(bell, settings.quiet.total_seconds())
    finally:
        engine.dispose()


def _read(engine: Engine) -> Mapping[str, Work]:
    from modstamp.state import notices  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    with read_only(engine).connect() as connection:
        return notices.work(connection)


async def _next(bell: Bell, quiet: float) -> None:
    """Until it is time to look again; what follows a notice at once is looked at together with it."""
    if await bell.rings(_LOOK_ANYWAY):
        await asyncio.sleep(quiet)
