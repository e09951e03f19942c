"""Processes that outlive the command that started them, found again by a file with their id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.stack.places import PROJECT, Places, StackError

_TICK: Final = 0.1  # seconds
_SHOWN: Final = 2_000  # characters of a failed command

# Those of this very process, which must take their exit status or they stay in the kernel's table.
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """One of them. `note`: what later commands must know, such as its port."""

    places: Places
    name: str

    @property
    def log(self) -> Path:
        return self.places.logs / f"{self.name}.log"

    def start(self, command: Sequence[str], environment: Mapping[str, str], **note: Any) -> None:
        # A session of its own: Ctrl-C reaches the runner alone, which then ends its processes in order.
        with self.log.open("ab") as log:
            started = subprocess.Popen(  # noqa: S603  # our own commands
                command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        _CHILDREN[started.pid] = started
        document = {"pid": started.pid, "born": _born(started.pid), **note}
        self._file.write_text(json.dumps(document), encoding="utf-8")

    def note(self) -> dict[str, Any] | None:
        """Its id and notes; None when it does not run."""
        if not self._file.exists():
            return None
        document: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        # An id may have been given to another process since.
        return document if document["born"] is not None and document["born"] == _born(document["pid"]) else None

    def stop(self, polite: signal.Signals, patience: float) -> bool:
        """Ask it to end, wait, then end all that it started. Returns whether it was running."""
        found = self.note()
        if found is not None:
            os.kill(found["pid"], polite)
            ended = wait_until(lambda: self.note() is None, patience)
            with suppress(ProcessLookupError):
                os.killpg(found["pid"], signal.SIGTERM if ended else signal.SIGKILL)
            if child := _CHILDREN.pop(found["pid"], None):
                child.wait()
        self._file.unlink(missing_ok=True)
        return found is not None

    @property
    def _file(self) -> Path:
        return self.places.processes / f"{self.name}.json"


def run(*words: str, environment: Mapping[str, str]) -> str:
    """Run a module of this environment to its end and return what it printed. Raises `StackError`."""
    done = subprocess.run(  # noqa: S603  # our own commands
        [sys.executable, "-m", *words], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"python -m {' '.join(words)} failed:\n{(done.stdout + done.stderr)[-_SHOWN:]}")
    return done.stdout


def wait_until(condition: Any, patience: float) -> bool:
    """Whether the condition became true within so many seconds."""
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_TICK)
    return True


def _born(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None: there is none, or only its exit status is left."""
    if pid in _CHILDREN:
        _CHILDREN[pid].poll()
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if status[0] == "Z" else status[19]
