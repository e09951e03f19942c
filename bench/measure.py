"""One run of one mapping in a process that does nothing else: seconds and peak memory of each step."""

from __future__ import annotations

import cProfile
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

STEPS = ("extract", "transform", "validate", "load")
PROFILE = "BENCH_PROFILE"  # a folder to which each run writes what cProfile found

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`seconds`, `peaks` (megabytes of resident memory): by step. `loaded`: megabytes before the first step.

    `busy`: seconds by step that the process had a processor, which other work on the machine disturbs less.
    `opening`: seconds for imports. `machine_load`: of the whole machine when it began, over one minute.
    """

    opening: float
    loaded: float
    seconds: Mapping[str, float]
    busy: Mapping[str, float]
    peaks: Mapping[str, float]
    counts: Mapping[str, int]
    calls: int
    machine_load: float

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def peak(self) -> float:
        return max(self.peaks.values())

    @property
    def seen(self) -> int:
        """Records that the run read."""
        return self.counts.get("seen", 0)

    @property
    def written(self) -> int:
        """Records that the run created or updated."""
        return self.counts.get("created", 0) + self.counts.get("updated", 0)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        return cls(**document)


def measure(environment: Mapping[str, str], mapping: str, direction: str, options: Mapping[str, Any]) -> Measured:
    """Run it in a new process. `options`: `since`, an instant as text, to read that window."""
    order = json.dumps({"mapping": mapping, "direction": direction, "options": options})
    command = [sys.executable, "-m", "bench.measure", order]
    done = subprocess.run(  # noqa: S603  # our own interpreter
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Measured.from_dict(json.loads(done.stdout.splitlines()[-1]))


@dataclass(slots=True)
class _Watch:
    """Takes the time and the peak memory of what it is given to do."""

    profile: cProfile.Profile | None
    seconds: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    def over(self, step: str, work: Callable[[], _Result]) -> _Result:
        _forget_peak()
        began, began_busy = time.perf_counter(), time.process_time()
        result = self.profile.runcall(work) if self.profile else work()
        self.seconds[step] = time.perf_counter() - began
        self.busy[step] = time.process_time() - began_busy
        self.peaks[step] = _megabytes("VmHWM")
        return result


def _run(mapping: str, direction: str, options: Mapping[str, Any]) -> Measured:
    machine_load, began = os.getloadavg()[0], time.perf_counter()
    from modstamp import wiring  # noqa: PLC0415  # its imports are measured
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415
    from modstamp.engine.validate import unusable  # noqa: PLC0415
    from modstamp.model import Direction  # noqa: PLC0415
    from modstamp.settings import Settings  # noqa: PLC0415

    unusable([])
    import great_expectations  # noqa: F401, PLC0415  # else the first validation would pay for it

    opening, loaded = time.perf_counter() - began, _megabytes("VmRSS")
    profile = cProfile.Profile() if os.environ.get(PROFILE) else None
    watch, run_id = _Watch(profile), f"bench-{time.time_ns()}"
    since = options.get("since")
    chosen = RunOptions(since=datetime.fromisoformat(since) if since else None)
    with wiring.open_run(mapping, Direction(direction), Settings()) as run:
        handoff = watch.over("extract", lambda: run.extract(chosen, run_id))
        transformed = watch.over("transform", lambda: run.transform(handoff))
        validated = watch.over("validate", lambda: run.validate(transformed))
        summary = watch.over("load", lambda: run.load(validated))
    if profile:
        profile.dump_stats(Path(os.environ[PROFILE]) / f"{mapping}-{direction}-{run_id}.prof")
    return Measured(
        opening=opening,
        loaded=loaded,
        seconds=watch.seconds,
        busy=watch.busy,
        peaks=watch.peaks,
        counts=summary.counts,
        calls=summary.calls,
        machine_load=machine_load,
    )


def _forget_peak() -> None:
    """Linux: from now on VmHWM is the peak since now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _megabytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


if __name__ == "__main__":
    print(json.dumps(_run(**json.loads(sys.argv[1])).as_dict()))
