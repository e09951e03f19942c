"""What Salesforce is told of the sequences that a prospect is in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from modstamp import inspection
from tests.fixtures.office import CONTACT, Office
from tests.fixtures.small_office import MappingFiles

PAGE = (Path(__file__).parents[2] / "docs" / "engagement-panel.md").read_text(encoding="utf-8")
(METADATA,) = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
(ROWS,) = (yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
EXTERNAL = {row["internal"]: row["external"] for row in ROWS}


def set_up(office: Office, files: MappingFiles, *names: str, without: str = "") -> None:
    """As the page says, on the objects of these mapping files."""
    fields = {name: field for name, field in METADATA["Lead"].items() if name != without}
    office.salesforce.org.add_metadata({name.capitalize(): fields for name in names})
    office.sql("DELETE FROM sync_descriptions")  # as upkeep does: types are described anew
    for name in names:
        path = files.folder / "salesforce" / f"{name}.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        files.change(name, fields=[*document["fields"], *ROWS])


def approach(office: Office, status: str = "Active", **state: Any) -> None:
    """Put every prospect into a sequence of two steps, at its second one."""
    office.sql("INSERT INTO sequences (id, name) VALUES (7, 'Fair in May')")
    office.sql(
        "INSERT INTO sequence_steps (id, sequence_id, number, type) VALUES (1, 7, 1, 'auto_email'), (2, 7, 2, 'call')"
    )
    values = {"due_on": "2026-05-04", "step_id": 2, **state}
    office.sql(
        "INSERT INTO sequence_states (prospect_id, sequence_id, step_id, user_id, status, due_on)"
        " SELECT p.id, 7, :step_id, p.owner_id, :status, :due_on FROM prospects p",
        status=status,
        **values,
    )


def shown(office: Office, object_name: str = "Lead") -> Mapping[str, Any]:
    (row,) = office.salesforce.store.rows(object_name)
    return {internal: row[external] for internal, external in EXTERNAL.items()}


@pytest.fixture
def panel(small_office: Office, files: MappingFiles) -> Office:
    set_up(small_office, files, "lead")
    small_office.fill_leads(1)
    small_office.poll()
    return small_office


# What the guide's table calls the six fields in Salesforce, by what it calls ours.
TABLE = [
    pytest.param("Name of Currently Active Sequence", "current_sequence_name", "Name of Currently Active Sequence",
                 marks=pytest.mark.requirement("OSF-177")),
    pytest.param("Current Sequence Status", "current_sequence_status", "Current Sequence Status",
                 marks=pytest.mark.requirement("OSF-178")),
    pytest.param("Current Sequence User SFDC Id", "current_sequence_user_id", "Current Sequence Step Actor",
                 marks=pytest.mark.requirement("OSF-179")),
    pytest.param("Current Sequence Step No.", "current_sequence_step_number", "Current Sequence Step Number",
                 marks=pytest.mark.requirement("OSF-180")),
    pytest.param("Current Sequence Task Due Date", "current_sequence_step_due", "Current Sequence Step Due",
                 marks=pytest.mark.requirement("OSF-181")),
    pytest.param("Current Sequence Step Type", "current_sequence_step_type", "Current Sequence Step Type",
                 marks=pytest.mark.requirement("OSF-182")),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "internal", "label"), TABLE)
def test_the_page_maps_the_fields_of_the_table_and_no_other_way(theirs: str, internal: str, label: str) -> None:
    (row,) = (row for row in ROWS if row["internal"] == internal)
    assert (METADATA["Lead"][row["external"]]["label"], row["direction"]) == (label, "out"), theirs


@pytest.mark.requirement("OSF-166")
@pytest.mark.requirement("OSF-167")
@pytest.mark.requirement("OSF-168")
def test_all_eight_fields_are_pushed(panel: Office) -> None:
    approach(panel)
    assert panel.push().counts["updated"] == 1
    assert shown(panel) == {
        "current_sequence_id": 7,
        "current_sequence_name": "Fair in May",
        "current_sequence_status": "Active",
        "current_sequence_step_number": 2,
        "current_sequence_step_due": "2026-05-04",
        "current_sequence_step_type": "call",
        "actively_sequenced": True,
        "current_sequence_user_id": panel.owner,
    }
    panel.sql("UPDATE sequence_states SET status = 'Finished'")
    panel.push()
    assert shown(panel) == dict.fromkeys(EXTERNAL) | {"actively_sequenced": False}


@pytest.mark.requirement("OSF-169")
@pytest.mark.requirement("OSF-173")
@pytest.mark.requirement("OSF-178")
def test_the_status_says_whether_the_sequence_goes_on(panel: Office) -> None:
    approach(panel, status="Pending")
    found = []
    for status in ("Pending", "Paused", "Paused OOTO", "Failed", "Opted Out", "Active"):
        panel.sql("UPDATE sequence_states SET status = :status", status=status)
        found.append(panel.sql("SELECT current_sequence_status, actively_sequenced FROM prospects")[0])
    assert [goes_on for _, goes_on in found] == [1, 0, 0, 0, 0, 1]
    assert [status for status, _ in found][2:5] == ["Paused OOTO", "Failed", "Opted Out"]
    panel.push()
    assert shown(panel)["current_sequence_status"] == "Active"


@pytest.mark.requirement("OSF-170")
@pytest.mark.requirement("OSF-172")
@pytest.mark.requirement("OSF-180")
def test_number_and_type_follow_the_step(panel: Office) -> None:
    approach(panel, step_id=1)
    panel.push()
    assert (shown(panel)["current_sequence_step_number"], shown(panel)["current_sequence_step_type"]) == (
        1,
        "auto_email",
    )
    panel.sql("UPDATE sequence_steps SET type = 'manual_email', number = 3 WHERE id = 1")
    panel.push()
    after = shown(panel)
    assert (after["current_sequence_step_number"], after["current_sequence_step_type"]) == (3, "manual_email")


@pytest.mark.requirement("OSF-177")
@pytest.mark.requirement("OSF-181")
@pytest.mark.requirement("OSF-182")
def test_a_later_sequence_and_a_new_name_show(panel: Office) -> None:
    approach(panel)
    panel.sql("INSERT INTO sequences (id, name) VALUES (8, 'Autumn')")
    panel.sql(
        "INSERT INTO sequence_states (prospect_id, sequence_id, status, due_on, started_at)"
        " SELECT id, 8, 'Paused', '2026-09-09', '2099-01-01 00:00:00' FROM prospects"
    )
    assert panel.one("SELECT current_sequence_name FROM prospects") == "Fair in May"  # which goes on
    panel.sql("UPDATE sequence_states SET status = 'Paused'")
    panel.sql("UPDATE sequences SET name = 'Winter' WHERE id = 8")
    panel.push()
    after = shown(panel)
    assert (after["current_sequence_name"], after["current_sequence_step_due"]) == ("Winter", "2026-09-09")
    assert (after["current_sequence_step_type"], after["current_sequence_step_number"]) == (None, None)
    panel.sql("DELETE FROM sequence_states")
    assert panel.one("SELECT current_sequence_name FROM prospects") is None


@pytest.mark.requirement("OSF-171")
@pytest.mark.requirement("OSF-174")
@pytest.mark.requirement("OSF-179")
def test_due_date_and_user_change_with_the_task(panel: Office) -> None:
    approach(panel)
    person = panel.insert("User", [{"LastName": "Ann", "Email": "ann@firm.example", "Username": "ann@firm.example"}])[0]
    panel.poll("salesforce_user")
    panel.sql(
        "UPDATE sequence_states SET due_on = '2026-06-01',"
        " user_id = (SELECT id FROM users WHERE email = 'ann@firm.example')"
    )
    panel.push()
    after = shown(panel)
    assert (after["current_sequence_step_due"], after["current_sequence_user_id"]) == ("2026-06-01", person)


@pytest.mark.requirement("OSF-183")
def test_the_fields_only_go_out(panel: Office) -> None:
    approach(panel)
    panel.push()
    (lead,) = panel.leads()
    panel.later()
    panel.salesforce.edit("Lead", lead["Id"], Current_Sequence_Status__c="Edited", Title="Chief")
    panel.later()
    panel.poll()
    assert panel.sql("SELECT current_sequence_status, title FROM prospects") == [("Active", "Chief")]


@pytest.mark.requirement("OSF-176")
def test_the_fields_are_mapped_on_leads_on_contacts_or_on_both(small_office: Office, files: MappingFiles) -> None:
    set_up(small_office, files, "lead", "contact")
    small_office.fill_leads(1)
    rows = [{"LastName": "Ray", "Email": "ray@acme.example", "OwnerId": small_office.owner}]
    small_office.insert("Contact", rows)
    for mapping in (CONTACT, "salesforce_lead"):
        small_office.poll(mapping)
    approach(small_office)
    for mapping in (CONTACT, "salesforce_lead"):
        small_office.push(mapping)
    assert [shown(small_office, name)["current_sequence_name"] for name in ("Lead", "Contact")] == ["Fair in May"] * 2


@pytest.mark.requirement("OSF-175")
def test_doctor_names_fields_that_are_missing_or_may_not_be_edited(small_office: Office, files: MappingFiles) -> None:
    set_up(small_office, files, "lead", without="Current_Sequence_ID__c")
    small_office.salesforce.fault("hidden_field", object="Lead", field="Current_Sequence_Name__c")
    small_office.salesforce.fault("hidden_field", object="Lead", field="Current_Sequence_Status__c", read_only=True)
    document = inspection.examine(small_office.settings, small_office.resolve)
    told = [problem["what"] for each in document["mappings"] for problem in each["problems"]]
    assert [text.partition(",")[0].partition(":")[0] for text in told] == [
        "Lead has no field 'Current_Sequence_ID__c'",
        "Lead has no field 'Current_Sequence_Name__c'",
        "Current_Sequence_Status__c cannot be written on create",
        "Current_Sequence_Status__c cannot be written on update",
    ]
