"""API calls: what the document's arithmetic says, what a run really costs, and both limits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sandbox.salesforce.server import Salesforce
from tests.fixtures.office import Office, open_office

DAILY = 200
STOP = 160  # the default share of it


def counted(office: Office) -> int:
    return int(office.one("SELECT coalesce(sum(counted), 0) FROM sync_calls"))


def set_own_threshold(office: Office, calls: int) -> None:
    office.settings = office.settings.model_copy(update={"own_threshold": calls})


def give_low_priority(office: Office, folder: Path, name: str) -> None:
    """In mappings of this office's own."""
    mappings = folder / "mappings"
    shutil.copytree(office.settings.mappings, mappings)
    file = mappings / "salesforce" / f"{name}.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\npriority: low\n", encoding="utf-8")
    office.settings = office.settings.model_copy(update={"mappings": mappings})


def titles(office: Office) -> list[str | None]:
    return [row["Title"] for row in office.leads()]


@pytest.fixture
def crowded(start_salesforce: Callable[..., Salesforce], sqlite: Engine, tmp_path: Path) -> Office:
    """An org with few calls a day."""
    return open_office(start_salesforce(daily_limit=DAILY), sqlite, tmp_path)


@pytest.mark.parametrize(
    ("records", "calls"),
    [
        (0, 1),
        pytest.param(1, 2, marks=pytest.mark.requirement("OSF-033")),
        pytest.param(200, 2, marks=pytest.mark.requirement("OSF-033")),
        pytest.param(201, 3, marks=pytest.mark.requirement("OSF-033")),
        pytest.param(2_000, 11, marks=pytest.mark.requirement("OSF-034")),
        pytest.param(2_001, 13, marks=pytest.mark.requirement("OSF-032")),
    ],
)
def test_the_meter_shows_the_documents_arithmetic_and_a_lower_true_cost(
    small_office: Office, records: int, calls: int
) -> None:
    small_office.fill_leads(records)
    small_office.salesforce.reset_counts()

    summary = small_office.poll()

    assert summary.counts.get("created", 0) == records
    assert summary.document_calls == calls
    charged = small_office.salesforce.counts()
    assert summary.calls == charged["charged"]
    assert charged["query"] == -(-max(records, 1) // 2_000)  # one call finds two thousand, with all their fields


@pytest.mark.requirement("OSF-084")
@pytest.mark.requirement("OSF-086")
def test_our_own_limit_pauses_a_push_and_keeps_its_work(small_office: Office) -> None:
    small_office.fill_leads(10)
    small_office.poll()
    small_office.sql("UPDATE prospects SET title = 'Chief'")
    set_own_threshold(small_office, counted(small_office) + 1)
    before = small_office.salesforce.counts()["charged"]

    summary = small_office.push()

    assert summary.paused
    assert "threshold" in summary.message
    assert small_office.salesforce.counts()["charged"] - before <= 1
    assert titles(small_office) == [None] * 10
    assert small_office.one("SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead'") == 10


@pytest.mark.requirement("OSF-087")
def test_what_was_kept_goes_on_by_itself_when_there_is_room(small_office: Office) -> None:
    small_office.fill_leads(10)
    small_office.poll()
    small_office.sql("UPDATE prospects SET title = 'Chief'")
    set_own_threshold(small_office, counted(small_office))
    assert small_office.push().paused

    small_office.sql("UPDATE sync_calls SET at = '2000-01-01 00:00:00.000000'")  # a day goes by

    assert small_office.push().counts["updated"] == 10
    assert titles(small_office) == ["Chief"] * 10
    assert small_office.one("SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead'") == 0


@pytest.mark.requirement("OSF-083")
@pytest.mark.requirement("OSF-085")
def test_calls_of_other_applications_count_against_the_orgs_limit(crowded: Office) -> None:
    crowded.fill_leads(3)
    crowded.poll()
    crowded.salesforce.org.meter.used = STOP - 1  # others are at work
    crowded.sql("UPDATE prospects SET title = 'Chief'")

    paused = [crowded.push().paused for _ in range(5)]

    assert paused == [True] * 5
    assert crowded.salesforce.org.meter.used <= STOP
    assert titles(crowded) == [None] * 3


@pytest.mark.requirement("OSF-086")
@pytest.mark.requirement("OSF-087")
def test_a_poll_that_the_orgs_limit_stopped_loses_nothing(crowded: Office) -> None:
    crowded.fill_leads(3)
    crowded.salesforce.org.meter.used = STOP
    crowded.poll()
    assert crowded.poll().paused

    crowded.salesforce.org.meter.used = 0  # the others' calls have left the rolling day
    crowded.sql("UPDATE sync_usage SET at = '2000-01-01 00:00:00.000000'")
    crowded.poll()

    assert crowded.one("SELECT count(*) FROM prospects") == 3


@pytest.mark.guarantee("G27")
def test_a_type_of_low_priority_leaves_room_for_the_others(small_office: Office, tmp_path: Path) -> None:
    give_low_priority(small_office, tmp_path, "account")
    small_office.poll()
    small_office.poll("salesforce_account")
    used = counted(small_office)
    set_own_threshold(small_office, used + 1)  # four fifths of it are used

    assert small_office.poll("salesforce_account").paused
    assert not small_office.poll().paused


@pytest.mark.guarantee("G27")
def test_types_that_run_at_once_share_one_budget_by_their_priority(small_office: Office, tmp_path: Path) -> None:
    give_low_priority(small_office, tmp_path, "account")
    types = ("salesforce_lead", "salesforce_contact", "salesforce_account")
    while (used := counted(small_office)) < 10:
        small_office.poll()
    set_own_threshold(small_office, used + 2)  # a call for each of two types

    with ThreadPoolExecutor() as runs:
        paused = [summary.paused for summary in runs.map(small_office.poll, types)]

    assert paused == [False, False, True]
    assert counted(small_office) == used + 2
    with ThreadPoolExecutor() as runs:  # nothing is left for anybody
        assert all(summary.paused for summary in runs.map(small_office.poll, types))
    assert counted(small_office) == used + 2
