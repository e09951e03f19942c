"""One transaction of the internal database: records and state commit together, or not at all (G17)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from modstamp import ports
from modstamp.state.adoption import Adoption
from modstamp.state.choices import Choices
from modstamp.state.clock import Clock
from modstamp.state.cursors import Cursors
from modstamp.state.holds import Holds
from modstamp.state.intents import Intents
from modstamp.state.journal import Journal
from modstamp.state.leases import Leases
from modstamp.state.links import Links
from modstamp.state.missing import Missing
from modstamp.state.pending import Pendings
from modstamp.state.quarantine import Quarantine
from modstamp.state.runs import Runs
from modstamp.state.watches import Watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Everything that can be read and written inside it."""

    connection: Connection
    records: ports.Records
    links: Links
    pending: Pendings
    missing: Missing
    intents: Intents
    quarantine: Quarantine
    journal: Journal
    cursors: Cursors
    leases: Leases
    runs: Runs
    watches: Watches
    adoption: Adoption
    holds: Holds
    choices: Choices

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self.connection.begin_nested():
            yield


def on(connection: Connection, records: ports.Records, now: Clock, lease: timedelta) -> Transaction:
    """The transaction that is open on this connection."""
    links = Links(connection, now)
    return Transaction(
        connection=connection,
        records=records,
        links=links,
        pending=Pendings(connection, now, links),
        missing=Missing(connection, now, links),
        intents=Intents(connection),
        quarantine=Quarantine(connection, now),
        journal=Journal(connection, now),
        cursors=Cursors(connection),
        leases=Leases(connection, now, lease),
        runs=Runs(connection),
        watches=Watches(connection),
        adoption=Adoption(connection, now),
        holds=Holds(connection),
        choices=Choices(connection, now),
    )
