"""Both DAGs of a type, run by Airflow itself, in a process of its own, against the local Salesforce."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from sandbox.salesforce.server import Salesforce
from tests.fixtures.dag_runs import Airflow, airflow
from tests.fixtures.office import Office, linked_office
from tests.fixtures.salesforce import salesforce

__all__ = ["airflow", "salesforce"]

pytestmark = pytest.mark.timeout(300)  # the first story waits for Airflow's imports and database


@pytest.fixture
def office(salesforce: Salesforce, linked_sqlite: Engine, tmp_path: Path) -> Office:
    return linked_office(salesforce, linked_sqlite, tmp_path)


AT_ONCE = {
    "state": "success",
    "tasks": {"extract": "success", "transform": "skipped", "validate": "skipped", "load": "skipped"},
}


@pytest.mark.requirement("OSF-008")
@pytest.mark.requirement("OSF-011")
def test_a_poll_and_a_push_by_airflow(office: Office, airflow: Airflow) -> None:
    office.fill_leads(3)
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")

    poll, push, quiet = airflow.run(
        office,
        {"dag": "salesforce_lead_poll", "params": {}},
        {"dag": "salesforce_lead_push", "params": {}},
        {"dag": "salesforce_lead_push", "params": {}},
        MODSTAMP_SMALL_PUSH="0",
    )

    assert poll == push == {"state": "success", "tasks": dict.fromkeys(poll["tasks"], "success")}
    assert office.one("SELECT count(*) FROM prospects") == 4
    assert max(row["Email"] for row in office.leads()) == "new@example.com"
    assert quiet == AT_ONCE, "a run that finds nothing takes one task"


@pytest.mark.requirement("OSF-012")
def test_a_push_of_few_records_does_all_its_steps_in_its_first_task(office: Office, airflow: Airflow) -> None:
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")

    _, push, changed = airflow.run(
        office,
        {"dag": "salesforce_lead_poll", "params": {}},
        {"dag": "salesforce_lead_push", "params": {}},
        {"dag": "salesforce_lead_push", "params": {"dry_run": True}},
    )

    assert push == AT_ONCE
    assert [row["Email"] for row in office.leads()] == ["new@example.com"]
    assert office.one("SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead'") == 0
    assert office.one("SELECT status FROM sync_runs WHERE direction = 'pushing'") == "completed"
    assert changed["tasks"]["load"] == "success", "a dry run shows its steps"


def test_a_dry_run_by_airflow_writes_nothing(office: Office, airflow: Airflow) -> None:
    office.fill_leads(3)

    (run,) = airflow.run(office, {"dag": "salesforce_lead_poll", "params": {"dry_run": True}})

    assert run["state"] == "success"
    assert office.one("SELECT count(*) FROM prospects") == 0


@pytest.mark.requirement("OSF-014")
def test_a_list_by_airflow_brings_its_records_alone(office: Office, airflow: Airflow) -> None:
    office.fill_leads(2, LeadSource="Web")
    office.fill_leads(2, first=2, LeadSource="Other")
    named = {"list_view": "Leads from the web"}

    alone, both = airflow.run(
        office,
        {"dag": "salesforce_lead_poll", "params": named},
        {"dag": "salesforce_lead_poll", "params": {**named, "limit": 1}},
    )

    assert alone["state"] == "success"
    assert both["state"] == "failed", "a list names its records itself"
    found = office.sql("SELECT email FROM prospects ORDER BY email")
    assert [mail for (mail,) in found] == ["lead0@example.com", "lead1@example.com"]


@pytest.mark.requirement("OSF-086")
@pytest.mark.guarantee("G27")
def test_a_limit_before_loading_is_a_pause_and_no_failure(office: Office, airflow: Airflow) -> None:
    office.fill_leads(3)
    office.salesforce.fault("daily_limit", times=1)

    held, later = airflow.run(office, *[{"dag": "salesforce_lead_poll", "params": {}}] * 2)

    assert held["tasks"]["extract"] == "skipped"
    assert (
        office.one("SELECT status FROM sync_runs WHERE mapping = 'salesforce_lead' ORDER BY started_at LIMIT 1")
        == "paused"
    )
    assert later["state"] == "success"
    assert office.one("SELECT count(*) FROM prospects") == 3


FEW = '{"records": 3, "share": 0.1, "floor": 3}'


@pytest.mark.guarantee("G28")
def test_a_held_run_asks_in_airflow_and_does_what_is_answered(office: Office, airflow: Airflow) -> None:
    office.fill_leads(2)
    office.poll()
    office.later()
    office.fill_leads(8, first=2)
    for number in range(6):
        office.sql(
            "INSERT INTO prospects (email, last_name, company) VALUES (:mail, 'In', 'Firm')", mail=f"in{number}@x.io"
        )
    leads = len(list(office.leads()))

    poll, push = airflow.run(
        office,
        {"dag": "salesforce_lead_poll", "params": {}, "answer": "Approve"},
        {"dag": "salesforce_lead_push", "params": {}, "answer": "Reject"},
        MODSTAMP_CREATE_LIMIT=FEW,
    )

    assert poll["tasks"]["load"] == "success"
    assert office.one("SELECT count(*) FROM prospects") == 16
    assert push["tasks"]["load"] == "skipped"
    assert len(list(office.leads())) == leads
    answers = "SELECT actor, verb, object FROM sync_changes WHERE actor = 'ada' ORDER BY id"
    assert office.sql(answers) == [
        ("ada", "approved", "salesforce_lead polling"),
        ("ada", "rejected", "salesforce_lead pushing"),
    ]
    runs = office.sql("SELECT direction, status FROM sync_runs WHERE id LIKE 'salesforce_lead_p%' ORDER BY 1")
    assert runs == [("polling", "completed"), ("pushing", "held")]
