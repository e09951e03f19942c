"""What the runs have cost: rows, calls that the local Salesforce counted, seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from sandbox.salesforce.server import Salesforce


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One run. `calls` are those that count against the daily limit; `seconds` includes the start of the program."""

    client: str
    work: str
    rows: int
    calls: int
    seconds: float

    def line(self) -> str:
        return f"{self.client:<21}{self.work:<34}{self.rows:>7} rows{self.calls:>5} calls{self.seconds:>7.1f} s"


@dataclass(slots=True)
class Figures:
    """All runs of a session, in order."""

    taken: list[Figure] = field(default_factory=list)

    @contextmanager
    def noted(self, client: str, work: str, count: int) -> Iterator[None]:
        """A run over several orgs, each exchange being one call."""
        started = perf_counter()
        yield
        seconds = perf_counter() - started
        self.taken.append(Figure(client=client, work=work, rows=0, calls=count, seconds=seconds))

    @contextmanager
    def measured(self, salesforce: Salesforce, client: str, work: str, rows: int) -> Iterator[None]:
        salesforce.reset_counts()
        started = perf_counter()
        yield
        calls, seconds = salesforce.counts()["charged"], perf_counter() - started
        self.taken.append(Figure(client=client, work=work, rows=rows, calls=calls, seconds=seconds))
