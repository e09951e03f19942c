"""DAG files are light, and each mapping file gives its two DAGs."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
TASKS = ["extract", "transform", "validate", "load"]

_PROGRAM = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("sync", "dags/sync.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
heavy = [name for name in ("pandas", "great_expectations", "pyarrow", "simple_salesforce") if name in sys.modules]
dags = {
    dag.dag_id: {
        "tasks": dag.task_ids,
        "edges": sorted([task.task_id, down] for task in dag.tasks for down in task.downstream_task_ids),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "params": sorted(dag.params),
        "active": dag.max_active_runs,
        "catchup": dag.catchup,
        "pools": sorted({task.pool for task in dag.tasks}),
        "schedule": str(dag.timetable),
        "lines": None,
    }
    for dag in module.DAGS
}
print("RESULT" + json.dumps({"heavy": heavy, "dags": dags}))
"""


@cache
def parsed() -> dict[str, Any]:
    """In a process of its own, as Airflow's DAG processor does it: this one has pandas already."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", _PROGRAM],
        cwd=PROJECT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    document: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT")[2])
    return document


def test_parsing_imports_neither_pandas_nor_great_expectations() -> None:
    assert parsed()["heavy"] == []


@pytest.mark.requirement("OSF-107")
def test_each_mapping_has_a_polling_and_a_pushing_dag() -> None:
    files = sorted((PROJECT / "include" / "mappings" / "salesforce").glob("*.yaml"))
    expected = {f"salesforce_{file.stem}_{verb}" for file in files for verb in ("poll", "push")}
    assert set(parsed()["dags"]) == expected
    assert len(expected) == 32


@pytest.mark.parametrize("dag_id", ["salesforce_lead_poll", "salesforce_lead_push"])
def test_the_flow_is_visible_in_the_graph(dag_id: str) -> None:
    dag = parsed()["dags"][dag_id]
    assert dag["tasks"] == TASKS
    assert dag["edges"] == sorted([list(pair) for pair in itertools.pairwise(TASKS)])
    assert (dag["active"], dag["catchup"]) == (1, False)
    assert dag["pools"] == ["salesforce_api"]  # lookups call in transform, too


@pytest.mark.requirement("STG-001")
def test_a_person_finds_documentation_tags_and_a_form() -> None:
    dag = parsed()["dags"]["salesforce_lead_poll"]
    assert {"dry_run", "limit", "since", "until", "list_view", "report"} == set(dag["params"])
    assert {"limit", "dry_run"} == set(parsed()["dags"]["salesforce_lead_push"]["params"])
    assert dag["tags"] == ["polling", "prospect", "salesforce"]
    assert "Email" in dag["doc"]


def test_the_dag_file_stays_a_loop() -> None:
    lines = (PROJECT / "dags" / "sync.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 15


def test_airflow_is_kept_from_running_the_package_as_plugins() -> None:
    assert "modstamp/" in (PROJECT / "plugins" / ".airflowignore").read_text().split()


def test_airflow_looks_into_each_of_our_files() -> None:
    """It leaves out what does not name both it and a DAG, without a word."""
    from airflow.utils.file import might_contain_dag  # noqa: PLC0415  # heavy

    files = sorted((PROJECT / "dags").glob("*.py"))
    assert [file.name for file in files if not might_contain_dag(str(file), safe_mode=True)] == []
    assert [file.name for file in files] == ["backfill.py", "sync.py", "upkeep.py"]
