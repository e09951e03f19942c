"""Events of meetings whose people change together with something else."""

from __future__ import annotations

import pytest

from sandbox.salesforce.people import perform
from tests.fixtures.office import LEAD, Office

EVENT = "salesforce_event"


@pytest.fixture
def meeting(small_office: Office) -> int:
    """With one Lead, to which another one is invited; both come. It is in Salesforce."""
    small_office.fill_leads(2)
    small_office.later()
    small_office.poll(LEAD)
    people = [row[0] for row in small_office.sql("SELECT id FROM prospects ORDER BY id")]
    user = small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=small_office.owner)
    times = {"starts_at": "2026-03-02 09:00:00+00:00", "ends_at": "2026-03-02 10:00:00+00:00"}
    made = small_office.enter("meetings", title="Demo", user_id=int(user), prospect_id=people[0], **times)
    small_office.enter("meeting_attendees", meeting_id=made, prospect_id=people[1], answer="accepted")
    small_office.sql("UPDATE meeting_attendees SET answer = 'accepted'")
    assert small_office.push(EVENT).counts["created"] == 1
    return made


def _invited(office: Office) -> list[str]:
    return [row["Status"] for row in office.salesforce.store.rows("EventRelation", "IsDeleted = 0 AND IsInvitee = 1")]


@pytest.mark.guarantee("G25")
def test_who_is_taken_off_a_meeting_that_moves_is_not_left_undecided(small_office: Office, meeting: int) -> None:
    assert _invited(small_office) == ["Accepted", "Accepted"]

    small_office.sql("DELETE FROM meeting_attendees WHERE meeting_id = :id", id=meeting)
    small_office.sql("UPDATE meetings SET location = 'Room 9' WHERE id = :id", id=meeting)
    small_office.push(EVENT)

    assert _invited(small_office) == []


@pytest.mark.guarantee("G25")
def test_answers_are_sent_again_where_both_sides_have_let_somebody_go(small_office: Office, meeting: int) -> None:
    gone = small_office.one("SELECT max(prospect_id) FROM meeting_attendees")
    lead = small_office.one(
        "SELECT external_id FROM sync_links WHERE mapping = :name AND internal_id = :id", name=LEAD, id=str(gone)
    )
    perform(small_office.salesforce.org, {"object": "Lead", "id": lead, "operation": "delete"})
    small_office.sql("DELETE FROM meeting_attendees WHERE prospect_id = :id", id=gone)
    small_office.sql("UPDATE meetings SET location = 'Room 9' WHERE id = :id", id=meeting)

    small_office.push(EVENT)

    assert _invited(small_office) == ["Accepted"]


_NOBODY = "DELETE FROM meeting_attendees"
_HELD = "UPDATE sync_links SET state = 'tombstone', deleted_side = 'taken' WHERE mapping = 'salesforce_lead'"


@pytest.mark.guarantee("G16")
@pytest.mark.parametrize("change", [_NOBODY, _HELD])
def test_no_opportunity_is_sent_beside_a_lead_who_stays(small_office: Office, meeting: int, change: str) -> None:
    store = small_office.salesforce.store
    deal = small_office.salesforce.edit(
        "Opportunity", Name="Presses", StageName="Qualification", CloseDate="2026-08-31"
    )
    small_office.later()
    small_office.poll("salesforce_opportunity_stage")
    small_office.poll("salesforce_opportunity")
    opportunity = small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=deal)

    small_office.sql(change)
    small_office.sql(
        "UPDATE meetings SET location = 'Room 9', opportunity_id = :deal WHERE id = :id",
        id=meeting,
        deal=int(opportunity),
    )
    summary = small_office.push(EVENT)

    assert summary.counts["updated"] == 1, summary
    (event,) = store.rows("Event")
    assert (event["Location"], event["WhatId"]) == ("Room 9", None)
    assert event["WhoId"] is not None
