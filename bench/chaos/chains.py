"""Runs as Airflow makes them: four tasks in a row, each a process of its own, tried again when it fails or vanishes."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.chaos.nursery import Nursery, Worker, WorkerGoneError, lives
from bench.chaos.scene import Journal

STEPS: Final = ("extract", "transform", "validate", "load")
# Of the kills of a step: most where something is written.
_WEIGHTS: Final = {"extract": 0.5, "transform": 0.3, "validate": 0.3, "load": 2.0}
_TRIES: Final = 3
_AGAIN: Final = 0.6  # share of failed tasks that are tried again
_EXACT: Final = 0.5  # share of kills at a point rather than at a time
_FIRST_GUESS: Final = 0.4  # seconds of a step, until one was seen
_POINTS: Final = 12
_MEMORY: Final = 0.7  # of an estimate, when it is told anew


@dataclass
class Task:
    """One child. `kill_at`: when it is to be killed. `end`: a stopped one goes on then."""

    what: str
    pid: int
    result: Path
    began: float
    kill_at: float | None = None
    exact: bool = False
    killed: bool = False
    resume_at: float | None = None

    def document(self) -> dict[str, Any] | None:
        if not self.result.exists():
            return None
        found: dict[str, Any] = json.loads(self.result.read_text(encoding="utf-8"))
        return found


@dataclass
class Chain:
    """One run."""

    mapping: str
    direction: str
    run_id: str
    step: int = 0
    tries: int = 0
    document: dict[str, Any] | None = None
    task: Task | None = None


@dataclass
class Chains:
    """`kills`: what was killed, by kind. `struck`: of the steps, by mapping and direction.

    `orphans`: tasks that go on though nobody waits for them any more.
    """

    nursery: Nursery
    folder: Path
    environment: dict[str, str]
    dice: random.Random
    journal: Journal
    kill_share: float
    chains: list[Chain] = field(default_factory=list)
    orphans: list[Task] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    durations: dict[str, float] = field(default_factory=dict)
    points: defaultdict[str, float] = field(default_factory=lambda: defaultdict(lambda: float(_POINTS)))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _worker: Worker | None = None

    @property
    def running(self) -> int:
        return len(self.chains)

    def begin(self, mapping: str, direction: str) -> None:
        chain = Chain(mapping, direction, f"{mapping}_{direction}/run-{next(self._numbers)}")
        self.chains.append(chain)
        self._go_on(chain)

    def command(self, *words: str) -> None:
        """The command line, beside the runs."""
        self.orphans.append(self._fork("command", {"work": "command", "words": list(words)}, risky=True))

    def do(self, work: str, patience: float, **order: Any) -> dict[str, Any] | None:
        """Something that nobody kills; None when it failed."""
        task = self._fork(work, {"work": work, **order}, risky=False)
        until = time.monotonic() + patience
        while lives(task.pid) and time.monotonic() < until:
            time.sleep(0.005)
        return task.document()

    def _go_on(self, chain: Chain) -> None:
        name = STEPS[chain.step]
        order = {
            "work": "step",
            "step": name,
            "mapping": chain.mapping,
            "direction": chain.direction,
            "run_id": chain.run_id,
            "document": chain.document,
        }
        chain.task = self._fork(f"{chain.mapping} {chain.direction} {name}", order, risky=True)

    def _fork(self, what: str, order: dict[str, Any], *, risky: bool) -> Task:
        result = self.folder / "tasks" / f"{next(self._numbers)}.json"
        share = self.kill_share * _WEIGHTS.get(what.rpartition(" ")[2], 1.0)
        kill, at = risky and self.dice.random() < share, None
        exact = kill and self.dice.random() < _EXACT
        order |= {"result": str(result), "log": str(self.folder / "tasks.log"), "environment": self.environment}
        if exact:
            order["strike_at"] = self.dice.randint(1, max(1, int(self.points[what] * 1.05)))
        elif kill:
            at = time.monotonic() + self.dice.uniform(0, self.durations.get(what, _FIRST_GUESS) * 1.1)
        else:
            order["count"] = True
        pid = self._order(order)
        return Task(what, pid, result, time.monotonic(), kill_at=at, exact=exact)

    def _order(self, order: dict[str, Any]) -> int:
        while True:
            if self._worker is None:
                self._worker = self.nursery.worker()
            try:
                return self._worker.fork(order)
            except WorkerGoneError:
                self._worker = None

    # What happens to tasks

    def look(self) -> None:
        """Kill whose time has come, and let the chains of ended tasks go on."""
        tasks = [*self.orphans, *(chain.task for chain in self.chains if chain.task)]
        now = time.monotonic()
        for task in tasks:
            if task.kill_at is not None and now >= task.kill_at:
                task.kill_at = None
                self._kill(task)
            if task.resume_at is not None and now >= task.resume_at:
                task.resume_at = None
                _signal(task.pid, signal.SIGCONT)
        for task in [task for task in self.orphans if not lives(task.pid)]:
            self.orphans.remove(task)
            self._ended(task)
        for chain in [chain for chain in self.chains if chain.task and not lives(chain.task.pid)]:
            self._after(chain, chain.task)  # type: ignore[arg-type]  # it has one

    def _kill(self, task: Task) -> None:
        if lives(task.pid) and not task.killed:
            _signal(task.pid, signal.SIGKILL)
            task.killed = True
            self._count(task)
            self.journal.tell("KILL", task=task.what, pid=task.pid, after=round(time.monotonic() - task.began, 3))

    def _count(self, task: Task) -> None:
        run, is_step, _ = task.what.rpartition(" ")
        self.kills["a step of a run" if is_step else "the command line"] += 1
        if is_step:
            self.struck[run] += 1

    def _ended(self, task: Task) -> dict[str, Any] | None:
        document = task.document()
        point = Path(str(task.result) + ".point")
        if task.exact and document is None and point.exists():
            self._count(task)
            self.journal.tell("KILL", task=task.what, pid=task.pid, at_point=point.read_text(encoding="utf-8"))
        if document is not None:
            self._learn(task, document)
        kind = "vanished" if document is None else next(iter(document.keys() - {"points"}), "done")
        self.ends[kind] += 1
        self.journal.tell("task", task=task.what, pid=task.pid, end=kind, **_told(document))
        task.result.unlink(missing_ok=True)
        point.unlink(missing_ok=True)
        return document

    def _learn(self, task: Task, document: dict[str, Any]) -> None:
        took = time.monotonic() - task.began
        known = self.durations.get(task.what, took)
        self.durations[task.what] = _MEMORY * known + (1 - _MEMORY) * took
        if "points" in document:
            self.points[task.what] = _MEMORY * self.points[task.what] + (1 - _MEMORY) * document["points"]

    def _after(self, chain: Chain, task: Task) -> None:
        document = self._ended(task)
        if document and "document" in document:
            chain.step, chain.tries, chain.document = chain.step + 1, 0, document["document"]
            if chain.step < len(STEPS):
                self._go_on(chain)
                return
        failed = document is None or "failed" in document
        chain.tries += 1
        if failed and chain.tries < _TRIES and self.dice.random() < _AGAIN:
            self._go_on(chain)
            return
        self.chains.remove(chain)

    def kill_worker(self) -> None:
        """Its children go on; Airflow takes their tasks for lost and starts some of them anew beside them."""
        if self._worker is None:
            return
        _signal(self._worker.pid, signal.SIGKILL)
        self.kills["the worker"] += 1
        self.journal.tell("KILL", task="worker", pid=self._worker.pid)
        self._worker = None
        for chain in list(self.chains):
            self._give_up(chain)

    def stall(self, seconds: float) -> None:
        """Stop a task for a while; its run may be tried again meanwhile, beside it."""
        chains = [chain for chain in self.chains if chain.task and lives(chain.task.pid)]
        if not chains:
            return
        chain = self.dice.choice(chains)
        task = chain.task
        if task is None or task.resume_at is not None:
            return
        self.journal.tell("stall", task=task.what, pid=task.pid, seconds=round(seconds, 1))
        _signal(task.pid, signal.SIGSTOP)
        task.resume_at = time.monotonic() + seconds
        if self.dice.random() < 0.7:  # noqa: PLR2004  # else it only was slow
            self._give_up(chain)

    def _give_up(self, chain: Chain) -> None:
        if chain.task is None:
            return
        self.orphans.append(chain.task)
        if self.dice.random() < _AGAIN:
            self._go_on(chain)
        else:
            self.chains.remove(chain)

    def end(self) -> None:
        """Kill half of what runs, let the rest come to its end."""
        self.chains, left = [], [*self.orphans, *(chain.task for chain in self.chains if chain.task)]
        for task in left:
            _signal(task.pid, signal.SIGCONT)
            task.resume_at = None
            if self.dice.random() < 0.5:  # noqa: PLR2004
                self._kill(task)
        self.orphans = left
        until = time.monotonic() + 20
        while self.orphans and time.monotonic() < until:
            self.look()
            time.sleep(0.01)
        for task in self.orphans:
            self._kill(task)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _told(document: dict[str, Any] | None) -> dict[str, Any]:
    if document is None:
        return {}
    summary = document.get("summary", {})
    told = {"counts": summary["counts"]} if summary else {}
    return told | {name: document[name] for name in ("failed", "skipped", "exit") if name in document}
