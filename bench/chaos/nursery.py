"""A process that has imported everything once and forks from then on, so that a run's step costs no imports.

Each connection to its socket is a worker of its own, as a host of Airflow's tasks is. A worker takes orders, one JSON
line each, and answers each with the id of the child that it forked for it. Worker and child may be killed at any time;
a killed worker's children live on.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_PATIENCE: Final = 300.0  # seconds that the imports may take


class Nursery:
    """Ends with its context."""

    def __init__(self, folder: Path) -> None:
        self._address = folder / "nursery.socket"
        self._address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "bench.chaos.nursery", str(self._address), str(os.getpid())]
        self._process = subprocess.Popen(command)  # noqa: S603  # our own interpreter
        until = time.monotonic() + _PATIENCE
        while not self._address.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the nursery did not start; its message stands above")
            time.sleep(0.05)

    def worker(self) -> Worker:
        return Worker(self._address)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class WorkerGoneError(Exception):
    """The worker was killed."""


class Worker:
    """Forks a child per order."""

    def __init__(self, address: Path) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(address))
        self._stream = self._line.makefile("rw", encoding="utf-8")
        self.pid = int(self._answer())

    def fork(self, order: Mapping[str, Any]) -> int:
        """Returns the child's id. Raises `WorkerGoneError`; whether there is a child is not known then."""
        try:
            self._stream.write(json.dumps(order) + "\n")
            self._stream.flush()
        except OSError as error:
            raise WorkerGoneError from error
        return int(self._answer())

    def close(self) -> None:
        self._line.close()

    def _answer(self) -> str:
        try:
            answer = self._stream.readline()
        except OSError as error:
            raise WorkerGoneError from error
        if not answer:
            raise WorkerGoneError
        return answer


def lives(pid: int) -> bool:
    """Whether the process is there and is more than an exit status that nobody took."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _serve(address: str, parent: int) -> None:
    """Until the process that asked for it has ended."""
    from bench.chaos import tasks  # noqa: PLC0415  # the imports that are to be done once

    tasks.import_everything()
    gc.collect()
    gc.freeze()  # else each child's first collection would copy all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel takes the exit status of every child
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address + ".new")
    listening.listen()
    Path(address + ".new").rename(address)
    listening.settimeout(1.0)
    while os.getppid() == parent:
        try:
            line, _ = listening.accept()
        except TimeoutError:
            continue
        if os.fork():
            line.close()
            continue
        listening.close()
        line.settimeout(None)
        _work(line)


def _work(line: socket.socket) -> None:
    """As a worker, until the line ends. Never returns."""
    stream = line.makefile("rw", encoding="utf-8")
    stream.write(f"{os.getpid()}\n")
    stream.flush()
    for text in stream:
        child = os.fork()
        if not child:
            line.close()
            _obey(json.loads(text))
        stream.write(f"{child}\n")
        stream.flush()
    os._exit(0)


def _obey(order: dict[str, Any]) -> None:
    """As a child. Never returns; whatever ends it stands in its log."""
    from bench.chaos import tasks  # noqa: PLC0415  # imported before the fork

    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.environ.update(order["environment"])
        tasks.obey(order)
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
