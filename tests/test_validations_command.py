from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from modstamp.cli import cli
from modstamp.model import Direction
from modstamp.state.journal import Journal

DOCUMENT = {
    "rows": 3,
    "rejected": 1,
    "expectations": [
        {
            "expectation": "expect_column_values_to_not_be_null",
            "columns": ["LastName"],
            "reason": "LastName has no value",
            "where": "Lead.LastName",
            "checked": 3,
            "failed": 1,
            "examples": ["17"],
        }
    ],
}


@pytest.fixture
def validated(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that two runs were validated in, behind the connection that the command line reads."""
    monkeypatch.setenv("AIRFLOW_CONN_ENGAGEMENT", json.dumps({"conn_type": "sqlite", "host": sqlite.url.database}))
    for day in (1, 2):
        with sqlite.begin() as connection:
            journal = Journal(connection, partial(datetime, 2026, 1, day, tzinfo=UTC))
            journal.validation(f"run-{day}", "salesforce_lead", Direction.PUSHING, DOCUMENT)


@pytest.mark.usefixtures("validated")
def test_the_last_validations_become_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = CliRunner().invoke(cli, ["validations", "--output", str(page)], catch_exceptions=False)
    assert result.output == f"Wrote {page}: 2 validations.\n"
    assert "LastName has no value" in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("validated")
def test_programs_get_them_as_json() -> None:
    result = CliRunner().invoke(cli, ["validations", "--json", "--limit", "1"], catch_exceptions=False)
    (found,) = json.loads(result.output)["validations"]
    assert (found["run_id"], found["direction"], found["document"]) == ("run-2", "pushing", DOCUMENT)
