"""A store on each database, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from modstamp.connectors.engagement import capture
from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records
from modstamp.state.store import Store

LEASE = timedelta(minutes=3)


@dataclass
class Hands:
    """A clock: calling it tells the time, `forward` moves it."""

    time: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def open_store(database: Engine) -> Callable[[Callable[[], datetime] | None], Store]:
    return lambda clock: Store(database, partial(Records, catalog=Catalog()), capture.writer, LEASE, clock)


@pytest.fixture
def store(open_store: Callable[[Callable[[], datetime] | None], Store], clock: Hands) -> Store:
    return open_store(clock)
