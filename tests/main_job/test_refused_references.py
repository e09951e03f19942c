"""Events that Salesforce refused because of whom they name go out as soon as a poll has seen what became of these."""

from __future__ import annotations

import pytest

from sandbox.salesforce.people import perform
from tests.fixtures.office import CONTACT, LEAD, Office

EVENT = "salesforce_event"
pytestmark = [pytest.mark.guarantee("G16"), pytest.mark.guarantee("G26")]


@pytest.fixture
def people(small_office: Office) -> dict[str, int]:
    """Two Leads that both sides know, and a meeting with the first, to which the second is invited."""
    small_office.fill_leads(2)
    small_office.later()
    small_office.poll(LEAD)
    mails = {name: f"lead{number}@example.com" for number, name in enumerate(("with", "beside"))}
    found = {
        name: int(small_office.one("SELECT id FROM prospects WHERE email = :mail", mail=mail))
        for name, mail in mails.items()
    }
    user = small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=small_office.owner)
    times = {"starts_at": "2026-03-02 09:00:00+00:00", "ends_at": "2026-03-02 10:00:00+00:00"}
    made = small_office.enter("meetings", title="Demo", user_id=int(user), prospect_id=found["with"], **times)
    for person in found.values():
        small_office.enter("meeting_attendees", meeting_id=made, prospect_id=person)
    return found


def _id(office: Office, prospect: int) -> str:
    statement = (
        "SELECT external_id FROM sync_links WHERE internal_id = :id AND family LIKE '%prospect' AND state = 'live'"
    )
    return str(office.one(statement, id=str(prospect)))


def _do(office: Office, operation: str, record: str) -> None:
    perform(office.salesforce.org, {"object": "Lead", "id": record, "operation": operation})
    assert office.push(EVENT).counts["quarantined"] == 1
    office.later()
    office.poll(LEAD)
    office.poll(CONTACT)


def test_an_invitee_who_was_deleted_a_moment_ago_is_left_out(small_office: Office, people: dict[str, int]) -> None:
    _do(small_office, "delete", _id(small_office, people["beside"]))

    assert small_office.push(EVENT).counts["waiting"] == 1  # a while, as the mapping of Leads creates some
    small_office.sql("UPDATE sync_missing SET since = '2026-01-01 00:00:00'")
    small_office.sql("UPDATE sync_pending SET not_before = NULL")
    assert small_office.push(EVENT).counts["created"] == 1

    assert small_office.one("SELECT count(*) FROM sync_quarantine WHERE mapping = :name", name=EVENT) == 0


def test_whom_a_meeting_is_with_was_deleted_a_moment_ago(small_office: Office, people: dict[str, int]) -> None:
    _do(small_office, "delete", _id(small_office, people["with"]))

    small_office.push(EVENT)

    waits = small_office.sql("SELECT reason FROM sync_pending WHERE mapping = :name", name=EVENT)
    assert [tuple(row) for row in waits] == [(f"waits for prospect:{people['with']}",)]
    assert small_office.one("SELECT count(*) FROM sync_quarantine WHERE mapping = :name", name=EVENT) == 0


@pytest.mark.parametrize("who", ["with", "beside"])
def test_a_lead_that_was_converted_a_moment_ago_is_named_as_the_contact(
    small_office: Office, people: dict[str, int], who: str
) -> None:
    lead = _id(small_office, people[who])
    _do(small_office, "convert", lead)

    assert small_office.push(EVENT).counts["created"] == 1

    store, contact = small_office.salesforce.store, _id(small_office, people[who])
    assert contact != lead
    (event,) = store.rows("Event")
    named = {event["WhoId"], *(row["RelationId"] for row in store.rows("EventRelation"))}
    assert contact in named
    assert lead not in named


@pytest.mark.usefixtures("people")
def test_what_is_refused_for_another_reason_is_left_alone(small_office: Office) -> None:
    small_office.sql("UPDATE meetings SET ends_at = '2026-04-30 10:00:00+00:00'")
    assert small_office.push(EVENT).counts["quarantined"] == 1

    assert small_office.push(EVENT).counts.get("seen", 0) == 0
