"""Held runs as a person at a terminal has them: what is shown, and how it is answered (G28)."""

from __future__ import annotations

import getpass
import json

import pytest

from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]

pytestmark = pytest.mark.guarantee("G28")


@pytest.fixture
def held(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A push that would create eight leads asks."""
    monkeypatch.setenv("MODSTAMP_CREATE_LIMIT", json.dumps({"records": 3, "share": 0.1, "floor": 3}))
    assert shell("sync", "salesforce_lead").code == 0
    for number in range(8):
        shell.office.sql(
            "INSERT INTO prospects (email, last_name, company) VALUES (:m, 'In', 'X')", m=f"a{number}@x.io"
        )
    return shell


def test_a_held_run_ends_with_a_code_of_its_own_and_shows_how_to_answer(held: Shell) -> None:
    first, second = (held("sync", "salesforce_lead", "--direction", "pushing") for _ in range(2))

    assert first.code == second.code == 1
    assert "it would create 8 Lead records, and may create 3 unasked" in first.output
    assert "modstamp approve salesforce_lead pushing" in second.output
    assert "modstamp approve salesforce_lead pushing [--reject]" in held("status").output
    assert held.office.one("SELECT count(*) FROM sync_runs WHERE status = 'held'") == 1


def test_an_approved_push_passes_and_stands_in_activity(held: Shell) -> None:
    (run,) = held("sync", "salesforce_lead", "--direction", "pushing", "--json").document["runs"]

    answered = held("approve", run["run_id"], "--json")

    assert (run["held"], run["asks"]) == (True, True)
    assert answered.document["decision"] == "approved"
    assert held("sync", "salesforce_lead", "--direction", "pushing").code == 0
    assert len(list(held.office.leads())) == 8
    ((actor, about, detail),) = held.office.sql(
        "SELECT actor, object, detail FROM sync_changes WHERE verb = 'approved'"
    )
    assert (actor, about) == (getpass.getuser(), "salesforce_lead pushing")
    assert json.loads(detail)["counts"] == {"create": 8}


def test_a_rejected_push_stays_where_it_is(held: Shell) -> None:
    held("sync", "salesforce_lead", "--direction", "pushing")

    assert "rejected" in held("approve", "salesforce_lead", "--reject").output
    assert "rejected by" in held("sync", "salesforce_lead", "--direction", "pushing").output
    assert list(held.office.leads()) == []
    assert held.office.one("SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead'") == 8


def test_what_does_not_ask_cannot_be_answered(shell: Shell) -> None:
    answer = shell("approve", "salesforce_lead")

    assert answer.code == 1
    assert "nothing of it waits for an answer" in answer.problem
