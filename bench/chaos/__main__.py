"""``python -m bench.chaos --seeds 30 --kills 1000 --state DIR``: exit code 1 when the promise was broken.

Each seed leaves its result in DIR, and a seed that has one is not played again: a run that was stopped goes on, and
several may share one DIR. The folder of a seed in which something is wrong stays, with the journal of what happened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from bench.chaos import summary
from bench.chaos.database import Server
from bench.chaos.nursery import Nursery, lives
from bench.chaos.play import Stage, play


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    given = _parser().parse_args()
    state: Path = given.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    seeds = [given.first + number for number in range(given.seeds)]
    missing = [seed for seed in seeds if not summary.path_of(state, seed).exists()]
    if missing:
        _play(missing, state, given)
    results = [each for each in summary.load(state) if each["seed"] in seeds]
    for each in results:
        print(summary.line(each))
    print(summary.text(results))
    sys.exit(1 if summary.violations(results) else 0)


def _play(seeds: list[int], state: Path, given: argparse.Namespace) -> None:
    own = state / f"process-{os.getpid()}"
    own.mkdir()
    nursery, server = Nursery(own), Server()
    stage = Stage(nursery, server, -(-given.kills // given.seeds), given.seconds, given.airflow)
    try:
        for seed in seeds:
            if not _claim(state, seed):
                continue
            folder = state / f"seed-{seed:04}"
            result = play(seed, stage, folder)
            summary.save(state, result)
            if not result.findings and not result.restless:
                shutil.rmtree(folder, ignore_errors=True)
            print(summary.line(summary.load_one(state, seed)), flush=True)
    finally:
        nursery.close()
        server.close()
        shutil.rmtree(own, ignore_errors=True)


def _claim(state: Path, seed: int) -> bool:
    """Whether nobody else plays it; a claim ends with the process that made it."""
    path = state / f"seed-{seed:04}.claim"
    if summary.path_of(state, seed).exists():
        return False
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        with suppress(ValueError):
            if lives(int(path.read_text(encoding="utf-8"))):
                return False
    path.write_text(str(os.getpid()), encoding="utf-8")
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--kills", type=int, default=1000, help="over all seeds")
    parser.add_argument("--seconds", type=float, default=50, help="of trouble per seed, at least")
    parser.add_argument("--airflow", action="store_true", help="runs are made by a whole Airflow, which is killed too")
    parser.add_argument("--state", type=Path, required=True, help="folder of results and of what went wrong")
    return parser


if __name__ == "__main__":
    main()
