"""What a process does until it is through or killed: the history of some mappings, by the lane or by plain pushes."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess

# What a run needs, imported once and not in each process.
import great_expectations  # noqa: F401
import psycopg  # noqa: F401
import pyarrow.dataset  # noqa: F401
import upath.implementations.local  # noqa: F401

import modstamp.connectors.engagement.capture
import modstamp.connectors.engagement.records
import modstamp.connectors.read_only
import modstamp.connectors.salesforce.connector
import modstamp.engine.lane
import modstamp.engine.run
import modstamp.migrations
import modstamp.state.calls
import modstamp.state.descriptions
import modstamp.state.store  # noqa: F401
from modstamp import backfill, wiring
from modstamp.engine.handoff import RunOptions
from modstamp.errors import ModstampError
from modstamp.model import Direction
from modstamp.settings import Settings

LANE = "backfill/"  # how the ids of its runs begin
PLAIN = "plain/"


@dataclass(frozen=True, slots=True)
class Work:
    """One mapping. `plain`: by ordinary pushing runs. `due`: at most so many records."""

    mapping: str
    due: int
    plain: bool = False


def begin(works: Sequence[Work]) -> BaseProcess:
    """In a process of its own, which shares what is imported. It ends with 0 when all is done."""
    process = multiprocessing.get_context("fork").Process(target=_all, args=(works,))
    process.start()
    return process


def _all(works: Sequence[Work]) -> None:
    try:
        done = [_push(each) if each.plain else _bring_out(each) for each in works]
    except ModstampError as error:  # such as a lease that another try has taken
        print(error, file=sys.stderr, flush=True)
        sys.exit(4)
    sys.exit(0 if all(done) else 3)


def _bring_out(work: Work) -> bool:
    settings, now = Settings(), datetime.now(UTC)
    chosen = backfill.stretch(work.mapping, now - timedelta(days=366), now, settings)
    done = backfill.carry_out(work.mapping, chosen, work.due, "bench", settings)
    print(done.as_dict(), file=sys.stderr, flush=True)
    return done.done


def _push(work: Work) -> bool:
    """Returns whether it went through; what it had to leave goes with later runs."""
    with wiring.open_run(work.mapping, Direction.PUSHING, Settings()) as run:
        summary = wiring.run_through(run, RunOptions(), f"{PLAIN}{work.mapping}/{time.time_ns()}")
    print(dict(summary.counts), summary.message, file=sys.stderr, flush=True)
    return not (summary.held or summary.paused)
