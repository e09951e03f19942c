"""``python -m bench.first_load``: all Leads of an org for the first time, slice by slice, as a person would start it.

What was foretold stands beside what was counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench import results
from bench.peers.commands import Modstamp
from bench.peers.costs import cost_of
from bench.systems import LEAD, Systems, server, systems
from sandbox import foreign

SIZES = (100_000, 1_000_000)
_HEAD = (
    "rows",
    "landed",
    "rows/s",
    "seconds",
    "CPU s",
    "database CPU s",
    "rows per CPU s",
    "peak MB",
    "calls",
    "estimated calls",
    "estimated rows",
    "estimated minutes",
)


def _estimate(both: Systems) -> dict[str, Any]:
    command = (sys.executable, "-m", "modstamp", "estimate", LEAD, "--json")
    done = subprocess.run(  # noqa: S603  # our own command
        command, env=foreign.environment(**both.environment), stdout=subprocess.PIPE, text=True, check=True
    )
    (found,) = json.loads(done.stdout)["estimates"]
    return dict(found)


def _loaded(size: int, both: Systems) -> tuple[str, ...]:
    foretold = _estimate(both)
    before = both.salesforce.charged()
    cost = cost_of(Modstamp(both).pipe(), both.postmaster)
    calls, landed = both.salesforce.charged() - before, both.count("prospects")
    figures = (landed, landed / cost.seconds, cost.seconds, cost.busy, cost.database, landed / cost.busy, cost.peak)
    told = (calls, foretold["calls"], foretold["rows"])
    cells = (*(f"{figure:,.0f}" for figure in (size, *figures, *told)), f"{foretold['minutes']:.1f}")
    print(*cells, sep=" | ", file=sys.stderr, flush=True)  # a load takes minutes
    return cells


def _measured(sizes: list[int]) -> Iterator[tuple[str, ...]]:
    with server() as administrator:
        for size in sizes:
            with systems(administrator, size, {}) as both:
                yield _loaded(size, both)


if __name__ == "__main__":
    results.measure("first load", "bench.first_load", __doc__, SIZES, _measured, _HEAD, {})
