"""Every command against both live systems, for people and for programs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from modstamp import wiring
from modstamp.cli import cli
from modstamp.model import Direction
from tests.fixtures.office import LEAD, Office
from tests.fixtures.role import Role, role
from tests.fixtures.shell import ROOT, Shell, open_shell, shell

__all__ = ["role", "shell"]

# What the meter and the memory of descriptions keep: what was charged and heard, and no record of anybody.
BOOKS = ("sync_calls", "sync_usage", "sync_descriptions")
TYPES = ("Account", "Contact", "Lead", "LeadStatus", "User", "UserRole")


@pytest.fixture
def busy(shell: Shell) -> Shell:
    """There is something to do in both directions."""
    fill(shell.office)
    return shell


@pytest.fixture
def big_shell(big_office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The same on PostgreSQL."""
    fill(big_office)
    return open_shell(big_office, monkeypatch, capsys)


def fill(office: Office) -> None:
    """Inside and outside: three edited records, two new ones."""
    leads = office.fill_leads(6)
    office.poll()
    office.later()
    for lead in leads[:3]:
        office.salesforce.edit("Lead", lead, Title="edited outside")
    office.fill_leads(2, first=6)
    office.later()
    office.sql("UPDATE prospects SET phone = 'edited inside' WHERE email IN ('lead2@example.com', 'lead3@example.com')")
    office.sql("UPDATE prospects SET title = NULL, first_name = 'Inside' WHERE email = 'lead4@example.com'")
    for name in ("new0", "new1"):
        office.sql(f"INSERT INTO prospects (email, last_name, company) VALUES ('{name}@example.com', 'New', 'Firm')")  # noqa: S608


def everything(office: Office) -> dict[str, Any]:
    """Every row of both systems, but for the books."""
    tables = [name for name in inspect(office.database).get_table_names() if name not in BOOKS]
    inside = {name: sorted(map(repr, office.sql(f"SELECT * FROM {name}"))) for name in tables}  # noqa: S608
    return inside | {name: sorted(map(repr, office.salesforce.store.rows(name))) for name in TYPES}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("lint",), "✓ 16 mappings are sound"),
        (("migrate",), "The engagement database is up to date."),
        (("doctor",), "salesforce_lead: prospect ↔ salesforce.Lead"),
        (("plan", LEAD), "calls made to look, a run would make about"),
        (("sync", LEAD), "salesforce_lead  pushing"),
        (("status",), "salesforce: "),
        (("validations", "--output", "/dev/null"), "Wrote /dev/null: "),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_command_in_a_process_of_its_own(busy: Shell, arguments: tuple[str, ...], told: str) -> None:
    answer = busy.start(*arguments)
    assert (answer.code, answer.error) == (0, "")
    assert told in answer.output


def test_lint_and_doctor_for_programs(busy: Shell) -> None:
    lint, doctor = busy("lint", "--json"), busy("doctor", "--json")
    assert (lint.code, doctor.code) == (0, 0)
    assert lint.document.keys() == {"mappings", "advice"}
    assert LEAD in lint.document["mappings"]
    assert doctor.document["problems"] == []
    assert {frozenset(each) for each in doctor.document["mappings"]} == {
        frozenset({"mapping", "internal", "external", "problems", "advice", "notes"})
    }


def test_an_estimate_tells_rows_calls_and_minutes_and_opens_nothing(busy: Shell) -> None:
    before = busy.office.sql("SELECT * FROM sync_cursors ORDER BY 1")

    answer = busy("estimate", LEAD, "salesforce_account", "--json")

    leads, accounts = answer.document["estimates"]
    assert (leads["mapping"], leads["first"], leads["rows"], leads["calls"]) == (LEAD, False, 8, 1)
    assert (accounts["first"], accounts["rows"], accounts["measured"]) == (True, 0, False)
    assert leads["minutes"] > 0
    assert busy.office.sql("SELECT * FROM sync_cursors ORDER BY 1") == before
    assert "salesforce_lead: the next poll: 8 rows" in busy("estimate", LEAD).output


@pytest.mark.guarantee("G3")
def test_sync_reads_a_large_window_run_by_run(shell: Shell) -> None:
    shell.office.fill_leads(5)
    shell.office.later()
    shell.set(run_rows=2)

    runs = shell("sync", LEAD, "--direction", "polling", "--json").document["runs"]

    assert [run["counts"]["created"] for run in runs] == [2, 2, 1]
    assert shell.office.one("SELECT count(*) FROM prospects") == 5


@pytest.mark.requirement("OSF-004")
def test_doctor_names_each_right_that_is_missing(busy: Shell) -> None:
    types = {name: busy.office.salesforce.store.schema[name] for name in ("Lead", "Account")}
    for found in types.values():
        # The administrator takes them away.
        object.__setattr__(found, "abilities", found.abilities - {"createable", "updateable"})

    answer = busy("doctor")

    assert answer.code == 1
    for right in ("update Lead", "create Lead", "update Account"):
        assert f"our user may not {right} records. Fix: give it the right to {right}" in answer.output


def test_doctor_asks_afresh_so_that_a_repair_counts_at_once(busy: Shell) -> None:
    lead = busy.office.salesforce.store.schema["Lead"]
    before = lead.abilities
    object.__setattr__(lead, "abilities", frozenset())
    assert busy("doctor").code == 1
    object.__setattr__(lead, "abilities", before)
    assert busy("doctor").code == 0


def test_sync_for_programs_and_then_status(busy: Shell) -> None:
    answer = busy("sync", LEAD, "--json")

    assert answer.code == 0
    polling, pushing = answer.document["runs"]
    assert (polling["direction"], pushing["direction"]) == ("polling", "pushing")
    assert (polling["counts"]["created"], polling["counts"]["updated"]) == (2, 3)
    assert (pushing["counts"]["created"], pushing["counts"]["updated"]) == (2, 3)
    status = busy("status", "--json").document
    assert status.keys() == {"runs", "holds", "pending", "quarantine", "links", "budgets"}
    (run,) = [each for each in status["runs"] if each["id"] == pushing["run_id"]]
    assert (run["status"], run["calls"], run["counts"]) == ("completed", pushing["calls"], pushing["counts"])
    (budget,) = status["budgets"]
    assert budget["used_by_us"] >= polling["calls"] + pushing["calls"]


def test_validations_for_programs(busy: Shell) -> None:
    busy("sync", LEAD)
    found = busy("validations", "--json", "--limit", "1").document["validations"]
    assert [each["mapping"] for each in found] == [LEAD]


def test_a_page_that_cannot_be_written_is_told(busy: Shell, tmp_path: Path) -> None:
    answer = busy("validations", "--output", str(tmp_path / "no" / "page.html"))
    assert (answer.code, "Fix: choose another --output" in answer.problem) == (1, True)


def test_without_names_every_mapping_runs_in_its_directions(busy: Shell) -> None:
    settings = busy.office.settings
    expected = [
        (each.name, str(towards)) for each in wiring.mappings(settings) for towards in Direction if each.is_on(towards)
    ]
    for command in ("plan", "sync"):
        found = busy(command, "--json").document["runs"]
        assert [(each["mapping"], each["direction"]) for each in found] == expected
    assert busy("sync", "--direction", "polling").code == 0


def test_what_was_done_is_shown_even_if_a_later_run_cannot_go_on(busy: Shell) -> None:
    busy.office.salesforce.fault("api_disabled", path="/composite")  # looking up what is to be pushed
    answer = busy("sync", LEAD)
    assert answer.code == 1
    assert answer.problem
    assert "salesforce_lead  polling" in answer.output
    busy.office.salesforce.clear_faults()
    assert busy("sync", LEAD).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("sync", "salesforce_laed"), 1, "Fix: did you mean 'salesforce_lead'?"),
        (
            ("plan", "salesforce_user", "--direction", "pushing"),
            1,
            "pushing of salesforce_user is off. Fix: switch it on",
        ),
        (("sync", "--direction", "sideways"), 2, "'sideways' is not one of"),
        (("plan", "--limit", "0"), 2, "--limit"),
        (("fly",), 2, "No such command 'fly'"),
    ],
)
def test_commands_that_cannot_be_meant(shell: Shell, arguments: tuple[str, ...], code: int, told: str) -> None:
    answer = shell(*arguments)
    assert answer.code == code
    assert told in answer.error


def test_a_run_that_is_at_work_is_not_disturbed(shell: Shell) -> None:
    with wiring.open_run(LEAD, Direction.POLLING, shell.office.settings, shell.office.resolve) as run:
        run.environment.store.grant(LEAD, Direction.POLLING, "another")
    answer = shell("sync", LEAD)
    assert answer.code == 3
    assert "run another of salesforce_lead, polling, is at work; its lease lasts until" in answer.problem


def test_a_plan_is_shown_record_by_record_and_field_by_field(busy: Shell) -> None:
    (polling, pushing) = busy("plan", LEAD, "--json").document["runs"]
    titles = [each for each in polling["differences"] if each["field"] == "title" and each["operation"] == "merge"]
    assert [(each["old"], each["new"]) for each in titles] == [(None, "edited outside")] * 3
    names = [each for each in pushing["differences"] if each["field"] == "FirstName" and each["operation"] == "merge"]
    assert [(each["old"], each["new"]) for each in names] == [("First4", "Inside")]
    text = busy("plan", LEAD).output
    assert "edited outside" in text
    assert "new, from" in text
    assert len(busy("plan", LEAD, "--limit", "1", "--direction", "pushing", "--json").document["runs"]) == 1


def test_a_plan_writes_nothing_where_nothing_may_be_written(big_shell: Shell, role: Role) -> None:
    """The login may read, and keep the books."""
    role.may("SELECT ON ALL TABLES IN SCHEMA public", f"INSERT, UPDATE ON {', '.join(BOOKS)}")
    role.may("USAGE ON ALL SEQUENCES IN SCHEMA public")
    big_shell.connect("engagement", login=role.name, password=role.password)
    before = everything(big_shell.office)

    answer = big_shell("plan")

    assert (answer.code, answer.error) == (0, "")
    assert everything(big_shell.office) == before
    assert not big_shell.office.one("SELECT count(*) FROM sync_calls WHERE kind IN ('write', 'bulk')")


@pytest.mark.parametrize("direction", list(Direction))
def test_a_plan_is_what_the_run_then_does(big_shell: Shell, direction: Direction) -> None:
    office = big_shell.office
    (plan,) = big_shell("plan", LEAD, "--direction", str(direction), "--json").document["runs"]
    (done,) = big_shell("sync", LEAD, "--direction", str(direction), "--json").document["runs"]

    merged = [each for each in plan["differences"] if each["operation"] == "merge"]
    expected = Counter(repr((each["field"], each["old"], each["new"], each["rule"])) for each in merged)
    query = "SELECT field, old, new, rule FROM sync_history WHERE run_id = :run"
    assert Counter(map(repr, map(tuple, office.sql(query, run=done["run_id"])))) == expected
    new = {each["source_id"] for each in plan["differences"] if each["operation"] == "create"}
    assert (len(new), plan["counts"]["update"]) == (done["counts"]["created"], done["counts"]["updated"])
    assert plan["calls"] <= plan["estimated_calls"] == done["calls"]
    (after,) = big_shell("plan", LEAD, "--direction", str(direction), "--json").document["runs"]
    assert after["differences"] == []


def _hold(shell: Shell) -> None:
    """Let a poll ask before it updates a single record."""
    shell.office.salesforce.edit("Lead", next(iter(shell.office.leads()))["Id"], Title="edited once more")
    shell.office.later()
    shell.set(update_limit='{"records": 0, "share": 0, "floor": 0}')
    assert shell("sync", LEAD, "--direction", "polling", "--json").document["runs"][0]["held"]


_ANSWERS = {"decide", "match", "remap"}  # to what nobody has asked here: they understand the words, and say so


def test_each_command_of_the_documentation_is_one(busy: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # where the page is written
    commands = re.findall(r"^\| `python -m modstamp ([^`]+)`", text, re.MULTILINE)
    assert {command.split()[0] for command in commands} == set(cli.commands)
    run = busy.office.one("SELECT max(id) FROM sync_runs")
    for command in (each.replace("RUN", run) for each in commands):
        if command.startswith("approve"):
            _hold(busy)
        if command.split()[0] in _ANSWERS:
            assert busy(*command.split()).code == 1, command
            continue
        assert busy(*command.split()).code == 0, command
        (keys,) = re.findall(rf"^\| `{command.split()[0]}` \| (.+) \|$", text, re.MULTILINE)
        document = busy(*command.split(), "--json").document
        assert [name for name in document if f"`{name}`" not in keys and command.split()[0] != "plan"] == []
