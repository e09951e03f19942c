"""Ten thousand records each way: counted calls, nothing lost, nothing doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.fixtures.office import LEAD, Office

ROWS = 10_000
_RULES = """\
validation:
  - {object: Lead, name: Title_Rule, field: Title, matches: 'forbidden.*', message: No such title}
"""


def stamp(seconds: float = 0) -> datetime:
    return (datetime.now(UTC) - timedelta(hours=1) + timedelta(seconds=seconds)).replace(microsecond=0)


def fill(office: Office, ties: int = 0) -> list[str]:
    """ROWS leads of one hour ago, of which `ties` share one second."""
    at = [stamp(0 if number < ties else number / 10) for number in range(ROWS)]
    rows = [
        {
            "LastName": f"Last{number}",
            "Company": "Company",
            "Email": f"lead{number}@example.com",
            "Status": "Open - Not Contacted",
            "OwnerId": office.owner,
            **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), at[number]),
        }
        for number in range(ROWS)
    ]
    return office.insert("Lead", rows)


def mails(office: Office) -> list[str]:
    return [row[0] for row in office.sql("SELECT email FROM prospects ORDER BY email")]


def expected() -> list[str]:
    return sorted(f"lead{number}@example.com" for number in range(ROWS))


@pytest.mark.requirement("OSF-032")
@pytest.mark.requirement("OSF-033")
@pytest.mark.requirement("OSF-034")
@pytest.mark.guarantee("G1")
def test_in_with_a_tie_larger_than_a_page(big_office: Office) -> None:
    fill(big_office, ties=3_000)

    summary = big_office.poll()

    assert summary.counts["created"] == ROWS
    assert mails(big_office) == expected()
    assert big_office.salesforce.counts()["charged"] - big_office.salesforce.counts().get("describe", 0) <= 6
    assert summary.document_calls == 5 + 50  # ten thousand by the document's arithmetic

    again = big_office.poll()
    assert not again.counts.get("created")
    assert not again.counts.get("updated")
    assert mails(big_office) == expected()


@pytest.mark.guarantee("G1")
@pytest.mark.guarantee("G2")
def test_in_while_rows_come_late_pages_shrink_and_people_edit(big_office: Office) -> None:
    ids = fill(big_office)
    salesforce = big_office.salesforce
    salesforce.fault("shrinking_pages", size=500)
    salesforce.fault("late_commit", delay=5.0, times=1)
    slow = Thread(target=salesforce.edit, args=("Lead", ids[0]), kwargs={"Title": "late"})
    slow.start()
    editing = Thread(target=lambda: [salesforce.edit("Lead", record, Phone="edited") for record in ids[-50:]])
    editing.start()

    summary = big_office.poll()
    slow.join()
    editing.join()

    assert mails(big_office) == expected()
    assert summary.calls <= 23
    salesforce.clear_faults()
    big_office.later(10)
    big_office.poll()
    assert big_office.one("SELECT count(*) FROM prospects WHERE title = 'late'") == 1
    assert big_office.one("SELECT count(*) FROM prospects WHERE phone = 'edited'") == 50
    assert mails(big_office) == expected()


@pytest.mark.requirement("OSF-011")
@pytest.mark.guarantee("G18")
def test_out_with_three_hundred_refused(start_salesforce: Any, postgresql: Any, tmp_path: Path) -> None:
    from tests.fixtures.office import open_office  # noqa: PLC0415

    rules = tmp_path / "rules.yaml"
    rules.write_text(_RULES)
    office = open_office(start_salesforce(rules=rules), postgresql, tmp_path)
    fill(office)
    office.poll()
    office.salesforce.reset_counts()
    office.sql("UPDATE prospects SET title = 'allowed ' || id WHERE id % 100 >= 3")
    office.sql("UPDATE prospects SET title = 'forbidden ' || id WHERE id % 100 < 3")
    wrong = office.one("SELECT count(*) FROM prospects WHERE title LIKE 'forbidden%'")

    summary = office.push()

    assert (summary.counts["updated"], summary.counts["quarantined"]) == (ROWS - wrong, wrong)
    assert wrong == 300
    assert summary.calls <= 60
    titles = {row["Email"]: row["Title"] for row in office.leads()}
    held = dict(office.sql("SELECT email, title FROM prospects"))
    assert sum(titles[mail] == title for mail, title in held.items()) == ROWS - 300
    waiting = "SELECT count(*) FROM sync_quarantine WHERE direction = 'pushing' AND reason LIKE '%No such title%'"
    assert office.one(waiting) == 300
    pending = "SELECT count(*) FROM sync_pending WHERE mapping = :lead AND direction = 'pushing'"
    assert office.one(pending, lead=LEAD) == 0

    # Repaired inside, they leave quarantine by themselves.
    office.sql("UPDATE prospects SET title = 'repaired' WHERE title LIKE 'forbidden%' AND id % 2 = 0")
    office.push()
    # Repaired outside: the Salesforce user writes a title of their own, and the newer edit wins.
    office.later()
    for row in list(office.leads()):
        if not str(row["Title"]).startswith(("allowed", "repaired")):
            office.salesforce.edit("Lead", row["Id"], Title="theirs")
    office.later()
    office.poll()
    office.push()
    assert office.one("SELECT count(*) FROM sync_quarantine WHERE direction = 'pushing'") == 0
    held = dict(office.sql("SELECT email, title FROM prospects"))
    assert {row["Email"]: row["Title"] for row in office.leads()} == held
