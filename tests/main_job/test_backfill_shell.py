"""History by the command line, against the local Salesforce: estimated, brought out, within its share of the calls."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from modstamp import wiring
from tests.fixtures.office import Office
from tests.fixtures.shell import Shell, open_shell
from tests.fixtures.small_office import MappingFiles

LEAD = "salesforce_lead"
LANE = {"by": "created_at", "months": 2, "share": 0.0625}


@pytest.fixture
def late(files: MappingFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Seven prospects from before the mapping listened: five of them of the last two months, one without a company."""
    office = files.office
    office.poll()
    office.sql("DELETE FROM sync_watches")
    for number in range(7):
        company = None if number == 4 else "Firm"
        office.sql(
            "INSERT INTO prospects (email, last_name, company, created_at) VALUES (:mail, 'Old', :company, "
            "strftime('%Y-%m-%d %H:%M:%f000', 'now', :age))",
            mail=f"old{number}@x.io",
            company=company,
            age=f"-{12 * number + 1} days",
        )
    office.sql(
        "INSERT INTO prospects (email, last_name, company, created_at) VALUES ('soon@x.io', 'S', 'F', '2999-01-01')"
    )
    files.change("lead", backfill=LANE)
    shell = open_shell(office, monkeypatch, capsys)
    shell.set(backfill_rows=2)
    return shell


def mails(office: Office) -> list[str]:
    return sorted(str(lead["Email"]) for lead in office.leads())


def test_only_what_is_still_to_come_goes_unasked(late: Shell) -> None:
    late.office.push()

    assert mails(late.office) == ["soon@x.io"]
    wiring.prepare(late.office.settings, late.office.resolve)
    assert late.office.one("SELECT count(*) FROM sync_pending WHERE mapping = :m", m=LEAD) == 0


def test_an_estimate_writes_nothing_and_a_backfill_does_as_much(late: Shell) -> None:
    told = late("backfill", LEAD, "--estimate", "--json").document
    text = late("backfill", LEAD, "--estimate").output

    assert told["due"] == 4
    assert sum(each["creates"] for each in told["months"]) == 4
    assert "1 stay: company is not empty" in text
    assert "Minutes are a guess" in text
    assert mails(late.office) == []

    done = late("backfill", LEAD, "--json")
    assert done.code == 0
    assert (done.document["progress"]["done"], done.document["progress"]["fed"]) == (True, 4)
    assert mails(late.office) == ["old0@x.io", "old1@x.io", "old2@x.io", "old3@x.io", "soon@x.io"]
    again = late("backfill", LEAD, "--yes").output
    assert "0 of 0 records queued and pushed by 0 runs" in again
    assert late("backfill", LEAD, "--json").document["progress"]["calls"] == 0


@pytest.mark.guarantee("G27")
def test_it_stops_at_its_share_and_live_work_goes_on(late: Shell) -> None:
    late("backfill", LEAD, "--since", "2000-01-01", "--until", "2000-02-01", "--json")  # types are described by now
    before = late.office.one("SELECT sum(counted) FROM sync_calls WHERE run_id LIKE 'backfill/%'") or 0
    late.set(own_threshold=16 * (before + 4), low_share=1)  # four more are its share: a portion, and a look

    stopped = late("backfill", LEAD, "--json")

    assert stopped.code == 0
    assert stopped.document["progress"]["cause"] == "limit"
    assert "are its share (6%)" in stopped.document["progress"]["stopped"]
    made = len(mails(late.office))
    assert 0 < made < 5
    assert late.office.one("SELECT count(*) FROM sync_pending WHERE mapping = :m", m=LEAD) == 0
    late.office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('live@x.io', 'L', 'F')")
    assert late("sync", LEAD, "--direction", "pushing", "--json").document["runs"][0]["counts"]["created"] == 1
    late.set(own_threshold=8_000)
    assert late("backfill", LEAD, "--json").document["progress"]["done"]
    assert len(mails(late.office)) == 6


@pytest.fixture
def calendar(small_office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A calendar that was read in when it was connected: five meetings a month, from one month ahead to a year ago.

    With one Contact, but for those of the fifth month, with nobody who is known. The latest three were not made here.
    """
    row = {"LastName": "Ray", "Email": "ray@acme.example", "OwnerId": small_office.owner}
    small_office.insert("Contact", [row])
    small_office.poll("salesforce_contact")
    small_office.sql("DELETE FROM sync_watches")
    for months, number in itertools.product(range(-1, 13), range(5)):
        made = small_office.one(
            "INSERT INTO meetings (title, user_id, source, starts_at, ends_at) VALUES (:title,"
            " (SELECT internal_id FROM sync_links WHERE mapping = 'salesforce_user' AND external_id = :owner), :source,"
            " strftime('%Y-%m-%d %H:%M:%f000', 'now', :age, :later),"
            " strftime('%Y-%m-%d %H:%M:%f000', 'now', :age, :later, '+1 hour')) RETURNING id",
            title=f"Call {months}",
            owner=small_office.owner,
            source="Sync" if months < 3 else "App",
            age=f"{-31 * months - 1} days",
            later=f"{number} minutes",
        )
        mail = "ray@acme.example" if months != 5 else "stranger@else.example"
        small_office.sql("INSERT INTO meeting_attendees (meeting_id, email) VALUES (:id, :mail)", id=made, mail=mail)
    wiring.prepare(small_office.settings, small_office.resolve)
    return open_shell(small_office, monkeypatch, capsys)


def subjects(office: Office) -> Counter[str]:
    return Counter(str(row["Subject"]) for row in office.salesforce.store.rows("Event"))


@pytest.mark.requirement("OMS-006")
@pytest.mark.requirement("OMS-007")
@pytest.mark.requirement("OMS-050")
def test_the_past_year_of_a_calendar_goes_out_where_the_prospect_is_known(calendar: Shell) -> None:
    told = calendar("backfill", "salesforce_event", "--estimate", "--json").document
    assert (told["due"], len(told["months"])) == (55, 13)  # of twelve months, cut where they begin
    assert sum(each["calls"] for each in told["months"]) < 55  # a call for each is what the document reckons with

    since = f"{datetime.now(UTC) - timedelta(days=20):%Y-%m-%d}"
    done = calendar("backfill", "salesforce_event", "--since", since, "--json").document["progress"]

    assert (done["done"], done["fed"]) == (True, 5)
    assert subjects(calendar.office) == {"Call 0": 5, "Call -1": 5}  # those to come go by themselves


@pytest.mark.requirement("OMS-049")
def test_the_guard_of_the_first_days_keeps_what_was_read_in_from_going(calendar: Shell, files: MappingFiles) -> None:
    files.replace("event", "value: Sync, on: false}", "value: Sync, on: true}")
    calendar.set(mappings=files.folder)
    told = calendar("backfill", "salesforce_event", "--estimate", "--json").document
    assert told["due"] == 40
    assert sum(each["stays"].get('source is not "Sync"', 0) for each in told["months"]) == 15


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("backfill", "salesforce_contact"), "it has no backfill"),
        (("backfill", LEAD, "--since", "2999-01-01"), "it would end before it begins"),
    ],
)
def test_what_cannot_be_brought_out(late: Shell, arguments: tuple[str, ...], told: str) -> None:
    answer = late(*arguments)
    assert (answer.code, told in answer.problem) == (1, True)
