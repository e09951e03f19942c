"""`modstamp explain` and `modstamp undo` as commands: recorded facts, in plain sentences."""

from __future__ import annotations

import pytest

from tests.fixtures.office import LEAD
from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]


def told(shell: Shell, *arguments: str) -> list[str]:
    answer = shell("explain", *arguments, "--json")
    assert (answer.code, answer.error) == (0, "")
    found: list[str] = answer.document["told"][LEAD]
    return found


@pytest.mark.requirement("OSF-110")
@pytest.mark.requirement("OSF-111")
@pytest.mark.guarantee("G14")
def test_where_a_value_came_from_and_who_lost_against_it(shell: Shell) -> None:
    office = shell.office
    (lead,) = office.fill_leads(1)
    created = office.poll()
    office.later()
    office.sql("UPDATE prospects SET title = 'inside', phone = '1'")
    office.later(60)
    office.salesforce.edit("Lead", lead, Title="outside")
    office.later()
    merged = office.poll()
    office.push()

    lines = told(shell, LEAD, lead, "--field", "Title")

    prospect = office.one("SELECT id FROM prospects")
    assert told(shell, "prospect", str(prospect), "--field", "title") == lines  # from either side, by either name
    assert lines[0].startswith(f"prospect {prospect} and Lead {lead} are linked.")
    assert "title inside is 'outside' now." in lines
    assert any(line.endswith(f"created inside by run {created.run_id}, with title.") for line in lines)
    (lost,) = [line for line in lines if "lost against it" in line]
    assert f"title inside became 'outside' by run {merged.run_id}, rule newest" in lost
    assert lost.endswith("'inside', an edit made inside, lost against it.")
    assert not any("phone" in line for line in lines)
    assert f"{LEAD}:\n  prospect" in shell("explain", "Lead", lead).output


@pytest.mark.guarantee("G29")
def test_why_a_record_did_not_sync(shell: Shell) -> None:
    office = shell.office
    (bad,) = office.fill_leads(1, Email="no address")
    run = office.poll()
    office.sql("INSERT INTO prospects (email, last_name) VALUES ('a@example.com', 'New')")
    new = str(office.one("SELECT id FROM prospects"))

    assert any(
        line.startswith("It waits in quarantine of polling since ") and run.run_id in line and "Fix: " in line
        for line in told(shell, LEAD, bad)
    )
    assert any(line.startswith("Pushing still has to look at it since ") for line in told(shell, LEAD, new))
    office.push()
    assert any("withheld" in line and "company" in line for line in told(shell, LEAD, new))


def test_what_nothing_is_recorded_of_is_not_guessed_at(shell: Shell) -> None:
    office = shell.office
    lines = told(shell, LEAD, "00QNOBODY")
    assert "The first load is not done." in lines
    office.poll()
    lines = told(shell, LEAD, "00QNOBODY")
    assert lines[0] == f"Nothing is recorded of 00QNOBODY under {LEAD}: no link, no log, nothing that waits."
    assert lines[-1] == f"To find out what is outside and was never seen: python -m modstamp reconcile {LEAD}"
    assert any(line.startswith("What changed outside was read up to ") for line in lines)


def test_a_link_that_ended_is_told(shell: Shell) -> None:
    office = shell.office
    (lead,) = office.fill_leads(1)
    office.poll()
    office.later()
    office.salesforce.perform("delete", "Lead", lead)
    office.later()
    office.poll()
    assert any(
        "the external record was deleted; restored, it is linked again." in line for line in told(shell, LEAD, lead)
    )


def test_names_that_nobody_knows_are_corrected(shell: Shell) -> None:
    assert "Fix: did you mean 'prospect'?" in shell("explain", "prospct", "1").problem
    assert "Fix: did you mean 'title'?" in shell("explain", LEAD, "1", "--field", "titel").problem


def test_a_run_is_undone_by_its_id(shell: Shell) -> None:
    office = shell.office
    leads = office.fill_leads(3)
    office.poll()
    office.later()
    for lead in leads:
        office.salesforce.edit("Lead", lead, Title="new")
    office.fill_leads(1, first=3)
    office.later()
    (run,) = shell("sync", LEAD, "--direction", "polling", "--json").document["runs"]
    office.sql("UPDATE prospects SET title = 'mine' WHERE email = 'lead0@example.com'")

    rehearsed = shell("undo", run["run_id"], "--dry-run").output
    assert "2 fields would be restored in 2 records, 0 were back already, 1 kept." in rehearsed
    shell.office.sql("UPDATE sync_runs SET status = 'running'")  # as a run that was killed leaves it
    answer = shell("undo", run["run_id"])

    assert answer.code == 0
    assert "2 fields restored in 2 records" in answer.output
    assert "edited since: it holds 'mine', the run left 'new'" in answer.output
    assert "Not undone, as it concerns whole records: 1 created." in answer.output
    assert office.one("SELECT count(*) FROM prospects WHERE title = 'new'") == 0
    assert "there is no such run" in shell("undo", "nobody").problem
    reconciled = shell("reconcile", LEAD, "--json").document["run_id"]
    assert "a reconciliation writes no fields" in shell("undo", reconciled).problem
