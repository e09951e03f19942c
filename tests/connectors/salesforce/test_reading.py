from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modstamp.connectors.salesforce import soql
from modstamp.connectors.salesforce.records import parse_instant
from modstamp.errors import ConfigurationError
from modstamp.frames import object_frame
from modstamp.instants import to_text
from modstamp.model import Column, Field, Presence, Window
from tests.connectors.contract import MOMENT, pull, whole
from tests.connectors.salesforce.world import SalesforceWorld


def numbered(world: SalesforceWorld, count: int, **values: Any) -> list[str]:
    return sorted(world.create({**world.values(number), **values} for number in range(count)))


@pytest.mark.guarantee("G2")
def test_pages_that_shrink_end_only_where_salesforce_says_so(world: SalesforceWorld) -> None:
    ids = numbered(world, 450)
    world.salesforce.fault("shrinking_pages", size=70)
    records, pages = pull(world, whole(world))
    assert list(records[Column.ID]) == ids
    assert len(pages) == 7


@pytest.mark.guarantee("G3")
def test_a_lost_cursor_goes_on_behind_the_last_record(world: SalesforceWorld) -> None:
    ids = numbered(world, 500)
    pages = world.connector.pull("Lead", ["Email"], whole(world))
    found = [next(pages).records]
    world.salesforce.org.cursors.open.clear()
    found += [page.records for page in pages]
    assert [record_id for frame in found for record_id in frame[Column.ID]] == ids


@pytest.mark.guarantee("G3")
def test_a_record_edited_between_pages_makes_a_lost_cursor_skip_nothing(world: SalesforceWorld) -> None:
    ids = numbered(world, 600)
    pages = world.connector.pull("Lead", ["Email"], whole(world))
    found = [next(pages).records]
    edited = ids[399]  # the last of the second page
    world.salesforce.edit("Lead", edited, Phone="1")
    found.append(next(pages).records)
    world.salesforce.org.cursors.open.clear()
    found += [page.records for page in pages]
    assert set(ids) - {edited} <= {record_id for frame in found for record_id in frame[Column.ID]}


def test_the_rows_of_a_pull_carry_the_time_at_which_it_was_asked(world: SalesforceWorld) -> None:
    numbered(world, 250)
    before = world.connector.now().replace(microsecond=0)
    records, _ = pull(world, whole(world))
    assert set(records[Column.READ_AT]) <= {to_text(before), to_text(before + timedelta(seconds=1))}
    assert records[Column.READ_AT].nunique() == 1


@pytest.mark.guarantee("G8")
def test_a_field_that_is_described_and_refused_is_left_out(world: SalesforceWorld) -> None:
    numbered(world, 1)
    described = world.salesforce.store.schema["Lead"]
    world.connector.describe("Lead")
    del described.by_lower_name["phone"]  # type: ignore[attr-defined] # describe still shows it, queries do not
    records, _ = pull(world, whole(world))
    assert "Phone" not in records
    assert len(records) == 1


def test_values_become_ours(world: SalesforceWorld) -> None:
    values = {"NumberOfEmployees": 5, "AnnualRevenue": 2, "HasOptedOutOfEmail": True, "Description": "a\r\nb\u2028c"}
    numbered(world, 1, **values)
    records, _ = pull(world, whole(world), ["NumberOfEmployees", "AnnualRevenue", "HasOptedOutOfEmail", "CreatedDate"])
    row = records.iloc[0]
    assert (row["NumberOfEmployees"], row["AnnualRevenue"], row["HasOptedOutOfEmail"]) == (5, 2.0, True)
    assert isinstance(row["NumberOfEmployees"], int)
    assert isinstance(row["AnnualRevenue"], float)
    assert row["CreatedDate"] == to_text(MOMENT)
    assert pull(world, whole(world), ["Description"])[0]["Description"][0] == values["Description"]


@pytest.mark.parametrize("type_name", ["User", "UserRole", "LeadStatus", "Account", "Lead", "Contact"])
@pytest.mark.requirement("OSF-005")
def test_every_type_is_read_whatever_version_fields_it_has(world: SalesforceWorld, type_name: str) -> None:
    described = world.connector.describe(type_name)
    assert described.fields["Id"]
    name = "LastName" if "LastName" in described.fields else "Name" if "Name" in described.fields else "MasterLabel"
    window = Window(lower=None, upper=world.connector.now())
    (page,) = world.connector.pull(type_name, [name], window)
    assert {name, *Column} == set(page.records.columns)
    assert page.total == len(page.records)
    assert set(page.records[Column.STATE]) <= {Presence.FOUND}
    got = world.connector.get(type_name, [name], [*page.records[Column.ID], "00Q00000000000zEAA"])
    assert got[Column.STATE].iloc[-1] == Presence.HIDDEN


def test_a_type_is_described_with_what_our_user_may_do(world: SalesforceWorld) -> None:
    lead = world.connector.describe("Lead")
    assert lead.createable
    assert lead.updateable
    assert lead.deletable
    assert lead.fields["LastName"].required
    assert not lead.fields["Status"].required  # it has a default
    assert lead.fields["Status"].kind == "choice"
    assert "Working - Contacted" in lead.fields["Status"].choices
    assert lead.fields["OwnerId"].refers_to == ("Group", "User")
    assert lead.fields["Email"].length == 80
    assert not lead.fields["SystemModstamp"].updateable
    assert "Address" not in lead.fields


def test_a_key_that_the_type_does_not_have_is_a_fault_of_the_configuration(world: SalesforceWorld) -> None:
    with pytest.raises(ConfigurationError, match="NoSuchField"):
        world.connector.find("Lead", [], object_frame({"NoSuchField": ["1"]}))


def test_many_records_of_one_key_are_all_found(world: SalesforceWorld) -> None:
    ids = numbered(world, 450, Phone="1")
    found = world.connector.find("Lead", [], object_frame({"Phone": ["1"]}))
    assert sorted(found[Column.ID]) == ids


@pytest.mark.guarantee("G12")
def test_many_deleted_records_are_proved_in_few_calls(world: SalesforceWorld) -> None:
    ids = numbered(world, 1_900)
    for record_id in ids:
        world.delete(record_id)
    world.connector.describe("Lead")
    world.salesforce.reset_counts()
    records = world.connector.get("Lead", ["Email"], ids)
    assert set(records[Column.STATE]) == {Presence.DELETED}
    assert world.salesforce.counts()["charged"] <= 12  # at 200 records a page


@pytest.mark.guarantee("G12")
def test_a_record_that_left_the_recycle_bin_is_proved_by_the_delete_log(world: SalesforceWorld) -> None:
    ids = numbered(world, 3)
    world.delete(ids[0])
    world.salesforce.store.purge("Lead", ids[:2])
    world.salesforce.org.clock.skew = 120  # the log is read by the minute
    records = world.connector.get("Lead", ["Email"], ids)
    assert list(records[Column.STATE]) == [Presence.DELETED, Presence.HIDDEN, Presence.FOUND]
    assert records[Column.STAMP][0]
    assert records["Email"][0] is None


@pytest.mark.guarantee("G12")
def test_a_type_without_a_recycle_bin_has_its_log(world: SalesforceWorld) -> None:
    (role,) = world.salesforce.store.insert_many("UserRole", [{"Name": "Sales"}], by=world.salesforce.org.people_id)
    world.salesforce.store.delete("UserRole", [role], by=world.salesforce.org.people_id)
    world.salesforce.org.clock.skew = 120
    assert list(world.connector.get("UserRole", ["Name"], [role])[Column.STATE]) == [Presence.DELETED]


def test_long_lists_are_cut_into_queries_that_fit_into_an_address() -> None:
    keys = object_frame({"Email": [f"{number}ü@example.com" for number in range(5_000)]})
    parts = list(soql.matching(keys, {"Email": Field(name="Email", kind="text")}, beside=500))
    assert max(len(part) for part in parts) < 11_000
    assert sum(part.count("@") for part in parts) == 5_000


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        ("text", "O'Neil \\", r"'O\'Neil \\'"),
        ("boolean", True, "true"),
        ("integer", 5, "5"),
        ("date", "2026-01-01", "2026-01-01"),
        ("instant", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("reference", "00Q5g00000ABCDEAA4", "'00Q5g00000ABCDEAA4'"),
        ("integer", "5", "5"),  # of a file, where all is text
    ],
)
def test_values_are_quoted_by_their_kind(kind: str, value: str | bool, literal: str) -> None:  # noqa: FBT001
    keys = object_frame({"Key": [value]})
    assert list(soql.matching(keys, {"Key": Field(name="Key", kind=kind)}, beside=0)) == [f"Key IN ({literal})"]


@pytest.mark.parametrize(
    ("kind", "native", "value"),
    [
        ("integer", "int", "1) OR (Id != null"),
        ("number", "double", "n/a"),
        ("boolean", "boolean", "yes"),
        ("date", "date", "2026-13-01"),
        ("date", "date", "soon"),
        ("instant", "datetime", "2026-01-01T25:00:00Z"),
        ("reference", "reference", "no id"),
        ("text", "id", "no id"),
    ],
)
def test_a_value_that_its_field_cannot_hold_finds_nothing_and_spoils_no_query(
    kind: str, native: str, value: str
) -> None:
    fields = {"Key": Field(name="Key", kind=kind, native=native), "Name": Field(name="Name", kind="text")}
    assert list(soql.matching(object_frame({"Key": [value]}), fields, beside=0)) == []
    both = object_frame({"Key": [value], "Name": ["x"]})
    assert list(soql.matching(both, fields, beside=0)) == []


def test_a_window_is_a_condition_in_whole_seconds() -> None:
    lower, upper = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 0, 0, 0, 999_999, tzinfo=UTC)
    text = soql.in_window(Window(lower=lower, upper=upper, after=(lower, "00Q1")))
    assert text == (
        "SystemModstamp >= 2026-01-01T00:00:00Z AND SystemModstamp <= 2026-01-02T00:00:00Z AND "
        "((SystemModstamp = 2026-01-01T00:00:00Z AND Id > '00Q1') OR SystemModstamp > 2026-01-01T00:00:00Z)"
    )


@pytest.mark.parametrize(
    "text", ["2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00"]
)
def test_all_three_ways_of_writing_an_instant_are_read(text: str) -> None:
    assert parse_instant(text) == "2026-01-01T00:00:00Z"
