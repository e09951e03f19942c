"""Internal records are read and written in bulk, in the words of the engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records
from modstamp.errors import ConfigurationError, RejectedRecordError
from modstamp.frames import object_frame
from modstamp.mapping.conditions import Condition, Criteria


def insert(records: Records, type_name: str, *values: dict[str, Any]) -> list[str]:
    names = list(dict.fromkeys(name for row in values for name in row))
    return records.insert(type_name, object_frame({name: [row.get(name) for row in values] for name in names}))


def change(records: Records, type_name: str, record_id: str, **values: Any) -> None:
    frame = object_frame({"_id": [record_id], **{name: [value] for name, value in values.items()}})
    records.update(type_name, frame, frame[list(values)].notna() | True)


def test_ids_come_in_the_order_of_the_rows(records: Records) -> None:
    mails = [f"p{number}@example.com" for number in range(500)][::-1]
    ids = records.insert("prospect", object_frame({"email": mails}))
    assert records.names("prospect", "email", ids) == dict(zip(ids, mails, strict=True))


def test_a_record_is_read_as_it_was_written(records: Records) -> None:
    (owner,) = insert(records, "user", {"email": "ann@example.com", "active": True})
    values = {"name": "Müller & Söhne", "employees": 12, "revenue": 1234.5, "owner_id": owner, "city": None}
    (account,) = insert(records, "account", values)
    found = records.read("account", list(values), [account])
    assert {name: found[name][0] for name in values} == values
    assert found["_state"][0] == "found"
    assert found["_modified_at"][0].endswith("Z")
    assert set(found.dtypes.astype(str)) == {"object"}


def test_an_id_without_a_row_is_deleted_and_order_is_kept(records: Records) -> None:
    first, second = insert(records, "role", {"name": "A"}, {"name": "B"})
    found = records.read("role", ["name"], [second, "999", first, "no number"], lock=True)
    assert found["_id"].tolist() == [second, "999", first, "no number"]
    assert found["_state"].tolist() == ["found", "deleted", "found", "deleted"]
    assert found["name"].tolist() == ["B", None, "A", None]


def test_an_empty_value_of_a_new_record_takes_the_default(records: Records) -> None:
    (prospect,) = insert(records, "prospect", {"email": "a@example.com", "opted_out": None})
    assert records.read("prospect", ["opted_out"], [prospect])["opted_out"].tolist() == [False]


def test_an_update_writes_only_the_cells_that_are_marked(records: Records) -> None:
    ids = insert(records, "prospect", *({"first_name": "old", "city": "old"} for _ in range(3)))
    frame = object_frame({"_id": ids, "first_name": ["new"] * 3, "city": ["new"] * 3})
    records.update("prospect", frame, pd.DataFrame({"first_name": [True, False, False], "city": [True, True, False]}))
    found = records.read("prospect", ["first_name", "city"], ids)
    assert found["first_name"].tolist() == ["new", "old", "old"]
    assert found["city"].tolist() == ["new", "new", "old"]


def test_an_update_of_nothing_is_no_statement(records: Records) -> None:
    frame = object_frame({"_id": ["1"], "city": ["Ulm"]})
    records.update("prospect", frame, pd.DataFrame({"city": [False]}))


def test_a_field_can_be_emptied(records: Records) -> None:
    (prospect,) = insert(records, "prospect", {"city": "Ulm"})
    change(records, "prospect", prospect, city=None)
    assert records.read("prospect", ["city"], [prospect])["city"].tolist() == [None]


def test_deleted_records_are_gone_and_their_ids_stay_theirs(records: Records) -> None:
    first, second = insert(records, "role", {"name": "A"}, {"name": "B"})
    records.delete("role", [second, "999"])
    (third,) = insert(records, "role", {"name": "C"})
    assert third not in {first, second}
    assert records.read("role", [], [first, second])["_state"].tolist() == ["found", "deleted"]


def test_matching_ignores_case_and_empty_keys(records: Records) -> None:
    ids = insert(records, "account", {"name": "École"}, {"name": "ACME"}, {"name": ""}, {"name": "Other"})
    keys = object_frame({"name": ["éCOLE", "acme", "", None, "acme"]})
    found = records.match("account", ["website"], keys)
    assert sorted(found["_id"]) == ids[:2]
    assert {"website", "name"} <= set(found.columns)


def test_matching_by_several_columns_wants_all_of_them(records: Records) -> None:
    names = ({"first_name": "Ann", "last_name": "Lee"}, {"first_name": "Ann", "last_name": "Ray"})
    first, _ = insert(records, "prospect", *names)
    found = records.match("prospect", [], object_frame({"first_name": ["ann", "x"], "last_name": ["LEE", "ray"]}))
    assert found["_id"].tolist() == [first]


@pytest.mark.requirement("STG-030")
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"field": "city", "operator": "is", "value": "Rome"}, ["a"]),
        ({"field": "city", "operator": "contains", "value": "RO"}, ["a", "b"]),
        ({"field": "employees", "operator": "at least", "value": 5}, ["b", "c"]),
        ({"field": "employees", "operator": "not in", "value": [5, None]}, ["c"]),
        ({"field": "created_at", "operator": "within the last", "value": "2 days"}, ["a", "b", "c"]),
        ({"field": "owner_id", "operator": "is empty"}, ["a", "b", "c"]),
        ({"field": "owner_id", "operator": "is", "value": "7"}, []),
    ],
)
def test_matching_applies_criteria_exactly(records: Records, row: dict[str, object], expected: list[str]) -> None:
    places: list[dict[str, Any]] = [
        {"website": "a", "city": "Rome"},
        {"website": "b", "city": "rome", "employees": 5},
        {"website": "c", "city": "Ulm", "employees": 9},
    ]
    insert(records, "account", *({"name": "Acme", **each} for each in places))
    condition = TypeAdapter(Condition).validate_python(row)
    criteria = Criteria(condition, datetime.now(UTC) + timedelta(hours=1))
    found = records.match("account", ["website"], object_frame({"name": ["acme"]}), criteria=criteria)
    assert sorted(found["website"]) == expected


@pytest.mark.parametrize("names", [[], [""], [None]])
def test_matching_nothing_finds_nothing(records: Records, names: list[str | None]) -> None:
    insert(records, "account", {"name": ""})
    assert records.match("account", [], object_frame({"name": names})).empty


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("owner_id", "nobody"),
        ("owner_id", "9" * 30),
        ("owner_id", 1.5),
        ("opted_out", "no"),
        ("opted_out", 0),
        ("created_at", "yesterday"),
        ("created_at", 5),
    ],
)
def test_a_value_that_its_column_cannot_hold_finds_nothing_and_spoils_no_statement(
    records: Records, column: str, value: Any
) -> None:
    insert(records, "prospect", {"email": "a@x.org"})
    assert records.match("prospect", ["email"], object_frame({column: [value]})).empty
    assert records.match("prospect", [], object_frame({"email": ["a@x.org"], column: [value]})).empty
    assert records.lookup("prospect", column, [value]) == {}


def test_lookup_is_exact_and_leaves_out_what_is_ambiguous(records: Records) -> None:
    one, _, _ = insert(records, "role", {"name": "One"}, {"name": "Two"}, {"name": "Two"})
    assert records.lookup("role", "name", ["One", "one", "Two", "Three"]) == {"One": one}
    assert set(records.lookup("stage", "name", ["New", "Replied"])) == {"New", "Replied"}


def test_scanning_passes_every_record_once(records: Records) -> None:
    ids = insert(records, "role", *({"name": str(number)} for number in range(25)))
    seen: list[str] = []
    while not (page := records.scan("role", ["name"], seen[-1] if seen else None, 10)).empty:
        seen += page["_id"].tolist()
    assert seen == ids


@pytest.mark.requirement("OSF-018")
def test_one_prospect_per_address(records: Records) -> None:
    insert(records, "prospect", {"email": "Ann@Example.com"}, {"email": None}, {"email": None})
    with pytest.raises(RejectedRecordError, match=r"email: another record") as caught:
        insert(records, "prospect", {"email": "ann@example.COM"})
    assert caught.value.code == "duplicate"
    assert "ann@" not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("values", "code", "named"),
    [
        ({"name": None}, "required", "name"),
        ({"name": "x" * 256}, "too_long", "name"),
        ({"name": "A", "owner_id": "999"}, "reference", ""),
        ({"name": "A", "owner_id": "x"}, "wrong_kind", "owner_id"),
        ({"name": "A", "employees": "many"}, "wrong_kind", "employees"),
        ({"name": "A", "employees": 1.5}, "wrong_kind", "employees"),
    ],
)
def test_a_refusal_names_its_cause_and_field(records: Records, values: dict[str, Any], code: str, named: str) -> None:
    with pytest.raises(RejectedRecordError) as caught:
        insert(records, "account", values)
    assert caught.value.code == code
    assert named in caught.value.reason


def test_a_refused_row_leaves_the_rest_of_the_transaction(database: Engine) -> None:
    with database.begin() as connection:
        records = Records(connection, Catalog())
        (first,) = insert(records, "prospect", {"email": "a@example.com"})
        refused = connection.begin_nested()
        with pytest.raises(RejectedRecordError):
            insert(records, "prospect", {"email": "a@example.com"})
        refused.rollback()
    with database.connect() as connection:
        assert Records(connection, Catalog()).read("prospect", [], [first])["_state"].tolist() == ["found"]


def test_what_is_referred_to_is_not_deleted(records: Records) -> None:
    (account,) = insert(records, "account", {"name": "A"})
    insert(records, "prospect", {"account_id": account})
    with pytest.raises(RejectedRecordError, match="reference"):
        records.delete("account", [account])


def test_updating_a_record_that_is_gone_is_refused(records: Records) -> None:
    with pytest.raises(RejectedRecordError, match="missing"):
        change(records, "role", "999", name="X")


def test_unknown_types_and_fields_are_configuration_errors(records: Records) -> None:
    with pytest.raises(ConfigurationError, match="no table 'nothing'"):
        records.read("nothing", [], ["1"])
    with pytest.raises(ConfigurationError, match=r"'one'(.|\n)*'two'"):
        records.read("role", ["one", "name", "two"], ["1"])


@pytest.mark.guarantee("G31")
def test_any_table_is_a_type_by_its_own_name(connection: Connection) -> None:
    connection.execute(
        text("CREATE TABLE deals (number INTEGER PRIMARY KEY, closes DATE, signed TIMESTAMP, odds FLOAT)")
    )
    records = Records(connection, Catalog())
    values = {"number": "7", "closes": "2026-02-28", "signed": "2026-02-27T10:00:00.500000Z", "odds": 0.5}
    connection.execute(text("INSERT INTO deals (number) VALUES (7)"))
    change(records, "deals", "7", **{name: value for name, value in values.items() if name != "number"})
    found = records.read("deals", list(values), ["7"])
    assert {name: found[name][0] for name in values} == values
    assert found["_modified_at"].tolist() == [None]
    assert {name: entry.kind for name, entry in records.describe("deals").fields.items()} == {
        "number": "reference", "closes": "date", "signed": "instant", "odds": "number",
    }  # fmt: skip


@pytest.mark.guarantee("G31")
def test_keys_that_are_no_numbers_are_given_out_here(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        connection.execute(text("CREATE TABLE tickets (id uuid PRIMARY KEY, subject text)"))
        records = Records(connection, Catalog())
        subjects = [str(number) for number in range(50)]
        ids = records.insert("tickets", object_frame({"subject": subjects}))
        assert records.names("tickets", "subject", ids) == dict(zip(ids, subjects, strict=True))
        assert len(records.scan("tickets", [], min(ids), 100)) == 49


@pytest.mark.guarantee("G31")
def test_keys_that_are_given_are_kept_in_order(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE countries (code VARCHAR(2) PRIMARY KEY, name VARCHAR(80))"))
    records = Records(connection, Catalog())
    assert records.insert("countries", object_frame({"code": ["pl", "de"], "name": ["Poland", "Germany"]})) == [
        "pl",
        "de",
    ]
    assert records.read("countries", ["name"], ["de", "pl"])["name"].tolist() == ["Germany", "Poland"]


@pytest.mark.guarantee("G17")
def test_locked_records_are_not_written_by_others(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        (role,) = insert(Records(connection, Catalog()), "role", {"name": "A"})
    with postgresql.begin() as mine, postgresql.connect() as other:
        Records(mine, Catalog()).read("role", ["name"], [role], lock=True)
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("SET lock_timeout = '50ms'; UPDATE roles SET name = 'B'"))


@pytest.mark.requirement("STG-013")
@pytest.mark.requirement("STG-014")
def test_a_prospect_has_a_stage_by_reference_and_one_by_name(records: Records) -> None:
    fields = records.describe("prospect").fields
    assert (fields["stage_id"].kind, fields["stage_id"].refers_to) == ("reference", ("stage",))
    assert fields["stage_name"].kind == "text"


def test_the_description_tells_what_the_schema_allows(records: Records) -> None:
    prospect = records.describe("prospect").fields
    assert prospect["email"].length == 254
    assert prospect["email"].unique
    assert prospect["account_id"].refers_to == ("account",)
    assert prospect["opted_out"].kind == "boolean"
    assert not prospect["opted_out"].required
    assert not prospect["updated_at"].updateable
    account = records.describe("account").fields
    assert account["name"].required
    assert (account["employees"].kind, account["revenue"].kind) == ("integer", "number")
    assert records.describe("stage").fields["name"].unique
