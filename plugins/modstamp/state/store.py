"""The internal database as the engine sees it: a clock, transactions, and the right to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from modstamp import ports
from modstamp.errors import RetryableError
from modstamp.model import Direction
from modstamp.ports import Lease
from modstamp.state import transaction
from modstamp.state.clock import Clock, clock_of, system_time
from modstamp.state.database import read_only as only_reading
from modstamp.state.transaction import Transaction


class Store:
    """State and records of one internal database.

    `records` gives access to records on a connection; `mark_writer` says on it for whom is being written (G5). `lease`
    is how long a lease lasts that is not renewed. `clock` replaces the database's own, for tests.
    """

    def __init__(
        self,
        engine: Engine,
        records: Callable[[Connection], ports.Records],
        mark_writer: Callable[[Connection, str | None], AbstractContextManager[None]],
        lease: timedelta,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._records = records
        self._mark_writer = mark_writer
        self._lease = lease
        self._clock = clock

    def now(self) -> datetime:
        if self._clock:
            return self._clock()
        if self._engine.dialect.name == "sqlite":  # a connection would wait for whoever is writing
            return system_time()
        with self._engine.connect() as connection:
            return clock_of(connection)()

    @contextmanager
    def begin(self, *, writer: str | None = None, read_only: bool = False) -> Iterator[Transaction]:
        """Raises `RetryableError` when the database is away, full, or chose this transaction to break a deadlock."""
        engine = only_reading(self._engine) if read_only else self._engine
        try:
            with engine.begin() as connection, self._mark_writer(connection, None if read_only else writer):
                now = self._clock or clock_of(connection)
                yield transaction.on(connection, self._records(connection), now, self._lease)
        except OperationalError as error:
            raise RetryableError(f"the internal database did not carry out a transaction: {error.orig}") from error

    def grant(self, mapping: str, direction: Direction, holder: str) -> Lease:
        """Raises `LeaseHeldError`."""
        with self.begin() as tx:
            return tx.leases.grant(mapping, direction, holder)

    def give_back(self, lease: Lease) -> None:
        with self.begin() as tx:
            tx.leases.give_back(lease)
