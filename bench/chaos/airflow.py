"""A whole Airflow in one process tree, of which the scheduler and single tasks are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.error import URLError

from bench.chaos.nursery import lives
from bench.chaos.scene import Journal
from sandbox.stack import airflow, postgresql
from sandbox.stack.api import Api
from sandbox.stack.places import HOST, Places, StackError, read_secrets
from sandbox.stack.processes import Process, wait_until

_PORT: Final = 18080
_READY: Final = 600.0  # seconds, beside other work
_DAGS: Final = tuple(
    f"salesforce_{name}_{direction}" for name in ("account", "contact", "lead") for direction in ("poll", "push")
)
# Shorter than Airflow's own, so that tasks and runs of a dead scheduler are found within seconds.
_IMPATIENT: Final = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
}


class Airflow:
    """Ends with `close`."""

    def __init__(self, folder: Path, socket: str, environment: Mapping[str, str], journal: Journal) -> None:
        self._places = Places(folder)
        self._places.make()
        self._journal = journal
        self._schedulers: list[subprocess.Popen[bytes]] = []
        self._since = datetime.now(UTC)
        self._secrets, self._server = read_secrets(self._places), postgresql.Server(socket)
        self._environment = {**airflow.project_environment(self._places, self._server), **environment, **_IMPATIENT}
        self._root = 0
        self.api = Api("", "", "")

    def start(self) -> None:
        """Until all parts and all DAGs are there."""
        port = airflow.start(self._places, self._secrets, self._server, self._environment, _PORT)
        note = Process(self._places, "airflow").note()
        if note is None:
            raise StackError("Airflow ended at once")
        self._root = int(note["pid"])
        self.api = Api(f"http://{HOST}:{port}", airflow.USER, self._secrets.password)
        if not wait_until(self._is_ready, _READY):
            raise airflow.failed("Airflow did not start", self._places)
        self.api.log_in()
        if not wait_until(lambda: set(_DAGS) <= self.api.dags().keys(), _READY):
            raise StackError("\n".join(["Airflow does not have the DAGs", *self.api.import_errors()]))
        self.api.make_pool("salesforce_api", 4, "Tasks that call Salesforce at once")
        for name in _DAGS:
            self.api.unpause(name)

    def _is_ready(self) -> bool:
        airflow.check(self._places)
        return self.api.takes_tasks() and airflow.health_problem(self.api.health()) is None

    def trigger(self, dice: random.Random) -> None:
        """Set one DAG off besides its schedule."""
        with suppress(URLError, ConnectionError, TimeoutError):
            self.api.trigger(dice.choice(_DAGS))

    def kill_task(self, dice: random.Random) -> bool:
        """The process that runs a task's code, not the one that watches over it. False where none runs."""
        tasks = [pid for pid in self._processes() if _runs_a_task(pid)]
        if not tasks:
            return False
        victim = dice.choice(tasks)
        self._journal.tell("KILL", task="Airflow's task", pid=victim)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        return True

    def kill_scheduler(self) -> bool:
        """Its executor's workers and their tasks go on; another scheduler is started some seconds later."""
        scheduler = self._scheduler_id()
        if scheduler is None:
            return False
        self._journal.tell("KILL", task="Airflow's scheduler", pid=scheduler)
        os.kill(scheduler, signal.SIGKILL)
        wait_until(lambda: not lives(scheduler), 5)
        variables = Path(f"/proc/{self._root}/environ").read_bytes().decode().split("\0")
        environment = dict(each.split("=", 1) for each in variables if "=" in each)
        log = (self._places.logs / "scheduler.log").open("ab")
        started = subprocess.Popen(  # our own interpreter
            [sys.executable, "-m", "airflow", "scheduler"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._schedulers.append(started)
        return True

    def rest(self, patience: float) -> bool:
        """Run every DAG twice and wait; whether all came to an end."""
        for _ in range(2):
            for name in _DAGS:
                with suppress(URLError, ConnectionError, TimeoutError):
                    self.api.trigger(name)
            if not wait_until(self._is_at_rest, patience):
                return False
        return True

    def _is_at_rest(self) -> bool:
        try:
            return all(run.ended for run in self.api.runs_since(self._since))
        except (URLError, ConnectionError, TimeoutError):
            return False

    def close(self) -> None:
        """Airflow, and whatever its dead schedulers have left behind."""
        airflow.stop(self._places)
        for pid in list(self._processes()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for scheduler in self._schedulers:
            scheduler.wait()

    def _scheduler_id(self) -> int | None:
        """The one that lives."""
        if self._schedulers:
            newest = self._schedulers[-1]
            return newest.pid if newest.poll() is None else None
        return next((pid for pid in self._processes() if _command(pid).endswith("airflow scheduler")), None)

    def _processes(self) -> Iterator[int]:
        """All that Airflow and its later schedulers have started: each began a session of its own."""
        sessions = {self._root, *(each.pid for each in self._schedulers)}
        for path in Path("/proc").iterdir():
            with suppress(ProcessLookupError, ValueError):
                if os.getsid(int(path.name)) in sessions:
                    yield int(path.name)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _runs_a_task(pid: int) -> bool:
    command = _command(pid)
    return command.startswith("airflow worker -- ") and "LocalExecutor" not in command
