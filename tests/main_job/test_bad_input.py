"""Bad input: each gives one clear error that names the place and the fix, and after the repair nothing is missing."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modstamp.connections import variable
from tests.fixtures.office import LEAD, Office
from tests.fixtures.role import Role, role
from tests.fixtures.shell import Shell, open_shell, shell
from tests.fixtures.small_office import SHIPPED

__all__ = ["role", "shell"]

LEADS = 3
CONFIGURATION, STOPPED = 1, 3
POLL = ("sync", LEAD, "--direction", "polling")


def mails(office: Office) -> list[str]:
    return [row[0] for row in office.sql("SELECT email FROM prospects ORDER BY id")]


def brings_everything_in(shell: Shell) -> bool:
    """The next run does what the failed one did not, and no lease of that one is in its way."""
    answer = shell(*POLL)
    assert (answer.code, answer.error) == (0, "")
    return mails(shell.office) == [f"lead{number}@example.com" for number in range(LEADS)]


@pytest.fixture
def waiting(shell: Shell) -> Shell:
    """Three Leads are there to be brought in."""
    shell.office.fill_leads(LEADS)
    return shell


@pytest.fixture
def lead_file(waiting: Shell, tmp_path: Path) -> Path:
    """The mapping file of Leads, to be spoilt."""
    folder = shutil.copytree(SHIPPED, tmp_path / "own_mappings")
    waiting.set(mappings=folder)
    return Path(folder) / "salesforce" / "lead.yaml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("internal: prospect", "internal: [prospect", "lead.yaml:"),
        ("polling: {every: 10 minutes}", "poling: {every: 10 minutes}", "did you mean 'polling'"),
        ("{internal: title, external: Title}", "{internal: title}", "lead.yaml:29"),
    ],
)
def test_a_broken_mapping_file(waiting: Shell, lead_file: Path, old: str, new: str, told: str) -> None:
    sound = lead_file.read_text(encoding="utf-8")
    lead_file.write_text(sound.replace(old, new), encoding="utf-8")

    for command in (POLL, ("lint",), ("plan",), ("doctor",)):
        answer = waiting(*command)
        assert answer.code == CONFIGURATION
        assert "lead.yaml:" in answer.error
        assert told in answer.error
        assert all(" Fix: " in line for line in answer.error.splitlines())

    lead_file.write_text(sound, encoding="utf-8")
    assert brings_everything_in(waiting)


@pytest.mark.requirement("STG-002")
@pytest.mark.guarantee("G8")
def test_an_unknown_field(waiting: Shell, lead_file: Path) -> None:
    sound = lead_file.read_text(encoding="utf-8")
    lead_file.write_text(sound.replace("external: Title}", "external: Tilte}"), encoding="utf-8")

    answer = waiting(*POLL)

    assert answer.code == CONFIGURATION
    assert "lead.yaml:29: Lead has no field 'Tilte'" in answer.problem
    assert "Fix: did you mean 'Title'?" in answer.problem
    assert mails(waiting.office) == []
    assert waiting("doctor").code == CONFIGURATION
    lead_file.write_text(sound, encoding="utf-8")
    assert brings_everything_in(waiting)


def test_a_field_of_ours_that_is_not_there(waiting: Shell, lead_file: Path) -> None:
    sound = lead_file.read_text(encoding="utf-8")
    lead_file.write_text(sound.replace("internal: title,", "internal: tilte,"), encoding="utf-8")

    answer = waiting(*POLL)

    assert answer.code == CONFIGURATION
    assert "lead.yaml:29: prospect has no field 'tilte'" in answer.problem
    lead_file.write_text(sound, encoding="utf-8")
    assert brings_everything_in(waiting)


def test_a_wrong_client_secret(waiting: Shell) -> None:
    waiting.connect("salesforce", password="wrong-secret")  # noqa: S106

    for command in (POLL, ("plan", LEAD)):
        answer = waiting(*command)
        assert answer.code == CONFIGURATION
        assert "connection 'salesforce' at https://" in answer.problem
        assert "Fix: write the connected app's consumer key and secret into the connection" in answer.problem
        assert "wrong-secret" not in answer.output + answer.error

    doctor = waiting("doctor", "--json")
    assert (doctor.code, len(doctor.document["problems"])) == (CONFIGURATION, 1)
    waiting.connect("salesforce")
    assert brings_everything_in(waiting)


@pytest.mark.requirement("OSF-003")
@pytest.mark.requirement("OSF-007")
@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
def test_an_org_without_api_access(waiting: Shell, code: str) -> None:
    waiting.office.salesforce.fault("api_disabled", code=code)

    answer = waiting(*POLL)

    assert answer.code == CONFIGURATION
    assert f"connection 'salesforce': {code}" in answer.problem
    assert "Fix: switch on 'API Enabled'" in answer.problem
    assert len(waiting("doctor", "--json").document["problems"]) == 1
    waiting.office.salesforce.clear_faults()
    assert brings_everything_in(waiting)


def test_a_dead_network(waiting: Shell) -> None:
    waiting.connect("salesforce", host="https://localhost", port=1)

    for command in (POLL, ("doctor",)):
        answer = waiting(*command)
        assert answer.code == STOPPED
        assert "connection 'salesforce', login: localhost:1 cannot be reached. Fix: check" in answer.problem

    waiting.connect("salesforce")
    assert brings_everything_in(waiting)


def test_a_network_that_swallows_answers(waiting: Shell) -> None:
    waiting.office.salesforce.fault("slow", delay=1.0, path="/queryAll")
    waiting.set(call_timeout="PT0.2S")

    answer = waiting(*POLL)

    assert answer.code == STOPPED
    assert "connection 'salesforce', query Lead: no answer arrived (ReadTimeout). Fix: " in answer.problem
    assert "MODSTAMP_CALL_TIMEOUT" in answer.problem
    waiting.office.salesforce.clear_faults()
    waiting.unset("call_timeout")
    assert brings_everything_in(waiting)


def test_a_service_that_is_down(waiting: Shell) -> None:
    waiting.office.salesforce.fault("unavailable", html=True)

    answer = waiting(*POLL)

    assert answer.code == STOPPED
    assert "connection 'salesforce', " in answer.problem
    assert "503" in answer.problem
    waiting.office.salesforce.clear_faults()
    assert brings_everything_in(waiting)


def test_a_missing_connection(waiting: Shell) -> None:
    for connection in ("salesforce", "engagement"):
        waiting.monkeypatch.delenv(variable(connection))
        answer = waiting(*POLL)
        assert answer.code == CONFIGURATION
        assert (
            f"connection '{connection}': the environment variable {variable(connection)} is not set" in answer.problem
        )
        assert f"Fix: set {variable(connection)} to a URI or to JSON" in answer.problem
        waiting.connect(connection)

    assert brings_everything_in(waiting)


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_an_engagement_database_that_cannot_be_reached(waiting: Shell, tmp_path: Path, kind: str) -> None:
    nowhere = {"conn_type": kind, "host": "127.0.0.1", "port": 1, "login": "me", "password": "database-secret"}
    if kind == "sqlite":
        nowhere = {"conn_type": kind, "host": str(tmp_path / "no" / "such" / "folder.db")}
    waiting.connect("engagement", **nowhere)

    for command in (POLL, ("status",), ("doctor",), ("migrate",)):
        answer = waiting(*command)
        assert answer.code == STOPPED
        assert "connection 'engagement' (" in answer.problem
        assert "the engagement database does not answer" in answer.problem
        assert "Fix: start the database, or correct AIRFLOW_CONN_ENGAGEMENT" in answer.problem
        assert "database-secret" not in answer.error

    waiting.connect("engagement")
    assert brings_everything_in(waiting)


def test_a_database_driver_that_refuses_its_options(waiting: Shell) -> None:
    waiting.connect("engagement", conn_type="postgres", host="127.0.0.1", extra={"ssl_mode": "require"})
    answer = waiting("status")
    assert answer.code == CONFIGURATION
    assert 'invalid connection option "ssl_mode"' in answer.problem
    assert "Fix: correct AIRFLOW_CONN_ENGAGEMENT" in answer.problem


def test_a_database_that_was_never_migrated(
    empty_database: Engine, waiting: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office(waiting.office.salesforce, empty_database, waiting.office.settings)
    fresh = open_shell(office, monkeypatch, capsys)

    for command in (POLL, ("status",), ("doctor",), ("plan",), ("validations",)):
        answer = fresh(*command)
        assert answer.code == CONFIGURATION
        assert "it has never been migrated" in answer.problem
        assert "Fix: run `python -m modstamp migrate`" in answer.problem

    assert fresh("migrate").code == 0
    assert fresh("sync").code == 0
    assert len(mails(office)) == LEADS


def test_a_database_that_refuses_our_login(big_shell: Shell, role: Role) -> None:
    role.may("SELECT ON ALL TABLES IN SCHEMA public")
    big_shell.connect("engagement", login=role.name, password=role.password)

    answer = big_shell(*POLL)

    assert answer.code == CONFIGURATION
    assert "permission denied for table" in answer.problem
    assert "Fix: grant this right to the login of AIRFLOW_CONN_ENGAGEMENT" in answer.problem
    big_shell.connect("engagement")
    assert brings_everything_in(big_shell)


@pytest.fixture
def big_shell(big_office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """On PostgreSQL."""
    big_office.fill_leads(LEADS)
    return open_shell(big_office, monkeypatch, capsys)


def test_a_full_staging_disk(big_shell: Shell, tmp_path: Path) -> None:
    """By a limit on the size of files, which the process meets as it meets a full disk."""
    room = 20_000
    assert big_shell(*POLL).code == 0
    big_shell.office.fill_leads(600, first=LEADS)
    big_shell.set(create_limit='{"records": 600, "share": 0, "floor": 600}')  # or it would ask (G28)

    answer = big_shell.start(*POLL, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))

    assert answer.code == STOPPED
    assert f"the staging area {tmp_path}/staging/cli-" in answer.problem
    assert "is full" in answer.problem
    assert "Fix: free some room there, or set MODSTAMP_STAGING_URL" in answer.problem
    assert list((tmp_path / "staging").iterdir()) == []
    assert len(mails(big_shell.office)) == LEADS
    assert big_shell(*POLL).code == 0
    assert len(set(mails(big_shell.office))) == LEADS + 600


def test_a_staging_area_that_cannot_be_used(waiting: Shell, tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    for url, told, code in (
        (f"file://{tmp_path}/a_file", "Fix: check its rights, or set MODSTAMP_STAGING_URL", STOPPED),
        ("magic://bucket", "Fix: name a folder, or an object store", CONFIGURATION),
    ):
        waiting.set(staging_url=url)
        answer = waiting(*POLL)
        assert (answer.code, told in answer.problem) == (code, True)

    waiting.set(staging_url=tmp_path / "staging")
    assert brings_everything_in(waiting)


def test_wrong_settings_are_told_all_at_once(waiting: Shell) -> None:
    waiting.set(retries="many", lookback="soon")
    answer = waiting(*POLL)
    assert answer.code == CONFIGURATION
    assert [line.split(":")[0] for line in answer.error.splitlines()] == [
        "✗ environment variable MODSTAMP_LOOKBACK",
        "✗ environment variable MODSTAMP_RETRIES",
    ]
    waiting.unset("lookback")
    waiting.set(retries=1, notifiers="{no json")
    answer = waiting(*POLL)
    assert (answer.code, "notifiers" in answer.problem) == (CONFIGURATION, True)


def test_an_error_in_a_process_of_its_own_has_no_traceback_either(waiting: Shell) -> None:
    waiting.connect("salesforce", host="https://localhost", port=1)
    assert waiting.start(*POLL).problem
    waiting.monkeypatch.delenv(variable("salesforce"))
    assert waiting.start("plan", LEAD).problem
