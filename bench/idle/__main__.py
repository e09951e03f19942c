"""``python -m bench.idle``: processor time of a poll of all types that finds nothing, beside as many empty DAGs.

Both run through the scheduler of one Airflow, in turns. Processor seconds are those of Airflow with all it starts;
what it needs when no DAG runs is measured in the same run and taken off, second by second. The databases are not in it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from bench import results
from modstamp import wiring
from modstamp.model import Direction
from modstamp.settings import Settings
from sandbox.stack import airflow, runner
from sandbox.stack.api import Api
from sandbox.stack.job import Pass
from sandbox.stack.places import HOST, Places, read_secrets
from sandbox.stack.processes import Process

_DAGS: Final = Path(__file__).parent / "empty_dags"
_LOCAL: Final = "airflow.dag_processing.bundles.local.LocalDagBundle"
_REST: Final = 20.0  # seconds
_HEAD: Final = ("cycle", "what", "runs", "seconds", "CPU s", "CPU s above rest", "per run")
_POLLS, _EMPTY = "_poll", "_empty"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one cycle. `busy`: processor seconds."""

    runs: int
    seconds: float
    busy: float


def _busy(root: int) -> float:
    """Processor seconds of the process, of all below it that live, and of those that these have seen end."""
    below = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    total = 0.0
    for each in below:
        try:
            total += sum(each.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue  # its parent has its time by the next look
    return total


def _cost(root: int, work: Callable[[], int]) -> Cost:
    began, busy = time.monotonic(), _busy(root)
    runs = work()
    return Cost(runs, time.monotonic() - began, _busy(root) - busy)


def _rest() -> int:
    time.sleep(_REST)
    return 0


def _cycle(api: Api, places: Places, ending: str) -> int:
    """Raises `RuntimeError` when a run failed."""
    runs = Pass(api, lambda _: None, partial(airflow.check, places)).go(ending)
    if failed := [run.dag_id for run in runs if run.state != "success"]:
        raise RuntimeError(f"{failed} failed")
    return len(runs)


def _measured(api: Api, places: Places, cycles: int) -> Iterator[tuple[str, str, Cost, float]]:
    """Number and name of a cycle, its cost, and what Airflow at rest needs per second."""
    note = Process(places, "airflow").note()
    if note is None:
        raise RuntimeError("Airflow has ended")
    for ending in (_POLLS, _EMPTY):  # the first of each imports and unpauses
        _cycle(api, places, ending)
    for number in range(1, cycles + 1):
        rest = _cost(note["pid"], _rest)
        for name, ending in (("poll of all types", _POLLS), ("empty DAGs", _EMPTY)):
            cost = _cost(note["pid"], partial(_cycle, api, places, ending))
            yield str(number), name, cost, rest.busy / rest.seconds


def _cells(number: str, name: str, cost: Cost, rest: float) -> Sequence[str]:
    above = cost.busy - rest * cost.seconds
    figures = f"{cost.seconds:.1f}", f"{cost.busy:.1f}", f"{above:.1f}", f"{above / cost.runs:.2f}"
    cells = number, name, str(cost.runs), *figures
    print(*cells, sep=" | ", file=sys.stderr, flush=True)
    return cells


def _medians(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    for name in dict.fromkeys(row[1] for row in rows):
        columns = zip(*[row[2:] for row in rows if row[1] == name], strict=True)
        yield "median", name, *(f"{statistics.median(map(float, column)):g}" for column in columns)


def _rows(cycles: int, size: int) -> list[Sequence[str]]:
    bundles = [
        {"name": "dags-folder", "classpath": _LOCAL, "kwargs": {}},
        {"name": "empty", "classpath": _LOCAL, "kwargs": {"path": str(_DAGS)}},
    ]
    polled = [each for each in wiring.mappings(Settings()) if each.is_on(Direction.POLLING)]
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(bundles)
    os.environ["BENCH_EMPTY_DAGS"] = str(len(polled))
    with tempfile.TemporaryDirectory(prefix="modstamp-idle-") as folder:
        places = Places(Path(folder))
        try:
            if runner.run(places, size=size, seed=7, port=8080, detach=True):
                raise RuntimeError("the main job failed")
            port = (Process(places, "airflow").note() or {})["port"]
            api = Api(f"http://{HOST}:{port}", airflow.USER, read_secrets(places).password)
            api.log_in()
            for name in api.dags():
                if not name.endswith((_POLLS, _EMPTY)):
                    api.pause(name)
            rows = [_cells(*each) for each in _measured(api, places, cycles)]
        finally:
            runner.stop(places)
    return [*rows, *_medians(rows)]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--size", type=int, default=2_000, help="Leads of the sample org")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked, load = parser.parse_args(), os.getloadavg()[0]
    rows = _rows(asked.cycles, asked.size)
    if asked.write:
        command = f"python -m bench.idle --write --cycles {asked.cycles} --size {asked.size}"
        results.write("idle", command, [results.machine(load), results.versions({})], _HEAD, rows)


if __name__ == "__main__":
    main()
