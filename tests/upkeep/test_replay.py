"""`modstamp replay`: what waits, by cause, and how it is tried again."""

from __future__ import annotations

import pytest

from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]

LEAD = "salesforce_lead"
POLLING = ("--direction", "polling")


@pytest.fixture
def refused(shell: Shell) -> Shell:
    """Three Leads with a bad address, and two whose status no value table knows."""
    for number in range(3):
        shell.office.fill_leads(1, first=number, Email=f"no address {number}")
    shell.office.fill_leads(2, first=3, Status="Unheard of")
    shell.office.poll()
    return shell


@pytest.mark.guarantee("G26")
def test_what_waits_is_shown_by_cause_with_an_example_and_a_fix(refused: Shell) -> None:
    answer = refused("replay", LEAD, "--json")

    causes = answer.document["causes"]
    assert [each["records"] for each in causes] == [3, 2]
    assert {each["direction"] for each in causes} == {"polling"}
    assert "no pair for 'Unheard of'" in causes[1]["reason"]
    assert causes[1]["example"] in refused.office.salesforce.store.get("Lead", causes[1]["example"])["Id"]  # type: ignore[index]
    assert all(each["fix"] and each["code"] for each in causes)
    assert answer.document["queued"] == {}
    assert "To try again: --cause CODE, or --all." in refused("replay", LEAD).output


@pytest.mark.guarantee("G26")
def test_one_cause_is_tried_again_and_who_still_fails_waits_again(refused: Shell) -> None:
    office = refused.office
    (code,) = [each["code"] for each in refused("replay", LEAD, "--json").document["causes"] if each["records"] == 2]
    since = office.sql("SELECT record_id, since FROM sync_quarantine ORDER BY 1")
    fixed, bad = [
        record for record, _ in office.sql("SELECT record_id, code FROM sync_quarantine WHERE code = :c", c=code)
    ]
    # Repaired where no stamp shows it, and behind the lookback: only replaying finds it.
    office.later(3600)
    office.poll()
    with office.salesforce.store.writing() as connection:
        connection.execute("UPDATE Lead SET Status = 'Open - Not Contacted' WHERE Id = ?", (fixed,))
    office.later()
    assert office.poll().counts.get("created", 0) == 0

    answer = refused("replay", LEAD, "--cause", code)

    assert "Queued for the next run: 2 polling, 0 pushing." in answer.output
    counts = office.poll().counts
    assert (counts["created"], counts["quarantined"]) == (1, 1)
    left = dict(office.sql("SELECT record_id, since FROM sync_quarantine"))
    assert left == {record: moment for record, moment in since if record != fixed}
    assert bad in left
    assert office.one("SELECT count(*) FROM sync_pending WHERE mapping = :m", m=LEAD) == 0


def test_all_that_waits_is_queued_page_by_page_and_a_dry_run_queues_nothing(refused: Shell) -> None:
    office = refused.office
    count = "SELECT count(*) FROM sync_pending WHERE reason = 'replayed by a person'"

    told = refused("replay", LEAD, "--all", "--dry-run")
    assert "5 records would be queued for the next run." in told.output
    assert office.one(count) == 0

    assert refused("replay", LEAD, *POLLING, "--all", "--json").document["queued"] == {"polling": 5}
    assert office.one(count) == 5


def test_a_cause_that_nothing_waits_for_is_named_with_what_there_is(refused: Shell) -> None:
    answer = refused("replay", LEAD, "--cause", "rejected: Emale")
    assert answer.code == 1
    assert "nothing waits for it in salesforce_lead. Fix: did you mean 'rejected: " in answer.problem
    assert refused("replay", LEAD, "--cause", "x", "--all").code == 2
