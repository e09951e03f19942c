"""Meetings that become Events of the local Salesforce, under the mapping that is shipped."""

from __future__ import annotations

from typing import Any

import pytest

from modstamp import inspection
from modstamp.errors import ConfigurationError
from tests.fixtures.office import CONTACT, LEAD, Office
from tests.fixtures.small_office import MappingFiles

EVENT = "salesforce_event"


def person(office: Office, kind: str, mapping: str) -> int:
    """A prospect that is known there as this type."""
    mail = f"{kind.lower()}@acme.example"
    company = {"Company": "Acme", "Status": "Open - Not Contacted"} if kind == "Lead" else {}
    office.insert(kind, [{"LastName": kind, "Email": mail, "OwnerId": office.owner, **company}])
    office.later()
    office.poll(mapping)
    return int(office.one("SELECT id FROM prospects WHERE email = :mail", mail=mail))


def meeting(office: Office, prospect: int, **values: Any) -> int:
    user = office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=office.owner)
    times = {"starts_at": "2026-03-02 09:00:00+00:00", "ends_at": "2026-03-02 10:00:00+00:00"}
    made = office.enter(
        "meetings", **{"title": "Demo", "user_id": int(user), "prospect_id": prospect, **times, **values}
    )
    attend(office, made, prospect_id=prospect)
    return made


def attend(office: Office, made: int, answer: str | None = None, **who: int) -> None:
    office.enter("meeting_attendees", meeting_id=made, answer=answer, **who)


def events(office: Office) -> list[dict[str, Any]]:
    """Without those in the calendars of invited users."""
    return [dict(row) for row in office.salesforce.store.rows("Event") if not row["IsChild"] and not row["IsDeleted"]]


def answers(office: Office, event: str) -> dict[str, str]:
    rows = office.salesforce.store.rows("EventRelation", "EventId = ? AND IsInvitee = 1 AND IsDeleted = 0", [event])
    return {row["RelationId"]: row["Status"] for row in rows}


def edit(office: Office, made: int, **values: Any) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in values)
    office.sql(f"UPDATE meetings SET {changes} WHERE id = :id", id=made, **values)  # noqa: S608


@pytest.mark.requirement("OSF-026")
@pytest.mark.requirement("OMS-001")
def test_a_meeting_with_a_prospect_becomes_an_event_with_its_people(small_office: Office) -> None:
    prospect = person(small_office, "Contact", CONTACT)
    made = meeting(small_office, prospect, location="Room 1")
    lead = person(small_office, "Lead", LEAD)
    attend(small_office, made, "accepted", prospect_id=lead)

    summary = small_office.push(EVENT)

    assert summary.counts["created"] == 1, summary
    (event,) = events(small_office)
    assert (event["Subject"], event["Location"], event["OwnerId"]) == ("Demo", "Room 1", small_office.owner)
    assert event["WhoId"] == small_office.one("SELECT external_id FROM sync_links WHERE mapping = :m", m=CONTACT)
    told = answers(small_office, event["Id"])
    assert told[small_office.one("SELECT external_id FROM sync_links WHERE mapping = :m", m=LEAD)] == "Accepted"
    assert small_office.push(EVENT).counts.get("seen", 0) == 0


@pytest.mark.requirement("OSF-045")
@pytest.mark.parametrize(
    "source",
    [
        pytest.param("App", marks=pytest.mark.requirement("OMS-047")),
        pytest.param("Sync", marks=pytest.mark.requirement("OMS-048")),
    ],
)
@pytest.mark.parametrize(("kind", "mapping"), [("Lead", LEAD), ("Contact", CONTACT)])
def test_a_meeting_goes_to_the_lead_or_contact_and_tells_where_it_was_made(
    small_office: Office, kind: str, mapping: str, source: str
) -> None:
    known = {} if source == "App" else {"source": source}  # what is booked here says nothing of it
    meeting(small_office, person(small_office, kind, mapping), **known)

    small_office.push(EVENT)

    (event,) = events(small_office)
    (who,) = small_office.salesforce.store.rows(kind)
    assert (event["WhoId"], event["Source__c"]) == (who["Id"], source)


@pytest.mark.requirement("OMS-008")
def test_times_go_and_a_duration_is_worked_out_of_them(small_office: Office, files: MappingFiles) -> None:
    """There is no duration to be mapped: the mapping file that names one is refused."""
    row = {"external": "DurationInMinutes", "direction": "out"}
    files.add_field("event", {"internal": "=starts_at|minutes_until(ends_at)", **row})
    made = meeting(small_office, person(small_office, "Contact", CONTACT))
    small_office.push(EVENT)
    assert events(small_office)[0]["DurationInMinutes"] == 60

    edit(small_office, made, ends_at="2026-03-02 10:30:00+00:00")
    small_office.push(EVENT)
    (event,) = events(small_office)
    assert (event["EndDateTime"], event["DurationInMinutes"]) == ("2026-03-02T10:30:00.000+0000", 90)

    files.replace("event", "=starts_at|minutes_until(ends_at)", "duration")
    with pytest.raises(ConfigurationError, match="duration"):
        small_office.push(EVENT)


@pytest.mark.requirement("OMS-023")
@pytest.mark.guarantee("G25")
def test_a_meeting_that_moves_keeps_its_event_and_the_answers(small_office: Office) -> None:
    made = meeting(small_office, person(small_office, "Contact", CONTACT))
    attend(small_office, made, "accepted", prospect_id=person(small_office, "Lead", LEAD))
    small_office.push(EVENT)
    (before,) = events(small_office)
    told = answers(small_office, before["Id"])
    assert "Accepted" in told.values()

    edit(small_office, made, starts_at="2026-03-05 09:00:00+00:00", ends_at="2026-03-05 10:00:00+00:00")
    small_office.push(EVENT)

    (after,) = events(small_office)
    assert after["Id"] == before["Id"]
    assert after["StartDateTime"] != before["StartDateTime"]
    assert answers(small_office, after["Id"]) == told


@pytest.mark.requirement("OMS-024")
def test_a_canceled_meeting_is_flagged_and_stays(small_office: Office) -> None:
    made = meeting(small_office, person(small_office, "Contact", CONTACT))
    small_office.push(EVENT)

    edit(small_office, made, canceled=True, no_show=True)
    small_office.push(EVENT)

    (event,) = events(small_office)
    assert (bool(event["Canceled__c"]), bool(event["No_Show__c"])) == (True, True)


@pytest.mark.requirement("OMS-017")
@pytest.mark.requirement("OMS-018")
@pytest.mark.requirement("OMS-019")
@pytest.mark.parametrize("values", [{"canceled": True}, {"is_organizer": False}])
def test_what_the_conditions_withhold_does_not_go(small_office: Office, values: dict[str, Any]) -> None:
    prospect = person(small_office, "Contact", CONTACT)
    meeting(small_office, prospect, **values)
    user = small_office.one("SELECT internal_id FROM sync_links WHERE external_id = :id", id=small_office.owner)
    alone = {"starts_at": "2026-03-02 12:00:00+00:00", "ends_at": "2026-03-02 13:00:00+00:00"}
    small_office.enter("meetings", title="Lunch", user_id=int(user), **alone)

    assert small_office.push(EVENT).counts["withheld"] == 2

    assert events(small_office) == []


@pytest.mark.requirement("OMS-039")
def test_whole_days_are_not_shifted(small_office: Office) -> None:
    prospect = person(small_office, "Contact", CONTACT)
    days = {"starts_at": "2026-03-02 00:00:00+00:00", "ends_at": "2026-03-03 00:00:00+00:00"}
    meeting(small_office, prospect, all_day=True, **days)

    assert small_office.push(EVENT).counts["created"] == 1

    (event,) = events(small_office)
    assert (event["ActivityDate"], event["EndDate"], event["DurationInMinutes"]) == ("2026-03-02", "2026-03-02", 1440)
    edit(small_office, 1, location="Room 2")
    small_office.push(EVENT)
    assert events(small_office)[0]["EndDate"] == "2026-03-02"


@pytest.mark.requirement("OSF-157")
@pytest.mark.requirement("OMS-026")
def test_an_event_that_is_there_already_is_linked(small_office: Office) -> None:
    prospect = person(small_office, "Contact", CONTACT)
    times = {"StartDateTime": "2026-03-02T09:00:00.000+0000", "EndDateTime": "2026-03-02T10:00:00.000+0000"}
    known = small_office.salesforce.edit("Event", Subject="Demo", OwnerId=small_office.owner, **times)
    meeting(small_office, prospect)

    assert "created" not in small_office.push(EVENT).counts

    assert [event["Id"] for event in events(small_office)] == [known]


@pytest.mark.requirement("OSF-156")
@pytest.mark.requirement("OMS-014")
def test_an_administrators_edit_of_the_file_changes_what_is_sent(small_office: Office, files: MappingFiles) -> None:
    """Fields first, then settings: the next run goes by what the file says then."""
    made = meeting(small_office, person(small_office, "Contact", CONTACT), location="Room 1")
    small_office.push(EVENT)
    (event,) = events(small_office)
    assert (event["Location"], event["Source__c"]) == ("Room 1", "App")

    files.replace("event", "internal: source, external: Source__c", "internal: '=location', external: Source__c")
    small_office.push(EVENT)
    assert events(small_office)[0]["Source__c"] == "Room 1"
    edit(small_office, made, location="Room 2")
    small_office.push(EVENT)
    assert [(each["Location"], each["Source__c"]) for each in events(small_office)] == [("Room 2", "Room 2")]

    files.replace("event", "  update: true", "  update: false")
    edit(small_office, made, title="Later")
    small_office.push(EVENT)
    assert events(small_office)[0]["Subject"] == "Demo"


@pytest.mark.requirement("OMS-003")
def test_before_anybody_is_linked_doctor_and_the_first_run_say_what_comes_first(small_office: Office) -> None:
    meeting(small_office, small_office.one("INSERT INTO prospects (email) VALUES ('ray@acme.example') RETURNING id"))
    fix = "run first: python -m modstamp sync salesforce_lead salesforce_contact"

    def told(document: dict[str, Any]) -> list[dict[str, str]]:
        (advice,) = (each["advice"] for each in document["mappings"] if each["mapping"] == EVENT)
        return [each for each in advice if "linked" in each["what"]]

    document = inspection.examine(small_office.settings, small_office.resolve)
    (advice,) = told(document)
    assert advice["what"].startswith("no prospect is linked")
    assert sorted(advice["fix"].split()) == sorted(fix.split())
    first = small_office.push(EVENT)
    assert (
        "no prospect is linked on connection 'salesforce' yet, so that each meeting waits: run first" in first.message
    )
    assert events(small_office) == []

    person(small_office, "Contact", CONTACT)
    document = inspection.examine(small_office.settings, small_office.resolve)
    assert told(document) == []


@pytest.mark.guarantee("G12")
def test_a_prospect_on_a_meeting_is_deleted_with_its_contact_and_the_event_keeps_whom_it_was_with(
    small_office: Office, files: MappingFiles
) -> None:
    files.change("contact", inbound={"create": True, "update": True, "delete": True})
    prospect = person(small_office, "Contact", CONTACT)
    meeting(small_office, prospect)
    small_office.enter("calls", prospect_id=prospect, user_id=small_office.one("SELECT user_id FROM meetings"))
    for mapping in (EVENT, "salesforce_task_calls"):
        small_office.push(mapping)
    (contact,) = (row["Id"] for row in small_office.salesforce.store.rows("Contact"))

    small_office.later()
    small_office.salesforce.perform("delete", "Contact", contact)
    small_office.later()
    assert small_office.poll(CONTACT).counts["deleted"] == 1

    assert small_office.sql("SELECT id FROM prospects") == []
    assert small_office.sql("SELECT prospect_id, email FROM meeting_attendees WHERE email IS NOT NULL") == [
        (None, "contact@acme.example")
    ]
    assert small_office.sql("SELECT prospect_id FROM calls") == [(None,)]
    for mapping in (EVENT, "salesforce_task_calls"):
        assert small_office.push(mapping).counts.get("created", 0) == 0
    assert small_office.sql("SELECT reason FROM sync_quarantine") == []
