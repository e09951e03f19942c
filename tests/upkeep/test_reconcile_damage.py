"""Deliberate damage between an engagement database and the local Salesforce, found and repaired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from modstamp import upkeep
from modstamp.engine.findings import Reconciled
from modstamp.engine.reconcile import ReconcileOptions
from tests.fixtures.office import LEAD, Office
from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]

HARM = 50


@dataclass(frozen=True, slots=True)
class Damage:
    """External ids."""

    purged: list[str]
    never_seen: list[str]
    drifted: list[str]


def damaged(office: Office, records: int) -> Damage:
    """So many records in step, then harm that no poll and no push can see, spread over all of them."""
    leads = office.fill_leads(records)
    while office.poll().unfinished:
        pass
    step = records // (2 * HARM)
    purged, drifted = leads[::step][:HARM], leads[1::step][:HARM]
    office.salesforce.store.delete("Lead", purged, by=office.owner)
    office.salesforce.store.purge("Lead", purged)  # the delete log alone knows of them
    office.later(3600)  # behind the lookback
    office.poll()
    office.push()
    half = HARM // 2
    with office.salesforce.store.writing() as connection:  # without a stamp
        connection.executemany("UPDATE Lead SET Title = 'outside' WHERE Id = ?", [(lead,) for lead in drifted[:half]])
    emails = [str(office.salesforce.store.get("Lead", lead)["Email"]) for lead in drifted[half:]]  # type: ignore[index]
    for email in emails:
        office.sql("UPDATE prospects SET title = 'inside' WHERE email = :email", email=email)
    office.sql("DELETE FROM sync_pending")
    before = office.salesforce.org.clock.now() - timedelta(hours=2)
    rows = [
        {"LastName": "Late", "Company": "Late", "Email": f"late{number}@example.com", "OwnerId": office.owner}
        for number in range(HARM)
    ]
    return Damage(purged, office.insert("Lead", rows, created=before), drifted)


def reconcile(office: Office, **options: object) -> Reconciled:
    run_id = f"reconcile-{next(office.numbers)}"
    return upkeep.reconcile(LEAD, ReconcileOptions(**options), run_id, office.settings, office.resolve)  # type: ignore[arg-type]


def check_found_and_repaired(office: Office, records: int) -> Reconciled:
    damage = damaged(office, records)
    prospects = office.one("SELECT count(*) FROM prospects")

    found = reconcile(office, repair=True)

    assert {name: number for name, number in found.counts.items() if number and name != "compared"} == {
        "deleted outside": HARM,
        "never seen": HARM,
        "drifted": HARM,
    }
    logged = "SELECT external_id FROM sync_actions WHERE run_id = :run AND status = :status ORDER BY external_id"
    for status, ids in (
        ("deleted outside", damage.purged),
        ("never seen", damage.never_seen),
        ("drifted", damage.drifted),
    ):
        assert [row[0] for row in office.sql(logged, run=found.run_id, status=status)] == sorted(ids)
    assert found.repairs == {"polling": 2 * HARM + HARM // 2, "pushing": HARM // 2, "links ended": 0}

    office.later()
    assert office.poll().counts["created"] == HARM
    office.later()
    assert office.push().counts["updated"] == HARM // 2
    assert office.one("SELECT count(*) FROM prospects") == prospects + HARM  # nothing was deleted inside
    assert office.one("SELECT count(*) FROM prospects WHERE title = 'outside'") == HARM // 2
    assert office.salesforce.store.count("Lead", "Title = 'inside'") == HARM // 2
    assert office.one("SELECT count(*) FROM sync_links WHERE mapping = :m AND state = 'tombstone'", m=LEAD) == HARM

    clean = reconcile(office)
    assert not any(number for name, number in clean.counts.items() if name != "compared")
    assert clean.days == []
    return found


@pytest.mark.guarantee("G12")
@pytest.mark.guarantee("G13")
def test_purged_never_seen_and_drifted_records_are_found_and_repaired(small_office: Office) -> None:
    found = check_found_and_repaired(small_office, 2_000)
    # Two pages of what is there, one retrieve and one look into the bin and one into the log for what is not.
    assert found.calls <= 5, found.calls


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.guarantee("G12")
def test_they_are_found_among_a_hundred_thousand(big_office: Office) -> None:
    found = check_found_and_repaired(big_office, 100_000)
    assert found.calls <= 60, found.calls


def test_the_command_shows_first_and_repairs_on_request(shell: Shell) -> None:
    damage = damaged(shell.office, 4 * HARM)
    before = shell.office.sql("SELECT * FROM sync_links ORDER BY id")
    tables = ("sync_pending", "sync_runs", "sync_actions")
    counts = [shell.office.one(f"SELECT count(*) FROM {name}") for name in tables]  # noqa: S608

    rehearsed = shell("reconcile", LEAD, "--repair", "--dry-run")

    assert rehearsed.code == 0
    assert "A repair would queue: 125 polling, 25 pushing, 0 links ended; the next runs take about" in rehearsed.output
    assert damage.purged[0] in rehearsed.output
    assert [shell.office.one(f"SELECT count(*) FROM {name}") for name in tables] == counts  # noqa: S608
    listed = shell("reconcile", LEAD, "--json").document
    assert (listed["repaired"], listed["counts"]["never seen"]) == (False, HARM)
    assert listed["calls"] == shell.office.one("SELECT calls FROM sync_runs WHERE kind = 'reconcile'")
    assert shell.office.sql("SELECT * FROM sync_links ORDER BY id") == before
    assert "Repaired: 125 polling, 25 pushing, 0 links ended" in shell("reconcile", LEAD, "--repair").output
    assert [run["mapping"] for run in shell("status", "--json").document["runs"]].count(LEAD) == 2
