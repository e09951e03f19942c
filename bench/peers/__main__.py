"""``python -m bench.peers``: 10,000 and 100,000 Leads of which every one has changed, landed by each contender.

Each contender loads everything once; that run is shown too. Then one field of every Lead is edited, and what the next
run costs is the figure that counts. Processor seconds are those of the command and of what it starts, imports included.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import results
from bench.peers.commands import HERE, TAP_LOCK, Contender, Dlt, Modstamp, Singer, target_of
from bench.peers.costs import Cost, cost_of
from bench.systems import Systems, server, systems
from sandbox.proxy import proxy_to

SIZES = (10_000, 100_000)
_HEAD = ("contender", "run", "rows", "calls", "seconds", "CPU s", "database CPU s", "rows per CPU s", "peak MB")
_LOCKS = {
    "dlt": HERE / "locks" / "dlt.txt",
    "tap-salesforce": TAP_LOCK,
    "meltanolabs-target-postgres": HERE / "locks" / "target_postgres.txt",
}


def _contenders(both: Systems, folder: Path, stack: ExitStack) -> Iterator[Contender]:
    yield Modstamp(both)
    yield Dlt(both, folder)
    proxy = stack.enter_context(proxy_to(*target_of(both)))
    for api in ("REST", "BULK"):
        yield Singer(both, folder, proxy, api=api)


def _run(contender: Contender, both: Systems, run: str, rows: int) -> Sequence[str]:
    before = both.salesforce.charged()
    cost = cost_of(contender.pipe(), both.postmaster)
    cells = contender.name, run, f"{rows:,}", str(both.salesforce.charged() - before), *_cells(cost, rows)
    print(*cells, sep=" | ", file=sys.stderr, flush=True)  # a run takes minutes
    return cells


def _cells(cost: Cost, rows: int) -> tuple[str, ...]:
    figures = f"{cost.seconds:.1f}", f"{cost.busy:.1f}", f"{cost.database:.1f}"
    return *figures, f"{rows / cost.busy:,.0f}", f"{cost.peak:.0f}"


def _measured(sizes: Sequence[int]) -> Iterator[Sequence[str]]:
    with server() as administrator:
        for size in sizes:
            with ExitStack() as stack:
                both = stack.enter_context(systems(administrator, size, {}))
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modstamp-bench-")))
                contenders = list(_contenders(both, folder, stack))
                for contender in contenders:
                    yield _run(contender, both, "first load", size)
                both.salesforce.edit("Title", "Director")
                for contender in contenders:
                    yield _run(contender, both, "all changed", size)
                    landed = contender.landed(both)
                    if landed != size:
                        raise RuntimeError(f"{contender.name} landed {landed} of {size} rows")


if __name__ == "__main__":
    results.measure("peers", "bench.peers", __doc__, SIZES, _measured, _HEAD, _LOCKS)
