"""What starts a push within seconds: a trigger in Airflow's triggerer that hears of pending entries (OSF-012, OSF-035).

All mappings of an engagement database share one connection to it, as the triggerer opens one stream for all triggers
of the same key. Each fires for its own mapping alone, and once for the same entries: those that a run could not do do
not start another one. The clock beneath takes them up (see `schedule`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from modstamp.arrivals import arrivals
from modstamp.orchestration.connections import resolve_async
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.state.notices import Work

    Arrivals = AsyncGenerator[Mapping[str, Work], None]


class PendingEntries(BaseEventTrigger):
    """Fires when there is something new to be pushed by a mapping. `connection`: id of the engagement database's."""

    def __init__(self, mapping: str, connection: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.mapping = mapping
        self.connection = connection

    def serialize(self) -> tuple[str, dict[str, Any]]:
        cls = type(self)
        return f"{cls.__module__}.{cls.__qualname__}", {"mapping": self.mapping, "connection": self.connection}

    def shared_stream_key(self) -> Hashable:
        return (type(self).__qualname__, self.connection)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> Arrivals:
        async with aclosing(arrivals(Settings(), partial(resolve_async, kwargs["connection"]))) as stream:
            async for found in stream:
                yield found

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[Mapping[str, Work]]
    ) -> AsyncIterator[TriggerEvent]:
        """A run changes what is there as well: then, too, the rest is begun at once, but never without progress."""
        before = None
        async for found in shared_stream:
            now = found.get(self.mapping)
            if now is not None and now != before:
                payload = {"mapping": self.mapping, "entries": now.entries}
                yield TriggerEvent(payload)  # type: ignore[no-untyped-call]
            before = now

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """As `filter_shared_stream`, for a triggerer that shares no streams."""
        async with aclosing(self.open_shared_stream(self.serialize()[1])) as stream:
            async for event in self.filter_shared_stream(stream):
                yield event
