"""Both DAGs of a type, run by Airflow itself against the local Salesforce; a process of its own for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sandbox.salesforce.server import Salesforce
from tests.fixtures.office import Office, open_office
from tests.fixtures.salesforce import salesforce

__all__ = ["salesforce"]

PROJECT = Path(__file__).parents[2]

_PROGRAM = """
import json, sys
from airflow.utils.db import initdb
from airflow.dag_processing.dagbag import DagBag
initdb()
bag = DagBag("dags")
assert not bag.import_errors, bag.import_errors
for order in json.loads(sys.argv[1]):
    run = bag.dags[order["dag"]].test(run_conf=order["params"])
    states = {each.task_id: str(each.state) for each in run.get_task_instances()}
    print("RESULT" + json.dumps({"state": str(run.state), "tasks": states}))
"""


@pytest.fixture
def office(salesforce: Salesforce, sqlite: Engine, tmp_path: Path) -> Office:
    return open_office(salesforce, sqlite, tmp_path)


def run_dags(office: Office, *orders: dict[str, Any]) -> list[dict[str, Any]]:
    connection = office.resolve("salesforce")
    login = {
        "conn_type": "salesforce",
        "host": connection.host,
        "login": connection.login,
        "password": connection.password,
        "extra": dict(connection.extra),
    }
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-W", "ignore", "-c", _PROGRAM, json.dumps(orders)],
            cwd=PROJECT,
            env={
                **os.environ,
                "AIRFLOW_HOME": home,
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
                "AIRFLOW_CONN_ENGAGEMENT": json.dumps(
                    {"conn_type": "sqlite", "host": str(office.database.url.database)}
                ),
                "AIRFLOW_CONN_SALESFORCE": json.dumps(login),
                "MODSTAMP_STAGING_URL": office.settings.staging_url,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [json.loads(line.removeprefix("RESULT")) for line in done.stdout.splitlines() if line.startswith("RESULT")]


@pytest.mark.requirement("OSF-008")
@pytest.mark.requirement("OSF-011")
def test_a_poll_and_a_push_by_airflow(office: Office) -> None:
    office.fill_leads(3)
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")

    poll, push = run_dags(
        office, {"dag": "salesforce_lead_poll", "params": {}}, {"dag": "salesforce_lead_push", "params": {}}
    )

    assert poll == push == {"state": "success", "tasks": dict.fromkeys(poll["tasks"], "success")}
    assert office.one("SELECT count(*) FROM prospects") == 4
    assert max(row["Email"] for row in office.leads()) == "new@example.com"


def test_a_dry_run_by_airflow_writes_nothing(office: Office) -> None:
    office.fill_leads(3)

    (run,) = run_dags(office, {"dag": "salesforce_lead_poll", "params": {"dry_run": True}})

    assert run["state"] == "success"
    assert office.one("SELECT count(*) FROM prospects") == 0


@pytest.mark.requirement("OSF-086")
@pytest.mark.guarantee("G27")
def test_a_limit_before_loading_is_a_pause_and_no_failure(office: Office) -> None:
    office.fill_leads(3)
    office.salesforce.fault("daily_limit", times=1)

    held, later = run_dags(office, *[{"dag": "salesforce_lead_poll", "params": {}}] * 2)

    assert held["tasks"]["extract"] == "skipped"
    assert (
        office.one("SELECT status FROM sync_runs WHERE mapping = 'salesforce_lead' ORDER BY started_at LIMIT 1")
        == "paused"
    )
    assert later["state"] == "success"
    assert office.one("SELECT count(*) FROM prospects") == 3
