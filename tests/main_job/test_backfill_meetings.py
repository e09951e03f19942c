"""Meetings of months ago under the mapping that is shipped, brought out into the local Salesforce."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from modstamp import backfill
from modstamp.engine.stretches import Stretch
from tests.fixtures.office import CONTACT, Office

EVENT = "salesforce_event"
YEAR = Stretch(since=datetime(2025, 6, 1, tzinfo=UTC), until=datetime(2026, 6, 1, tzinfo=UTC))
OCTOBER, NOVEMBER = (datetime(2025, month, 1, tzinfo=UTC) for month in (10, 11))


@pytest.fixture
def prospect(small_office: Office) -> int:
    small_office.insert("Contact", [{"LastName": "Ray", "Email": "eve@acme.example", "OwnerId": small_office.owner}])
    small_office.later()
    small_office.poll(CONTACT)
    return int(small_office.one("SELECT id FROM prospects WHERE email = 'eve@acme.example'"))


def meet(office: Office, prospect: int, starts_at: str, **values: Any) -> int:
    """Before the mapping listened."""
    user = office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=office.owner)
    times = {"starts_at": f"{starts_at}:00.000000", "ends_at": f"{starts_at}:30.000000"}
    row = {"title": "Demo", "user_id": int(user), "prospect_id": prospect, **times, **values}
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    made = int(office.one(f"INSERT INTO meetings ({names}) VALUES ({marks}) RETURNING id", **row))  # noqa: S608
    office.sql("DELETE FROM sync_pending")
    return made


def bring_out(office: Office, stretch: Stretch = YEAR) -> int:
    """Returns how many were queued."""
    done = backfill.carry_out(EVENT, stretch, 100, "ada", office.settings, office.resolve)
    assert done.done, done
    return done.fed


def events(office: Office) -> list[tuple[str, bool]]:
    rows = office.salesforce.store.rows("Event", "IsDeleted = 0")
    return sorted((str(row["StartDateTime"])[:16], bool(row["Canceled__c"])) for row in rows)


@pytest.mark.requirement("OMS-018")
@pytest.mark.requirement("OMS-024")
def test_canceled_ones_stay_and_those_canceled_later_are_flagged(small_office: Office, prospect: int) -> None:
    canceled = meet(small_office, prospect, "2026-01-10 09:00", canceled=True)
    held = meet(small_office, prospect, "2026-01-11 09:00")

    (told,) = backfill.estimate(
        EVENT, Stretch(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 2, 1, tzinfo=UTC)),
        small_office.settings, small_office.resolve,
    )  # fmt: skip
    assert (told.due, told.stays, told.calls) == (1, {"canceled is false": 1}, 3)
    assert bring_out(small_office) == 1
    assert events(small_office) == [("2026-01-11T09:00", False)]

    small_office.sql("UPDATE meetings SET canceled = (id = :held)", held=held)
    small_office.push(EVENT)

    assert events(small_office) == [("2026-01-10T09:00", False), ("2026-01-11T09:00", True)]
    assert bring_out(small_office) == 0
    assert canceled != held


def test_a_meeting_at_midnight_of_utc_is_of_one_month(small_office: Office, prospect: int) -> None:
    meet(small_office, prospect, "2025-10-31 23:59")
    meet(small_office, prospect, "2025-11-01 00:00", title="At midnight")

    assert bring_out(small_office, Stretch(since=OCTOBER, until=NOVEMBER)) == 1
    assert events(small_office) == [("2025-10-31T23:59", False)]
    assert bring_out(small_office, Stretch(since=NOVEMBER, until=YEAR.until)) == 1
    assert bring_out(small_office) == 0
    assert len(events(small_office)) == 2
