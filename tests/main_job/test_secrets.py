"""Secrets live in connections alone: in no output, log, table or staged part."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import inspect

from modstamp import wiring
from modstamp.engine.handoff import RunOptions
from modstamp.model import Direction
from modstamp.settings import Settings
from modstamp.staging import ParquetStaging
from tests.fixtures.office import LEAD, Office
from tests.fixtures.role import Role, role
from tests.fixtures.shell import Shell, open_shell

__all__ = ["role"]


def secrets_of(office: Office, role: Role) -> list[str]:
    """The client's secret, the database's password, and every session that the org has given us."""
    org = office.salesforce.org
    assert org.sessions.access
    return [office.salesforce.client_secret, role.password, *org.sessions.access]


@pytest.fixture
def shell(big_office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """With a password for the database, too."""
    return open_shell(big_office, monkeypatch, capsys)


def test_no_secret_leaves_the_connections(
    shell: Shell, role: Role, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    office = shell.office
    role.may("ALL ON ALL TABLES IN SCHEMA public", "ALL ON ALL SEQUENCES IN SCHEMA public")
    shell.connect("engagement", login=role.name, password=role.password)
    office.fill_leads(3)
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")
    caplog.set_level(logging.DEBUG)

    page = ("validations", "--output", str(tmp_path / "page.html"))
    answers = [
        shell(*command) for command in (("doctor",), ("plan",), ("sync",), ("sync", "--json"), ("status",), page)
    ]
    with wiring.open_run(LEAD, Direction.POLLING, Settings()) as run:
        office.fill_leads(2, first=3)
        staged = run.validate(run.transform(run.extract(RunOptions(), "staged")))

    assert {answer.code for answer in answers} == {0}
    assert office.one("SELECT count(*) FROM prospects") == 4
    staging = ParquetStaging(office.settings.staging_url)
    places = {
        "output": "".join(answer.output + answer.error for answer in answers),
        "log": caplog.text,
        "page": (tmp_path / "page.html").read_text(encoding="utf-8"),
        "staged": "".join(staging.read(part.reference).to_json() for part in staged.parts) + repr(staged),
        "repr": repr(run),
        **{name: repr(office.sql(f"SELECT * FROM {name}")) for name in tables(office)},  # noqa: S608
    }
    assert len(places["log"]) > 1_000
    for secret in secrets_of(office, role):
        assert [name for name, text in places.items() if secret in text] == []


def tables(office: Office) -> list[str]:
    return inspect(office.database).get_table_names()


def test_refusals_do_not_repeat_the_secret(shell: Shell, role: Role, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shell.connect("salesforce", password="client-secret")  # noqa: S106
    answers = [shell("doctor"), shell("sync", LEAD)]
    shell.connect("engagement", login=role.name, password=role.password)
    answers += [shell("sync", LEAD), shell("migrate")]

    assert 0 not in {answer.code for answer in answers[:3]}
    shown = "".join(answer.output + answer.error for answer in answers) + caplog.text
    assert "client-secret" not in shown
    assert role.password not in shown
