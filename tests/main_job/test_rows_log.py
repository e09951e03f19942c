"""The log of what was done: a row for each record, and one for each poll that ended."""

from __future__ import annotations

import re
from typing import Any

import pytest

from modstamp.state.overview import last_actions
from tests.fixtures.office import LEAD, USER, Office


def log(office: Office, limit: int = 100) -> list[dict[str, Any]]:
    with office.database.connect() as connection:
        return last_actions(connection, limit)


@pytest.mark.requirement("OSF-105")
@pytest.mark.parametrize(
    ("mapping", "internal_type", "external_type"), [(LEAD, "prospect", "Lead"), (USER, "user", "User")]
)
def test_a_poll_that_ends_is_logged(office: Office, mapping: str, internal_type: str, external_type: str) -> None:
    office.poll(mapping)
    (row,) = log(office, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row.pop("timestamp"))
    assert row == {
        "status": "completed",
        "message": "Completed poll",
        "internal_type": internal_type,
        "internal_id": None,
        "external_type": external_type,
        "external_id": None,
    }


@pytest.mark.requirement("OSF-104")
@pytest.mark.requirement("OSF-105")
def test_records_come_before_the_end_of_their_poll_and_a_push_has_no_such_row(small_office: Office) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    end, record = log(small_office, 2)
    assert end["message"] == "Completed poll"
    assert (record["status"], record["internal_id"], record["external_id"]) == ("created", "1", lead)
    assert list(record) == [
        "timestamp", "status", "message", "internal_type", "internal_id", "external_type", "external_id",
    ]  # fmt: skip

    before = len(log(small_office))
    small_office.push()
    small_office.poll(dry_run=True)
    assert len(log(small_office)) == before


@pytest.mark.requirement("OSF-105")
def test_a_poll_that_does_not_end_is_not_logged_as_ended(small_office: Office) -> None:
    small_office.fill_leads(1)
    before = len(log(small_office))
    small_office.settings = small_office.settings.model_copy(update={"own_threshold": 0})
    assert small_office.poll().paused
    assert len(log(small_office)) == before
