"""What the wiring itself answers for: databases that cannot be used, dry runs that cannot write, runs that end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from modstamp import wiring
from modstamp.connections import ConnectionSettings
from modstamp.engine.handoff import RunOptions, Summary
from modstamp.errors import ConfigurationError, FatalError, LeaseHeldError, RetryableError
from modstamp.model import Action, Direction, Operation
from modstamp.ports import Cursor
from modstamp.settings import Settings
from modstamp.state.calls import Meter
from tests.fixtures.office import LEAD, Office, office
from tests.fixtures.salesforce import salesforce

__all__ = ["office", "salesforce"]


def run_status(office: Office) -> tuple[str, str]:
    status, message = office.sql("SELECT status, message FROM sync_runs ORDER BY started_at DESC LIMIT 1")[0]
    return status, message


def leases(office: Office) -> list[str]:
    return [row[0] for row in office.sql("SELECT holder FROM sync_leases WHERE holder IS NOT NULL")]


def test_a_run_that_failed_is_noted_and_leaves_nothing_behind(office: Office) -> None:
    office.salesforce.fault("api_disabled", path="/queryAll")
    with pytest.raises(ConfigurationError):
        office.poll()
    assert run_status(office)[0] == "failed"
    assert "API_DISABLED_FOR_ORG" in run_status(office)[1]
    assert leases(office) == []
    assert not list(Path(office.settings.staging_url).glob("*"))


def test_a_run_that_lost_its_lease_takes_nothing_from_the_next(office: Office) -> None:
    with wiring.open_run(LEAD, Direction.POLLING, office.settings, office.resolve) as run:
        run.extract(RunOptions(), "first")
        office.sql("UPDATE sync_leases SET holder = 'second' WHERE mapping = :lead", lead=LEAD)
        assert run.end("first", "failed", "why").message == "why"
    assert leases(office) == ["second"]


def test_the_lease_of_another_stays_where_it_is(office: Office) -> None:
    office.poll()
    office.sql("UPDATE sync_leases SET holder = 'another' WHERE mapping = :lead", lead=LEAD)
    with pytest.raises(LeaseHeldError):
        office.poll()
    assert leases(office) == ["another"]
    assert run_status(office)[0] == "completed"


def test_a_dry_run_can_write_on_neither_side(office: Office) -> None:
    with wiring.open_run(LEAD, Direction.PUSHING, office.settings, office.resolve) as run:
        store, connector = run.rehearsal.store, run.rehearsal.connector
        with pytest.raises((RetryableError, DBAPIError), match=r"(?i)read-?only"), store.begin() as tx:
            tx.cursors.put(LEAD, Cursor())
        with pytest.raises((RetryableError, DBAPIError), match=r"(?i)read-?only"):
            store.grant(LEAD, Direction.PUSHING, "anyone")
        action = Action(operation=Operation.CREATE, id=None, values={"LastName": "Never"})
        with pytest.raises(FatalError, match="a dry run was about to write 1 records of Lead; nothing was sent"):
            connector.push("Lead", [action], [])
        assert connector.abilities() == run.environment.connector.abilities()
        assert connector.describe("Lead") == run.environment.connector.describe("Lead")
    assert list(office.leads()) == []


def test_what_a_run_would_be_charged(office: Office) -> None:
    cases: list[tuple[dict[str, int], int]] = [
        ({}, 0),
        ({"update": 1}, 1),
        ({"update": 800, "delete": 1}, 2),
        ({"update": 10_000}, 15),  # 800 records a call, and each batch of 2,000 begins a new one
        ({"create": 3, "recreate": 1}, 2),  # what they left is read in a call of its own
    ]
    with wiring.open_run(LEAD, Direction.PUSHING, office.settings, office.resolve) as run:
        assert [run.estimated_calls(_found(counts)) for counts, _ in cases] == [7 + calls for _, calls in cases]
    with wiring.open_run(LEAD, Direction.POLLING, office.settings, office.resolve) as run:
        assert run.estimated_calls(_found({"update": 800})) == 7  # what is written inside is not charged


def _found(counts: dict[str, int]) -> Summary:
    """By a dry run that was charged seven calls."""
    return Summary(
        run_id="run",
        mapping=LEAD,
        direction=Direction.PUSHING,
        counts=counts,
        reasons={},
        calls=7,
        document_calls=0,
        seconds=0.0,
    )


def test_a_database_of_another_version_is_told(sqlite: Engine, tmp_path: Path) -> None:
    with sqlite.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    settings, resolve = Settings(staging_url=str(tmp_path)), lambda name: _sqlite(name, sqlite)
    with (
        pytest.raises(
            ConfigurationError, match=r"it has schema 0000; this version needs .*Fix: run `python -m modstamp"
        ),
        wiring.open_database(settings, resolve),
    ):
        pass


def test_a_fault_of_ours_stays_what_it_is(sqlite: Engine) -> None:
    with (
        pytest.raises(IntegrityError),
        wiring.open_database(Settings(), lambda name: _sqlite(name, sqlite)) as engine,
        engine.begin() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO stages (name) VALUES ('New')")


def test_a_system_without_a_connector_is_told(sqlite: Engine) -> None:
    connection = ConnectionSettings(id="crm", kind="other")
    with pytest.raises(ConfigurationError, match="there is no connector for other"):
        wiring.connect("other", connection, Settings(), Meter(sqlite, "crm"))


def test_parts_that_nobody_will_load_any_more_go_with_the_next_run(office: Office) -> None:
    office.settings = office.settings.model_copy(update={"staging_retention": timedelta(0)})
    left = Path(office.settings.staging_url) / "left"
    left.mkdir(parents=True)
    office.poll()
    assert not left.exists()


def _sqlite(name: str, engine: Engine) -> ConnectionSettings:
    return ConnectionSettings(id=name, kind="sqlite", host=str(engine.url.database))
