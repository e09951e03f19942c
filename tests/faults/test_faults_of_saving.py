"""The org refuses a record, or keeps something else than it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.desk import Desk

TAKEN = {"LastName": "Theirs", "Company": "Firm", "Email": "theirs@example.com", "Phone": "555"}


@pytest.mark.fault("row_lock")
@pytest.mark.guarantee("G29")
def test_a_locked_row_waits_and_the_others_go_on(desk: Desk) -> None:
    ids = desk.in_step()
    desk.office.sql("UPDATE prospects SET title = 'inside'")
    fault = desk.salesforce.fault("row_lock", object="Lead", operation="update", ids=ids[:1])

    summary = desk.push()

    assert summary
    assert (summary.counts["updated"], fault.struck) == (5, 1 + desk.office.settings.lock_tries)
    assert "UNABLE_TO_LOCK_ROW" in desk.said()
    assert desk.quarantine() == []
    desk.settle()
    desk.account({(f"lead{number}@example.com", "title"): "inside" for number in range(6)})


@pytest.mark.fault("parent_lock")
@pytest.mark.guarantee("G29")
def test_a_row_that_another_write_has_locked_waits(desk: Desk) -> None:
    ids = desk.in_step(3)
    desk.office.sql("UPDATE prospects SET title = 'inside'")
    fault = desk.salesforce.fault("parent_lock", delay=0.0)

    with desk.salesforce.org.locks.taken(ids[:1]):
        summary = desk.push()

    assert summary
    assert summary.counts["updated"] == 2
    assert fault.struck
    assert "UNABLE_TO_LOCK_ROW" in desk.said()
    desk.settle()
    desk.account({(f"lead{number}@example.com", "title"): "inside" for number in range(3)})


@pytest.mark.fault("validation_rule")
@pytest.mark.guarantee("G26")
def test_a_validation_rule_that_is_there_for_a_while(desk: Desk) -> None:
    desk.in_step()
    desk.change("lead0@example.com", title="bad title")
    desk.change("lead1@example.com", title="good title")
    desk.salesforce.fault("validation_rule", object="Lead", field="Title", matches="bad.*", message="No bad titles")

    desk.push()

    assert desk.quarantine() == ["FIELD_CUSTOM_VALIDATION_EXCEPTION: No bad titles"]
    assert desk.record("lead1@example.com")["Title"] == "good title"
    assert desk.record("lead0@example.com")["Title"] is None
    desk.salesforce.clear_faults()
    desk.change("lead0@example.com", title="bad title, allowed")
    desk.settle()
    desk.account({("lead0@example.com", "title"): "bad title, allowed", ("lead1@example.com", "title"): "good title"})


@pytest.mark.fault("duplicate_rule")
@pytest.mark.guarantee("G26")
def test_a_duplicate_rule_that_refuses_a_create(desk: Desk) -> None:
    desk.in_step(2)
    desk.salesforce.edit("Lead", **TAKEN)
    desk.settle(1)
    desk.salesforce.fault("duplicate_rule", object="Lead", operation="create", fields=["Phone"])
    desk.add("ours@example.com", phone="555")

    desk.push()

    assert [line.partition(":")[0] for line in desk.quarantine()] == ["DUPLICATES_DETECTED"]
    assert len(desk.records()) == 3
    desk.change("ours@example.com", phone="556")
    desk.push()
    desk.settle()
    desk.account({("ours@example.com", "phone"): "556", ("theirs@example.com", "phone"): "555"})


@pytest.mark.fault("rewriting")
@pytest.mark.guarantee("G9")
@pytest.mark.parametrize(
    ("name", "sent", "kept", "options"),
    [
        ("company", "Widgets INC", "widgets inc", {"fields": ["Company"], "style": "lower"}),
        ("title", " chief  of staff ", "chief of staff", {"fields": ["Title"], "style": "spaces"}),
        ("last_name", "lovelace", "LOVELACE", {"fields": ["LastName"], "style": "upper"}),
        ("phone", "555.123.4567", "(555) 123-4567", {"fields": ["Phone"], "style": "phone"}),
    ],
)
def test_a_value_that_the_org_keeps_in_its_own_form(
    desk: Desk, name: str, sent: str, kept: str, options: dict[str, Any]
) -> None:
    desk.in_step(2)
    desk.salesforce.fault("rewriting", object="Lead", **options)
    desk.office.sql(f"UPDATE prospects SET {name} = :sent WHERE email = 'lead0@example.com'", sent=sent)  # noqa: S608

    for _ in range(3):
        desk.push()
        desk.pass_time()
        desk.poll()

    inside = {row[name] for row in desk.prospects()}
    outside = {row[desk.fields[name]] for row in desk.records()}
    assert sent in inside  # nobody has edited anything inside
    assert kept in outside
    desk.rests()
    # The next real edit of each side still counts.
    (lead,) = (row["Id"] for row in desk.records() if row[desk.fields[name]] == kept)
    edited = "9" + kept
    desk.salesforce.edit("Lead", lead, **{desk.fields[name]: edited})
    desk.pass_time()
    desk.poll()
    stored = next(row[desk.fields[name]] for row in desk.records() if row["Id"] == lead)
    assert stored in {row[name] for row in desk.prospects()}


@pytest.mark.fault("flow")
@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_a_flow_that_edits_under_our_user(desk: Desk, delay: float) -> None:
    desk.in_step(2)
    desk.salesforce.fault("flow", object="Lead", by="api", values={"MobilePhone": "flow"}, delay=delay, times=2)
    desk.change("lead0@example.com", title="inside")
    desk.add("new@example.com")
    desk.push()
    while desk.salesforce.store.count("Lead", "MobilePhone = 'flow'") < 2:
        pass
    assert {row["LastModifiedById"] for row in desk.records() if row["MobilePhone"]} == {desk.salesforce.org.user_id}

    desk.settle()

    desk.account({(mail, "mobile_phone"): "flow" for mail in ("lead0@example.com", "new@example.com")})


@pytest.mark.fault("flow")
@pytest.mark.guarantee("G19")
def test_a_flow_that_changes_what_we_have_sent(desk: Desk) -> None:
    """What the read-back shows is their base; it is no edit of theirs, and ours is not sent for ever."""
    desk.in_step(2)
    fault = desk.salesforce.fault("flow", object="Lead", by="api", values={"Title": "flow"})
    desk.change("lead0@example.com", title="inside")

    for _ in range(3):
        desk.push()
        desk.pass_time()
        desk.poll()

    assert fault.struck == 1
    assert desk.record("lead0@example.com")["Title"] == "flow"
    assert {row["title"] for row in desk.prospects()} == {"inside", None}
