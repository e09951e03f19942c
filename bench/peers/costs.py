"""What running a pipe cost: seconds, processor seconds of its processes and of the database, memory."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.peers.commands import Pipe

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`busy`: processor seconds of the contender's own processes; `database`: of the PostgreSQL server meanwhile.

    `peak`: megabytes of resident memory, the sum over the processes of a pipe.
    """

    seconds: float
    busy: float
    database: float
    peak: float


def cost_of(pipe: Pipe, postmaster: int) -> Cost:
    """Run it to its end. Raises `RuntimeError` with what it said last when a process of it fails."""
    before, began = _server_seconds(postmaster), time.perf_counter()
    with ExitStack() as stack:
        errors = stack.enter_context(Path("/dev/shm/modstamp-bench-errors").open("w+b"))  # noqa: S108  # read below
        processes = _started(pipe, stack, errors.fileno())
        usages = []
        for process in processes:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            usages.append(usage)
        seconds = time.perf_counter() - began
        if any(process.returncode for process in processes):
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-3_000:]
            raise RuntimeError(f"{[process.returncode for process in processes]}: {said}")
    return Cost(
        seconds=seconds,
        busy=sum(usage.ru_utime + usage.ru_stime for usage in usages),
        database=_server_seconds(postmaster) - before,
        peak=sum(usage.ru_maxrss for usage in usages) / 1024,
    )


def _started(pipe: Pipe, stack: ExitStack, errors: int) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    for position, command in enumerate(pipe.commands):
        last = position == len(pipe.commands) - 1
        kept = stack.enter_context(pipe.output.open("wb")) if last and pipe.output else subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603  # fixed programs
            command,
            env=pipe.variables,
            stdin=processes[-1].stdout if processes else subprocess.DEVNULL,
            stdout=kept if last else subprocess.PIPE,
            stderr=errors,
        )
        if processes and processes[-1].stdout:
            processes[-1].stdout.close()  # else the writer would never hear that its reader is gone
        processes.append(process)
    return processes


def _server_seconds(postmaster: int) -> float:
    """Linux: of the server, of its children that are at work, and of those that have ended."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    living = [_ticks(int(child), 13, 15) for child in children]
    return sum([*living, _ticks(postmaster, 13, 17)]) / _TICKS  # who ends in between is counted by the server


def _ticks(process: int, first: int, end: int) -> int:
    """The sum of some fields of /proc/…/stat, numbered from 0; the name in brackets may hold blanks. Gone: none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    head, _, rest = text.rpartition(")")
    return sum(map(int, [head.partition(" ")[0], head, *rest.split()][first:end]))
