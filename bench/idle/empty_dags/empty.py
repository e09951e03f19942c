"""As many DAGs as there are type mappings, of the same four tasks in the same pool, in which nothing is done."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, DeltaTriggerTimetable, task

_ONCE = DeltaTriggerTimetable(timedelta(days=3650))  # one without a schedule would be left out, as it is switched off
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_CALLING: dict[str, Any] = {"pool": "salesforce_api", "multiple_outputs": False}


def _hand_on(document: Any) -> Any:
    return document


def _chain() -> None:
    document = task(task_id="extract", **_CALLING)(_hand_on)({"run": "none"})
    document = task(task_id="transform", multiple_outputs=False)(_hand_on)(document)
    document = task(task_id="validate", **_CALLING)(_hand_on)(document)
    task(task_id="load", **_CALLING)(_hand_on)(document)


for _number in range(int(os.environ["BENCH_EMPTY_DAGS"])):
    with DAG(f"bench_{_number}_empty", schedule=_ONCE, start_date=_BEGINNING, catchup=False, max_active_runs=1) as _dag:
        _chain()
    globals()[_dag.dag_id] = _dag
