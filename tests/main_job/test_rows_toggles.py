"""Each switch and its conditions, over the real mapping files with one thing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modstamp import inspection
from tests.fixtures.office import ACCOUNT, CONTACT, Office
from tests.fixtures.small_office import MappingFiles

EMAIL = {"field": "Email", "operator": "is not empty"}
NOT_OPTED_OUT = {"field": "HasOptedOutOfEmail", "operator": "is", "value": False}
INTERVALS = """
import json, sys
from pathlib import Path
from modstamp import wiring
from modstamp.model import Direction
from modstamp.orchestration import schedule
from modstamp.settings import Settings
settings = Settings(mappings=Path(sys.argv[1]))
every = wiring.mappings(settings)
def seconds(found):
    timetable = getattr(found, "timetable", found)
    return None if found is None else timetable.every.total_seconds()
print(json.dumps({f"{m.name} {d}": seconds(schedule.of(every, m, d, settings)) for m in every for d in Direction}))
"""


def schedules(folder: Path, home: Path) -> dict[str, float | None]:
    """Seconds between the runs of each DAG, None where it never starts; Airflow stays out of this process."""
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", INTERVALS, str(folder)],
        env={**os.environ, "AIRFLOW_HOME": str(home), "PYTHONPATH": "plugins"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float | None] = json.loads(done.stdout.splitlines()[-1])
    return found


def prospects(office: Office) -> list[Any]:
    return [row[0] for row in office.sql("SELECT email FROM prospects ORDER BY email")]


@pytest.mark.requirement("OSF-106")
@pytest.mark.requirement("OSF-113")
@pytest.mark.requirement("OSF-121")
def test_the_files_decide_what_runs_and_how_often(files: MappingFiles, tmp_path: Path) -> None:
    files.change("lead", polling={"every": "2 minutes"})
    files.change("contact", polling={"every": "1 minute"}, pushing=False)
    files.change("account", polling=False, inbound={}, pushing={"every": "1 minute"})

    found = schedules(files.folder, tmp_path / "airflow")

    assert (found["salesforce_lead polling"], found["salesforce_lead pushing"]) == (120, 300)
    assert (found["salesforce_contact polling"], found["salesforce_contact pushing"]) == (60, None)
    assert (found["salesforce_account polling"], found["salesforce_account pushing"]) == (None, 60)
    assert found["salesforce_user polling"] == 600


@pytest.mark.requirement("OSF-108")
def test_polling_only_reads_and_goes_by_the_system_modstamp(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.later(3600)  # behind the lookback
    small_office.poll()
    assert small_office.poll().counts.get("seen", 0) == 0

    before = small_office.salesforce.store.get("Lead", lead)
    small_office.salesforce.perform("touch", "Lead", lead)  # its LastModifiedDate stays
    touched = small_office.salesforce.store.get("Lead", lead)
    assert before
    assert touched
    assert touched["LastModifiedDate"] == before["LastModifiedDate"]
    small_office.later()

    assert small_office.poll().counts["seen"] == 1
    assert small_office.salesforce.store.get("Lead", lead) == touched
    assert set(small_office.salesforce.counts()) <= {"login", "versions", "describe", "query", "charged"}


@pytest.mark.requirement("OSF-109")
def test_pushing_only_looks_at_what_is_new_or_changed_here(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.later(3600)
    small_office.salesforce.edit("Lead", lead, Phone="outside")  # a poll's work, not a push's
    add = "INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')"
    for statement in ("UPDATE prospects SET title = 'Chief'", add):
        small_office.sql(statement)
    small_office.later()

    assert small_office.push().counts["seen"] == 2
    assert small_office.push().counts.get("seen", 0) == 0

    leads = sorted((row["LastName"], row["Title"]) for row in small_office.salesforce.store.rows("Lead"))
    assert [title for _, title in leads].count("Chief") == 1
    assert "New" in {name for name, _ in leads}
    assert small_office.sql("SELECT phone FROM prospects WHERE title = 'Chief'")[0][0] != "outside"


@pytest.mark.requirement("OSF-116")
@pytest.mark.parametrize("on", [True, False])
def test_inbound_create(small_office: Office, files: MappingFiles, *, on: bool) -> None:
    files.change("lead", inbound={"create": on, "update": True})
    small_office.fill_leads(1)
    small_office.poll()
    assert prospects(small_office) == ["lead0@example.com"] * on


@pytest.mark.requirement("OSF-119")
@pytest.mark.parametrize("on", [True, False])
def test_inbound_update(small_office: Office, files: MappingFiles, *, on: bool) -> None:
    files.change("lead", inbound={"create": True, "update": on})
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    small_office.later()
    small_office.salesforce.edit("Lead", lead, Title="Chief")
    small_office.later()
    small_office.poll()
    assert small_office.one("SELECT title FROM prospects") == ("Chief" if on else None)


@pytest.mark.requirement("OSF-122")
@pytest.mark.parametrize("on", [True, False])
def test_outbound_create(small_office: Office, files: MappingFiles, *, on: bool) -> None:
    files.change("lead", outbound={"create": on, "update": True})
    small_office.poll()
    small_office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")
    small_office.push()
    assert [lead["Email"] for lead in small_office.leads()] == ["new@example.com"] * on


@pytest.mark.requirement("OSF-124")
@pytest.mark.parametrize("on", [True, False])
def test_outbound_update(small_office: Office, files: MappingFiles, *, on: bool) -> None:
    files.change("lead", outbound={"create": True, "update": on})
    small_office.fill_leads(1)
    small_office.poll()
    small_office.sql("UPDATE prospects SET title = 'Chief'")
    small_office.push()
    assert [lead["Title"] for lead in small_office.leads()] == ["Chief" if on else None]


# Mapping file → table and object, the key by which they match, and a field of both.
SYNCED = {
    "contact": ("prospects", "Contact", ("email", "Email"), ("title", "Title"), {"LastName": "Last"}),
    "account": ("accounts", "Account", ("name", "Name"), ("phone", "Phone"), {}),
}
TOGGLES = [("inbound", "create"), ("inbound", "update"), ("outbound", "create"), ("outbound", "update")]


@pytest.mark.requirement("OSF-126")
@pytest.mark.parametrize("off", TOGGLES, ids=" ".join)
@pytest.mark.parametrize("name", list(SYNCED))
def test_each_toggle_of_contacts_and_accounts_stops_its_own_operation(
    small_office: Office, files: MappingFiles, name: str, off: tuple[str, str]
) -> None:
    table, external, (key, outer_key), (field, outer_field), others = SYNCED[name]
    mapping = f"salesforce_{name}"
    if name == "contact":
        files.remove("lead")  # one of the two creates
    files.change(
        name, **{way: {what: (way, what) != off for what in ("create", "update")} for way in ("inbound", "outbound")}
    )
    known = [f"{number}@x.org" for number in range(4)]
    outside = small_office.insert(
        external, [{outer_key: each, "OwnerId": small_office.owner, **others} for each in known[:2]]
    )
    inside = "last_name, email" if name == "contact" else "name"
    for each in known[:2]:  # linked, as both are there
        small_office.sql(f"INSERT INTO {table} ({inside}) VALUES ({':k, :k' if name == 'contact' else ':k'})", k=each)  # noqa: S608
    small_office.poll(mapping)
    small_office.sql(f"UPDATE {table} SET {field} = 'in' WHERE {key} = :k", k=known[0])  # noqa: S608
    small_office.sql(f"INSERT INTO {table} ({inside}) VALUES ({':k, :k' if name == 'contact' else ':k'})", k=known[2])  # noqa: S608
    small_office.later()
    small_office.salesforce.edit(external, outside[1], **{outer_field: "out"})
    small_office.insert(external, [{outer_key: known[3], "OwnerId": small_office.owner, **others}])
    small_office.later()
    small_office.poll(mapping)
    small_office.push(mapping)

    here = dict(small_office.sql(f"SELECT {key}, {field} FROM {table}"))  # noqa: S608
    there = {row[outer_key]: row[outer_field] for row in small_office.salesforce.store.rows(external)}
    done = {
        ("inbound", "create"): known[3] in here,
        ("inbound", "update"): here[known[1]] == "out",
        ("outbound", "create"): known[2] in there,
        ("outbound", "update"): there[known[0]] == "in",
    }
    assert done == {each: each != off for each in TOGGLES}


@pytest.mark.requirement("OSF-107")
@pytest.mark.requirement("OSF-121")
def test_with_pushing_off_polling_goes_on_and_edits_are_not_even_noted(
    small_office: Office, files: MappingFiles
) -> None:
    files.change("lead", pushing=False, outbound={})
    small_office.fill_leads(1)
    assert small_office.poll().counts["created"] == 1
    small_office.sql("UPDATE prospects SET title = 'Chief'")
    waiting = "SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead' AND direction = 'pushing'"
    assert small_office.one(waiting) == 0


@pytest.mark.requirement("OSF-107")
def test_with_polling_off_pushing_goes_on(small_office: Office, files: MappingFiles) -> None:
    files.change("lead", polling=False, inbound={})
    small_office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('new@example.com', 'New', 'Firm')")
    assert small_office.push().counts["created"] == 1
    assert [lead["Email"] for lead in small_office.leads()] == ["new@example.com"]


@pytest.mark.requirement("OSF-130")
@pytest.mark.requirement("OSF-132")
@pytest.mark.requirement("OSF-134")
@pytest.mark.parametrize(("group", "expected"), [("all", [0]), ("any", [0, 1, 2])])
def test_conditions_of_inbound_create_combine_with_and_or_with_or(
    small_office: Office, files: MappingFiles, group: str, expected: list[int]
) -> None:
    files.change("lead", inbound={"create": {"when": {group: [EMAIL, NOT_OPTED_OUT]}}, "update": True})
    small_office.fill_leads(1)
    small_office.fill_leads(1, first=1, HasOptedOutOfEmail=True)
    small_office.fill_leads(1, first=2, Email=None)
    small_office.fill_leads(1, first=3, Email=None, HasOptedOutOfEmail=True)

    small_office.poll()

    found = small_office.sql("SELECT last_name FROM prospects ORDER BY last_name")
    assert found == [(f"Last{number}",) for number in expected]


@pytest.mark.requirement("OSF-131")
@pytest.mark.parametrize(
    ("title", "source", "sent"), [("Chief", "Web", True), ("Chief", "Other", False), (None, "Web", False)]
)
def test_several_conditions_on_outbound_update(
    small_office: Office, files: MappingFiles, title: str | None, source: str, *, sent: bool
) -> None:
    both = [
        {"field": "title", "operator": "is not empty"},
        {"field": "source", "operator": "is", "value": "Web"},
    ]
    files.change("lead", outbound={"create": True, "update": {"when": {"all": both}}})
    small_office.fill_leads(1)
    small_office.poll()
    small_office.sql("UPDATE prospects SET phone = '9', title = :title, source = :source", title=title, source=source)
    small_office.push()
    assert [lead["Phone"] == "9" for lead in small_office.leads()] == [sent]


@pytest.mark.requirement("OSF-145")
@pytest.mark.parametrize("removed", [True, False])
def test_a_team_without_leads_leaves_them_off_and_nothing_breaks(
    small_office: Office, files: MappingFiles, *, removed: bool
) -> None:
    if removed:
        files.remove("lead")
    else:
        files.change("lead", polling=False, pushing=False, inbound={}, outbound={})
    small_office.fill_leads(1)
    (acme,) = small_office.insert("Account", [{"Name": "Acme", "OwnerId": small_office.owner}])
    row = {"LastName": "Ray", "Email": "ray@acme.example", "AccountId": acme, "OwnerId": small_office.owner}
    (contact,) = small_office.insert("Contact", [row])
    small_office.poll(ACCOUNT)
    small_office.poll(CONTACT)
    small_office.sql("UPDATE prospects SET title = 'Buyer'")
    small_office.push(CONTACT)

    assert prospects(small_office) == ["ray@acme.example"]
    assert (small_office.salesforce.store.get("Contact", contact) or {})["Title"] == "Buyer"
    document = inspection.examine(small_office.settings, small_office.resolve)
    assert document["problems"] == []
    assert [each["problems"] for each in document["mappings"]] == [[]] * len(document["mappings"])
    assert small_office.one("SELECT count(*) FROM sync_pending") == 0
