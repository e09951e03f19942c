"""Mails, calls, texts and tasks that reach Salesforce as Tasks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fixtures.activities import CALLS, DAYS, RECEIVED, SENT, TASKS, TEXTS, Desk
from tests.fixtures.office import CONTACT, LEAD
from tests.fixtures.small_office import MappingFiles

MOMENT = "2026-03-04 10:20:30"


@pytest.mark.requirement("OSF-010")
@pytest.mark.requirement("OSF-030")
@pytest.mark.requirement("OSF-037")
def test_a_mail_becomes_a_completed_task(desk: Desk) -> None:
    desk.make("mails", subject="Our offer", body="Dear all", sent_at=MOMENT)
    assert desk.push(SENT)["created"] == 1
    names = ("Subject", "WhoId", "OwnerId", "ActivityDate", "Status", "Priority", "Type", "TaskSubtype", "Description")
    assert desk.tasks(*names) == [
        (
            "Email: Our offer", desk.lead_id, desk.office.owner, "2026-03-04", "Completed", "Normal", "Email", "Email",
            "Dear all",
        )
    ]  # fmt: skip
    assert desk.tasks("IsClosed") == [True]


@pytest.mark.requirement("OSF-036")
@pytest.mark.requirement("OSF-135")
def test_each_kind_has_a_mapping_of_its_own(desk: Desk) -> None:
    desk.make("mails", direction="sent", subject="a")
    desk.make("mails", direction="received", subject="b")
    desk.make("calls", disposition="No answer")
    desk.make("texts", body="c")
    desk.make("tasks", type="generic", subject="d", status="done")
    expected = {
        SENT: "Email: a",
        RECEIVED: "Email received: b",
        CALLS: "Call: No answer",
        TEXTS: "Text message sent",
        TASKS: "d",
    }
    for number, (mapping, title) in enumerate(expected.items(), start=1):
        desk.push(mapping)
        assert len(desk.tasks("Subject")) == number
        assert title in desk.tasks("Subject")
    for mapping in expected:
        assert desk.push(mapping).get("created", 0) == 0
    assert len(desk.tasks("Id")) == len(expected)


@pytest.mark.requirement("OSF-038")
@pytest.mark.requirement("OSF-039")
def test_mails_from_outside_the_product_go_if_the_mapping_says_so(desk: Desk, files: MappingFiles) -> None:
    desk.make("mails", subject="inside")
    desk.make("mails", subject="outside", in_app=False)
    desk.push(SENT)
    assert desk.tasks("Subject") == ["Email: inside"]

    files.replace("task_mails_sent", "value: [true]", "value: [true, false]")
    desk.push(SENT)
    assert desk.tasks("Subject") == ["Email: inside", "Email: outside"]


@pytest.mark.requirement("OSF-135")
def test_a_mail_of_the_other_kind_waits_nowhere(desk: Desk, files: MappingFiles) -> None:
    waiting = "SELECT mapping FROM sync_quarantine"
    desk.make("mails", subject="to them")
    desk.make("mails", subject="from them", direction="received")
    desk.make("mails", subject="outside", in_app=False)
    counts = desk.push(SENT)
    assert (counts["created"], counts["withheld"]) == (1, 1)
    desk.push(RECEIVED)
    assert sorted(desk.tasks("Subject")) == ["Email received: from them", "Email: to them"]
    assert desk.office.sql(waiting) == [(SENT,)]

    desk.make("mails", subject="from them, too", direction="received", sent_at="2999-01-01 00:00:00")
    desk.push(SENT)
    files.remove("task_mails_received")
    files.replace("task_mails_sent", "{field: direction, operator: is, value: sent}",
                  "{field: direction, operator: in, value: [sent, received]}")  # fmt: skip
    desk.push(SENT)
    assert "Email: from them, too" in desk.tasks("Subject")


@pytest.mark.requirement("OSF-041")
@pytest.mark.requirement("OSF-042")
@pytest.mark.requirement("OSF-043")
def test_a_call_has_its_duration_disposition_and_purpose(desk: Desk) -> None:
    call = {"duration_seconds": 125, "disposition": "Connected", "purpose": "Demo"}
    desk.make("calls", direction="inbound", called_at=MOMENT, **call)
    desk.push(CALLS)
    names = ("Subject", "CallDurationInSeconds", "CallDisposition", "Call_Purpose__c", "CallType", "TaskSubtype")
    assert desk.tasks(*names) == [("Call: Connected", 125, "Connected", "Demo", "Inbound", "Call")]


@pytest.mark.requirement("OSF-040")
def test_a_logged_call_is_a_completed_task_that_follows_its_note(desk: Desk) -> None:
    made = desk.make("calls", direction="inbound", called_at=MOMENT, note="Liked it")
    desk.push(CALLS)
    assert desk.tasks("Status", "ActivityDate", "Description") == [("Completed", "2026-03-04", "Liked it")]

    desk.office.sql("UPDATE calls SET note = 'Loved it' WHERE id = :id", id=made)
    assert desk.push(CALLS)["updated"] == 1
    assert desk.tasks("Description") == ["Loved it"]


@pytest.mark.requirement("OSF-044")
@pytest.mark.requirement("OSF-049")
def test_activity_is_in_the_history_of_lead_contact_and_opportunity(desk: Desk) -> None:
    desk.make("texts", direction="received", body="Yes")
    desk.make("texts", prospect_id=desk.contact, opportunity_id=desk.opportunity, body="No")
    assert desk.push(TEXTS)["created"] == 2
    assert set(desk.tasks("Subject", "WhoId", "WhatId", "Type", "IsClosed")) == {
        ("Text message received", desk.lead_id, None, "Other", True),
        ("Text message sent", desk.contact_id, desk.opportunity_id, "Other", True),
    }


def test_a_lead_stands_alone_and_brings_the_opportunity_when_it_is_converted(desk: Desk) -> None:
    desk.make("calls", opportunity_id=desk.opportunity)
    assert desk.push(CALLS)["created"] == 1
    assert desk.tasks("WhoId", "WhatId") == [(desk.lead_id, None)]
    desk.office.salesforce.perform("convert", "Lead", desk.lead_id)
    desk.office.later()
    for mapping in (LEAD, CONTACT):
        desk.office.poll(mapping)
    assert desk.push(CALLS)["updated"] == 1
    ((who, what),) = desk.tasks("WhoId", "WhatId")
    assert (who[:3], what) == ("003", desk.opportunity_id)


@pytest.mark.parametrize("gone", ["unlinked", "deleted"])
def test_a_lead_that_still_stands_outside_keeps_the_opportunity_out(desk: Desk, gone: str) -> None:
    """That the call names nobody any longer is not sent (docs/decisions/activities-outlive-prospects.md)."""
    call = desk.make("calls")
    assert desk.push(CALLS)["created"] == 1
    if gone == "deleted":
        desk.office.sql("DELETE FROM prospects WHERE id = (SELECT prospect_id FROM calls WHERE id = :id)", id=call)
        desk.office.push(LEAD)
    statement = "UPDATE calls SET prospect_id = NULL, opportunity_id = :what, note = 'More' WHERE id = :id"
    desk.office.sql(statement, id=call, what=desk.opportunity)

    counts = desk.push(CALLS)

    assert (counts["updated"], counts.get("quarantined", 0)) == (1, 0)
    assert desk.tasks("WhoId", "WhatId", "Description") == [(desk.lead_id, None, "More")]


def test_who_is_nobody_and_who_is_not_linked_yet_are_not_written(desk: Desk) -> None:
    desk.make("calls", prospect_id=None)
    stranger = desk.office.one("INSERT INTO prospects (email) VALUES ('new@x.org') RETURNING id")
    desk.make("calls", prospect_id=stranger)
    counts = desk.push(CALLS)
    assert (counts.get("created", 0), counts["withheld"], counts["waiting"]) == (0, 1, 1)
    assert desk.tasks("Id") == []


@pytest.mark.requirement("OSF-046")
@pytest.mark.parametrize(
    ("kind", "type_", "subtype"),
    [
        pytest.param("email", "Email", "Email", marks=pytest.mark.requirement("OSF-052")),
        pytest.param("call", "Call", "Call", marks=pytest.mark.requirement("OSF-053")),
        pytest.param("action_item", "Other", "Task", marks=pytest.mark.requirement("OSF-054")),
        pytest.param(
            "linkedin", "Other", "LinkedIn",
            marks=[pytest.mark.requirement("OSF-055"), pytest.mark.requirement("OSF-047")],
        ),
        pytest.param("text", "Other", "Task", marks=pytest.mark.requirement("OSF-056")),
        pytest.param("generic", "Other", "Task", marks=pytest.mark.requirement("OSF-057")),
    ],
)  # fmt: skip
def test_a_task_of_each_type(desk: Desk, kind: str, type_: str, subtype: str) -> None:
    desk.make("tasks", type=kind, status="done", due_on="2026-03-05")
    desk.push(TASKS)
    title = kind.replace("_", " ").capitalize()
    assert desk.tasks("Subject", "Type", "TaskSubtype", "ActivityDate") == [(title, type_, subtype, "2026-03-05")]


@pytest.mark.requirement("OSF-050")
@pytest.mark.requirement("OSF-051")
@pytest.mark.requirement("OSF-058")
def test_tasks_go_out_when_they_are_done_by_hand_or_by_a_sequence(desk: Desk) -> None:
    sequence = desk.office.one("INSERT INTO sequences (name) VALUES ('Spring') RETURNING id")
    step = desk.office.one(
        "INSERT INTO sequence_steps (sequence_id, number, type) VALUES (:id, 1, 'call') RETURNING id", id=sequence
    )
    desk.make("tasks", type="call", subject="by hand")
    desk.make("tasks", type="call", subject="by sequence", sequence_step_id=step)
    desk.make("tasks", type="call", subject="left out", status="skipped")
    assert desk.push(TASKS)["withheld"] == 3
    assert desk.tasks("Id") == []

    desk.office.sql("UPDATE tasks SET status = 'done' WHERE subject <> 'left out'")
    assert desk.push(TASKS)["created"] == 2
    assert desk.tasks("Subject", "Status") == [("by hand", "Completed"), ("by sequence", "Completed")]

    desk.office.sql("UPDATE tasks SET status = 'open', note = 'again' WHERE subject = 'by hand'")
    desk.push(TASKS)
    assert desk.tasks("Status", "Description") == [("Completed", None)] * 2


@pytest.mark.requirement("OSF-059")
def test_advanced_task_mapping_sends_what_is_to_be_done_and_then_its_end(desk: Desk, files: MappingFiles) -> None:
    files.replace("task_tasks", "value: [done]", "value: [done, open, skipped]")
    desk.make("tasks", type="call", subject="to do", due_on="2026-03-05")
    desk.make("tasks", type="email", subject="to skip")
    desk.push(TASKS)
    assert desk.tasks("Subject", "Status") == [("to do", "Not Started"), ("to skip", "Not Started")]
    before = desk.tasks("Id")

    desk.office.sql("UPDATE tasks SET status = CASE subject WHEN 'to do' THEN 'done' ELSE 'skipped' END")
    assert desk.push(TASKS)["updated"] == 2
    assert desk.tasks("Subject", "Status") == [("to do", "Completed"), ("to skip", "Deferred")]
    assert desk.tasks("Id") == before


@pytest.mark.requirement("OSF-138")
@pytest.mark.requirement("OSF-139")
def test_opens_and_clicks_are_off_and_when_on_one_write_a_day(desk: Desk, files: MappingFiles) -> None:
    mail = desk.make("mails", subject="x")

    def happen(kind: str, moment: str) -> None:
        statement = "INSERT INTO mail_events (mail_id, kind, happened_at) VALUES (:mail, :kind, :at)"
        desk.office.sql(statement, mail=mail, kind=kind, at=moment)

    happen("open", "2026-03-03 08:00:00")
    assert desk.office.one("SELECT count(*) FROM sync_pending WHERE mapping = :mapping", mapping=DAYS) == 0
    files.replace("task_opens_and_clicks", "on: false", "on: true")
    desk.push(DAYS)  # what was before is history
    assert desk.tasks("Id") == []

    for kind, hour in (("open", "08"), ("open", "09"), ("click", "10")):
        happen(kind, f"2026-03-04 {hour}:00:00")
    happen("open", f"{datetime.now(UTC):%Y-%m-%d} 00:00:00")
    counts = desk.push(DAYS)
    assert (counts["created"], counts["withheld"]) == (1, 1)  # today is not over yet
    assert desk.tasks("Subject", "WhoId", "ActivityDate", "IsClosed") == [
        ("Opened 2, clicked 1", desk.lead_id, "2026-03-04", True)
    ]


@pytest.mark.requirement("OSF-136")
def test_a_title_is_what_the_mapping_makes_of_it(desk: Desk, files: MappingFiles) -> None:
    files.change_template("task_calls", "Subject", "{{ user.last_name }} → {{ prospect.last_name }}: {{ disposition }}")
    desk.make("calls", prospect_id=desk.contact, disposition="Busy")
    desk.make("calls", disposition="x" * 250)
    desk.push(CALLS)
    user = desk.office.one("SELECT last_name FROM users WHERE id = :id", id=desk.user)
    first, second = desk.tasks("Subject")
    assert first == f"{user} → Ray: Busy"
    assert (len(second), second[-1]) == (255, "…")
