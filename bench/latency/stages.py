"""Where the time of each change went: by Airflow's database and the logs of its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from bench.latency.changes import Seen

STAGES: Final = (
    "commit → heard by the trigger",
    "→ run made by the scheduler",
    "→ task begun",
    "→ extracted",
    "→ transformed",
    "→ validated",
    "→ loaded and readable",
)
_STEPS: Final = ("extracted", "transformed", "validated")
_RUNS: Final = text(
    "SELECT run.dag_id, run.run_id, run.queued_at, min(task.start_date) AS begun, max(event.timestamp) AS heard"
    " FROM dag_run AS run JOIN task_instance AS task ON task.dag_id = run.dag_id AND task.run_id = run.run_id"
    " LEFT JOIN dagrun_asset_event AS cause ON cause.dag_run_id = run.id"
    " LEFT JOIN asset_event AS event ON event.id = cause.event_id"
    " WHERE run.queued_at >= :since AND run.dag_id LIKE '%\\_push' AND task.start_date IS NOT NULL"
    " GROUP BY run.dag_id, run.run_id, run.queued_at ORDER BY begun"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pushing DAG. `heard` None: the clock began it. `steps`: when each of them was done."""

    dag_id: str
    queued: datetime
    begun: datetime
    heard: datetime | None
    steps: Sequence[datetime]


def runs(airflow: Engine, logs: Path, since: datetime) -> list[Run]:
    """Those that did something, oldest first."""
    with airflow.connect() as connection:
        rows = connection.execute(_RUNS, {"since": since}).all()
    found = []
    for row in rows:
        steps = list(_steps(logs / f"dag_id={row.dag_id}" / f"run_id={row.run_id}"))
        if len(steps) == len(_STEPS):
            found.append(Run(row.dag_id, row.queued_at, row.begun, row.heard, steps))
    return found


def _steps(folder: Path) -> Iterator[datetime]:
    """What the tasks said, whichever of them it was."""
    said: dict[str, datetime] = {}
    for log in folder.glob("task_id=*/*.log"):
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            word = str(entry.get("event", "")).partition(" ")[0]
            if word in _STEPS and " rows in " in entry["event"]:
                said[word] = datetime.fromisoformat(entry["timestamp"]).astimezone(UTC)
    return (said[each] for each in _STEPS if each in said)


def split(change: Seen, every: Iterable[Run]) -> list[float] | None:
    """Seconds of each stage; None where no run can be found. A stage that was over before the commit took none."""
    if change.readable is None:
        return None
    end = change.readable
    mine = [run for run in every if run.dag_id == f"{change.mapping}_push" and change.committed <= run.steps[0] <= end]
    if not mine:
        return None
    run = mine[-1]
    points = [change.committed]
    for point in (run.heard or run.queued, run.queued, run.begun, *run.steps, end):
        points.append(min(max(point, points[-1]), end))
    return [(later - earlier).total_seconds() for earlier, later in pairwise(points)]
