"""``python -m bench.latency``: changes at random times through a real Airflow, from commit until Salesforce shows them.

Starts a stack of its own as `make run` does, and ends it; `--state` names one that runs already.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine

from bench import results
from bench.latency.changes import Reader, Seen, make
from bench.latency.stages import STAGES, runs, split
from sandbox.stack import postgresql, runner, salesforce
from sandbox.stack.places import Places

_HEAD: Final = ("stage", "median s", "95th percentile s", "share")
_PORT: Final = 18090


@contextmanager
def _stack(state: Path | None, size: int) -> Iterator[Places]:
    if state is not None:
        yield Places(state.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="modstamp-latency-") as folder:
        places = Places(Path(folder))
        try:
            if runner.run(places, size=size, seed=7, port=_PORT, detach=True):
                raise RuntimeError("the main job failed")
            yield places
        finally:
            runner.stop(places)


def _measured(places: Places, *, count: int, over: timedelta, seed: int) -> tuple[list[Seen], list[list[float]]]:
    server = postgresql.start(places)
    engagement, airflow = (create_engine(server.url(name)) for name in (postgresql.ENGAGEMENT, postgresql.AIRFLOW))
    since = datetime.now(UTC)
    seen = make(engagement, Reader(salesforce.connection(places)), count=count, over=over, seed=seed)
    every = runs(airflow, places.airflow / "logs", since)
    parts = [found for change in seen if (found := split(change, every)) is not None]
    engagement.dispose()
    airflow.dispose()
    return seen, parts


def _figures(name: str, seconds: Sequence[float], total: float) -> tuple[str, ...]:
    share = f"{statistics.fmean(seconds) / total:.0%}"
    return name, f"{statistics.median(seconds):.2f}", f"{statistics.quantiles(seconds, n=20)[-1]:.2f}", share


def _table(seen: Sequence[Seen], parts: Sequence[Sequence[float]]) -> Iterator[tuple[str, ...]]:
    whole = [(each.readable - each.committed).total_seconds() for each in seen if each.readable is not None]
    total = statistics.fmean(whole)
    for name, seconds in zip(STAGES, zip(*parts, strict=True), strict=bool(parts)):
        yield _figures(name, seconds, total)
    yield _figures("commit → readable in Salesforce", whole, total)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0, help="the changes are spread over so long")
    parser.add_argument("--size", type=int, default=600, help="Leads of the sample org")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--state", type=Path, help="folder of a stack that runs already")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked = parser.parse_args()
    with _stack(asked.state, asked.size) as places:
        load = os.getloadavg()[0]
        over = timedelta(minutes=asked.minutes)
        seen, parts = _measured(places, count=asked.changes, over=over, seed=asked.seed)
    rows = list(_table(seen, parts))
    lost = sum(each.readable is None for each in seen)
    told = f"{len(seen)} changes in {asked.minutes:g} minutes, {lost} not seen within two, {len(parts)} told apart"
    print(told, *(" | ".join(row) for row in rows), sep="\n", file=sys.stderr, flush=True)
    if asked.write:
        command = f"python -m bench.latency --write --changes {asked.changes} --minutes {asked.minutes:g}"
        notes = [results.machine(load), f"load {os.getloadavg()[0]:.1f} at the end", results.versions({}), told]
        results.write("latency", command, notes, _HEAD, rows)


if __name__ == "__main__":
    main()
