"""Creates whose answers get lost are given no record that stands there for another reason (G21)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.office import LEAD, Office

EVENT = "salesforce_event"
pytestmark = pytest.mark.guarantee("G21")


def _lose(office: Office, mapping: str) -> None:
    """Send what is due; nothing of it arrives, which we do not know."""
    office.salesforce.fault("cut_before", times=1, method="POST", path="/composite")
    office.push(mapping)
    assert office.one("SELECT count(*) FROM sync_intents") == 1


@pytest.fixture
def meet(small_office: Office) -> Any:
    """Makes a meeting of one user with a prospect; of the other user too, if told so."""
    small_office.fill_leads(1)
    small_office.later()
    small_office.poll(LEAD)
    prospect = int(small_office.one("SELECT id FROM prospects"))
    mine, theirs = (
        int(small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=each))
        for each in (small_office.owner, small_office.salesforce.org.people_id)
    )

    def made(title: str, hour: int, *, both: bool = False) -> None:
        times = {"starts_at": f"2026-03-02 {hour:02}:00:00+00:00", "ends_at": f"2026-03-02 {hour:02}:30:00+00:00"}
        meeting = small_office.enter("meetings", title=title, user_id=mine, prospect_id=prospect, **times)
        small_office.enter("meeting_attendees", meeting_id=meeting, prospect_id=prospect)
        if both:
            small_office.enter("meeting_attendees", meeting_id=meeting, user_id=theirs)

    return made


def test_no_meeting_is_given_the_copy_of_an_invited_user(small_office: Office, meet: Any) -> None:
    meet("lost", 9)
    _lose(small_office, EVENT)
    meet("with a colleague", 11, both=True)
    small_office.push(EVENT)
    assert small_office.salesforce.store.count("Event", "IsChild = 1") == 1

    small_office.lose_answers_for_good()
    for _ in range(2):
        small_office.push(EVENT)

    own = small_office.salesforce.store.rows("Event", "IsChild = 0")
    assert {row["Subject"]: row["Id"] for row in own}.keys() == {"lost", "with a colleague"}
    assert small_office.one("SELECT count(*) FROM sync_quarantine") == 0


def test_no_lead_is_given_what_another_program_made_under_our_name(small_office: Office) -> None:
    small_office.poll(LEAD)
    small_office.enter("prospects", email="ada@example.com", last_name="Lovelace", company="Engines")
    _lose(small_office, LEAD)
    store = small_office.salesforce.store
    other = {"LastName": "Babbage", "Company": "Engines", "Email": "b@example.com", "OwnerId": small_office.owner}
    (theirs,) = store.insert_many("Lead", [other], by=small_office.salesforce.org.user_id)

    small_office.lose_answers_for_good()
    small_office.push(LEAD)

    (reason,) = small_office.sql("SELECT reason FROM sync_quarantine")
    assert theirs in reason[0], "a person says whether it is"
    assert small_office.one("SELECT count(*) FROM sync_links WHERE external_id = :id", id=theirs) == 0
