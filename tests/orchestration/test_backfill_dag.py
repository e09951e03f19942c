"""The backfill DAG: one per mapping that says so, run by Airflow itself against the local Salesforce."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modstamp import wiring
from modstamp.model import Direction
from sandbox.salesforce.server import Salesforce
from tests.fixtures.dag_runs import Airflow, airflow
from tests.fixtures.office import LEAD, Office, linked_office
from tests.fixtures.salesforce import salesforce

__all__ = ["airflow", "salesforce"]

SHIPPED = Path(__file__).parents[2] / "include" / "mappings"
DAG = f"{LEAD}_backfill"

pytestmark = pytest.mark.timeout(300)  # the first story waits for Airflow's imports and database


@pytest.fixture
def late(salesforce: Salesforce, linked_sqlite: Engine, tmp_path: Path) -> Office:
    """Three prospects of the last full month, from before the mapping listened."""
    office = linked_office(salesforce, linked_sqlite, tmp_path)
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "mappings"))
    file = folder / "salesforce" / "lead.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\nbackfill: {{by: created_at}}\n", encoding="utf-8")
    office.settings = office.settings.model_copy(update={"mappings": folder})
    office.run(LEAD, Direction.POLLING)
    office.sql("DELETE FROM sync_watches")
    for number in range(3):
        office.sql(
            "INSERT INTO prospects (email, last_name, company, created_at) VALUES (:mail, 'Old', 'Firm', "
            "strftime('%Y-%m-%d 00:00:00.000000', 'now', 'start of month', '-2 days'))",
            mail=f"old{number}@x.io",
        )
    wiring.prepare(office.settings, office.resolve)
    return office


def test_a_month_is_estimated_then_brought_out_and_a_second_time_nothing_is_left(
    late: Office, airflow: Airflow
) -> None:
    def bring_out(**params: bool) -> dict[str, str]:
        (run,) = airflow.run(late, {"dag": DAG, "params": params}, MODSTAMP_MAPPINGS=str(late.settings.mappings))
        return dict(run["tasks"])

    assert bring_out(estimate_only=True) == {"estimate": "success", "push": "skipped"}
    assert late.one("SELECT count(*) FROM sync_runs WHERE id LIKE 'backfill/%'") == 0
    assert bring_out() == bring_out() == {"estimate": "success", "push": "success"}
    assert sorted(row["Email"] for row in late.leads()) == ["old0@x.io", "old1@x.io", "old2@x.io"]
    assert late.one("SELECT count(*) FROM sync_runs WHERE id LIKE 'backfill/%'") == 1
