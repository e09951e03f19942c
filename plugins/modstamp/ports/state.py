"""The state and the internal records, reached through one transaction, so that they commit together (G17)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from modstamp.model import Direction
from modstamp.ports.journal import Choices, Journal, Quarantine
from modstamp.ports.links import Adoption, Intents, Links, Missing, Pendings
from modstamp.ports.records import Records, Watches
from modstamp.ports.runs import Cursors, Holds, Lease, Leases, Runs


class Transaction(Protocol):
    """One transaction of the internal database: all or nothing."""

    @property
    def records(self) -> Records: ...
    @property
    def links(self) -> Links: ...
    @property
    def pending(self) -> Pendings: ...
    @property
    def missing(self) -> Missing: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def quarantine(self) -> Quarantine: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def watches(self) -> Watches: ...
    @property
    def adoption(self) -> Adoption: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def choices(self) -> Choices: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """An inner transaction: an exception that leaves it undoes only what was done inside."""
        ...


class Store(Protocol):
    """The internal database."""

    def now(self) -> datetime:
        """Its clock, UTC."""
        ...

    def begin(self, *, writer: str | None = None, read_only: bool = False) -> AbstractContextManager[Transaction]:
        """`writer`: the mapping on whose behalf internal rows are written; its own pushing hears nothing of them (G5).

        `read_only`: the database itself refuses every write and lock, and nothing is committed (dry run).
        """
        ...

    def grant(self, mapping: str, direction: Direction, holder: str) -> Lease:
        """Take the lease if it is free, expired or the holder's own. Raises `LeaseHeldError`."""
        ...

    def give_back(self, lease: Lease) -> None: ...
