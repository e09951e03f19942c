"""Records that a person chose are brought in once: by a file, a list view or a report (OSF-013 to 016)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from modstamp import approval, imports, matches
from modstamp.engine.matching import Pair
from modstamp.errors import ConfigurationError
from modstamp.imports import Source
from tests.fixtures.office import ACCOUNT, LEAD, Office
from tests.fixtures.shell import Shell, shell
from tests.fixtures.small_office import MappingFiles, files, small_office

__all__ = ["files", "shell", "small_office"]

STATE = (
    "SELECT id, name, city, owner_id, updated_at FROM accounts ORDER BY id",
    "SELECT id, internal_id, external_id, internal_base FROM sync_links ORDER BY id",
    "SELECT id FROM sync_history ORDER BY id",
)


def write(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([list(header), *(list(row) for row in rows)])
    return str(path)


def bring(office: Office, kind: Any, name: str, mapping: str = LEAD) -> dict[str, Any]:
    source, run_id = Source(mapping=mapping, kind=kind, name=name), f"import-{next(office.numbers)}"
    return imports.run(source, run_id, office.settings, office.resolve)


def mails(office: Office) -> list[str]:
    return [mail for (mail,) in office.sql("SELECT email FROM prospects ORDER BY id")]


def held(office: Office, mapping: str = LEAD) -> list[tuple[str, str]]:
    rows = office.sql("SELECT record_id, kind FROM sync_quarantine WHERE mapping = :m ORDER BY record_id", m=mapping)
    return [(str(record), str(kind)) for record, kind in rows]


def told(counts: Any) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("seen", "created", "updated", "unchanged", "quarantined")}


def proof(office: Office, folder: Path, fresh: int, doubtful: int) -> int:
    """Those that two of ours match wait for a person, nothing is doubled, and importing again changes nothing.

    Returns the calls of the first import.
    """
    names = [f"Firm {number}" for number in range(fresh + doubtful)]
    outside = office.insert("Account", [{"Name": name, "OwnerId": office.owner} for name in names])
    for name in names[:doubtful]:
        office.sql("INSERT INTO accounts (name, city) VALUES (:n, 'one'), (:n, 'other')", n=name)
    path = write(folder / "accounts.csv", ["Account Name", "Note"], [[name, "-"] for name in names])

    done = bring(office, "CSV", path, mapping=ACCOUNT)

    assert (done["rows"], done["several"], done["not_found"]) == (fresh + doubtful, [], [])
    assert done["counts"]["created"] == fresh
    assert office.one("SELECT count(*) FROM accounts") == fresh + 2 * doubtful
    waiting = held(office, ACCOUNT)
    assert waiting == [(record, "ambiguous") for record in sorted(outside[:doubtful])]
    state = [office.sql(statement) for statement in STATE]

    again = bring(office, "CSV", path, mapping=ACCOUNT)

    assert told(again["counts"])["created"] == told(again["counts"])["updated"] == 0
    assert [office.sql(statement) for statement in STATE] == state
    assert held(office, ACCOUNT) == waiting
    answered(office, path)
    return int(done["calls"])


def answered(office: Office, path: str) -> None:
    """A person says which of the two it is, and the next import goes by that."""
    (waits, *_) = matches.waiting([ACCOUNT], office.settings, office.resolve)
    chosen = waits["candidates"][1]
    pair = Pair(internal_id=chosen, external_id=waits["external_id"])
    matches.decide(ACCOUNT, pair, "ada", office.settings, office.resolve)

    done = bring(office, "CSV", path, mapping=ACCOUNT)

    assert told(done["counts"])["created"] == 0
    linked = "SELECT internal_id FROM sync_links WHERE mapping = :m AND external_id = :e"
    assert office.sql(linked, m=ACCOUNT, e=waits["external_id"]) == [(chosen,)]
    assert (waits["external_id"], "ambiguous") not in held(office, ACCOUNT)


@pytest.mark.requirement("OSF-016")
@pytest.mark.guarantee("G20")
def test_a_file_of_names(small_office: Office, tmp_path: Path) -> None:
    proof(small_office, tmp_path, fresh=20, doubtful=4)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.requirement("OSF-016")
def test_a_file_of_five_thousand_rows_with_two_hundred_that_match_no_single_record(
    big_office: Office, tmp_path: Path
) -> None:
    assert proof(big_office, tmp_path, fresh=4_800, doubtful=200) <= 10


@pytest.mark.requirement("OSF-013")
@pytest.mark.requirement("OSF-016")
def test_a_file_of_ids_brings_those_records_alone_and_says_which_rows_name_none(
    small_office: Office, shell: Shell, tmp_path: Path
) -> None:
    office = small_office
    first, second, *_ = office.fill_leads(4)
    rows = [
        [first, ""],
        [second[:15], "another@example.com"],  # as a report shows it; the id counts, not what stands beside it
        [first, ""],
        ["", "LEAD2@example.com"],
        ["", "nobody@example.com"],
        ["0015g00000ABCDEAA4", ""],
        [f"{first[:12]}zzz", ""],
        ["", "", "a note"],
    ]
    path = write(tmp_path / "leads.csv", ["Lead ID", "email", "Note"], rows)

    plan = shell("import", LEAD, "--csv", path, "--dry-run", "--json").document
    assert plan["counts"]["create"] == 3
    assert mails(office) == []
    done = shell("import", LEAD, "--csv", path, "--json").document

    assert sorted(mails(office)) == ["lead0@example.com", "lead1@example.com", "lead2@example.com"]
    assert [(each["line"], each["reason"]) for each in done["not_found"]] == [
        (6, "no record has its key"),
        (7, "'0015g00000ABCDEAA4' is no id of Lead"),
        (9, "it has neither an id nor Email"),
    ]
    assert done["counts"]["not visible"] == 1
    assert held(office) == []
    assert office.one("SELECT count(*) FROM sync_cursors WHERE mapping = :m AND cursor IS NOT NULL", m=LEAD) == 0
    assert office.one("SELECT message FROM sync_actions WHERE message LIKE '%import from CSV %'").endswith(path)
    office.poll()
    assert len(mails(office)) == 4


@pytest.mark.requirement("OSF-014")
@pytest.mark.requirement("OSF-015")
def test_a_list_view_and_a_report(small_office: Office, shell: Shell) -> None:
    office = small_office
    office.fill_leads(2, LeadSource="Web")
    office.fill_leads(2, first=2, LeadSource="Other")

    answer = shell("import", LEAD, "--list-view", "Leads from the web")

    assert answer.code == 0
    assert "2 rows, 2 records." in answer.output
    assert mails(office) == ["lead0@example.com", "lead1@example.com"]
    by_id = office.salesforce.store.rows("Report", "DeveloperName = 'Leads_by_hand'")
    assert told(bring(office, "report", next(iter(by_id))["Id"])["counts"])["created"] == 2
    assert len(mails(office)) == 4
    with pytest.raises(ConfigurationError, match="none of its columns shows the ids of Lead records"):
        bring(office, "report", "Addresses only")
    with pytest.raises(ConfigurationError, match="list view of Lead 'Nothing': there is none of this name"):
        bring(office, "list view", "Nothing")


@pytest.mark.requirement("OSF-016")
def test_an_import_goes_by_the_mappings_own_toggles_conditions_and_limits(
    small_office: Office, files: MappingFiles, tmp_path: Path
) -> None:
    office = small_office
    spared, wanted = office.fill_leads(2)
    office.salesforce.edit("Lead", spared, Title="Spared")
    condition = {"field": "Title", "operator": "is empty"}
    files.change("lead", inbound={"create": {"when": condition}, "update": False}, polling=False)
    path = write(tmp_path / "leads.csv", ["Id"], [[spared], [wanted]])

    bring(office, "CSV", path)

    assert mails(office) == ["lead1@example.com"]
    assert held(office) == [(spared, "withheld")]
    files.change("lead", limits={"create": {"records": 0}})
    office.fill_leads(300, first=10)
    ids = [row["Id"] for row in office.leads()]
    many = write(tmp_path / "many.csv", ["Id"], [[each] for each in ids])
    assert bring(office, "CSV", many)["asks"]
    assert mails(office) == ["lead1@example.com"]
    (hold,) = approval.waiting(office.settings, office.resolve)
    approval.answer(office.settings, hold, approve=True, who="ada", resolve=office.resolve)
    assert not bring(office, "CSV", many)["held"]
    assert len(mails(office)) == 301


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("Name,Title\nx,y\n", "its header names neither the id nor the match key"),
        ("Id,Lead ID\nx,y\n", "two of its columns are named alike"),
        ("Id\n\xff\n", "it is no CSV in UTF-8"),
    ],
)
def test_a_file_that_says_nothing_of_records(small_office: Office, tmp_path: Path, content: str, what: str) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=what):
        bring(small_office, "CSV", str(path))
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        bring(small_office, "CSV", str(tmp_path / "nothing.csv"))
