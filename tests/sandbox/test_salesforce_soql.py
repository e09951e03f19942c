"""SOQL: what it finds, and what it refuses in Salesforce's words."""

# ruff: noqa: S608 - what is put together here is SOQL, and the text is the test's own

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.server import Salesforce
from sandbox.salesforce.soql.dates import span
from sandbox.salesforce.soql.parse import parse
from tests.sandbox.conftest import Api, lead

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def people(salesforce: Salesforce) -> list[str]:
    """Ada (2026-03-01 12:00), Bob (12:01, no mail), Cyd (12:02)."""
    rows = [
        lead(LastName="Ada", Email="ada@x.org", City="Köln", AnnualRevenue=10.5, NumberOfEmployees=3, Rating="Hot"),
        lead(LastName="Bob", City="Rome", IsUnreadByOwner=True, Description="it's"),
        lead(LastName="Cyd", Email="CYD@x.org", City="rome", AnnualRevenue=200.0, Rating="100%_sure"),
    ]
    stamped = [{**row, "SystemModstamp": MOMENT + timedelta(minutes=place)} for place, row in enumerate(rows)]
    return salesforce.store.insert_many("Lead", stamped, created=MOMENT, by=salesforce.org.user_id)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Email = 'ada@x.org'", ["Ada"]),
        ("Email = 'cyd@X.ORG'", ["Cyd"]),
        ("Email = null", ["Bob"]),
        ("Email = ''", ["Bob"]),
        ("Email != null", ["Ada", "Cyd"]),
        ("Email != 'ada@x.org'", ["Bob", "Cyd"]),
        ("NOT Email = 'ada@x.org'", ["Bob", "Cyd"]),
        ("(NOT Email LIKE '%x%') AND City = 'ROME'", ["Bob"]),
        ("Email IN ('ada@x.org', null)", ["Ada", "Bob"]),
        ("Email NOT IN ('ada@x.org')", ["Bob", "Cyd"]),
        ("City LIKE 'r_me'", ["Bob", "Cyd"]),
        ("Rating LIKE '100\\%\\_%'", ["Cyd"]),
        ("AnnualRevenue > 10.5", ["Cyd"]),
        ("AnnualRevenue >= +1.05e1", ["Ada", "Cyd"]),
        ("NumberOfEmployees <> 3", ["Bob", "Cyd"]),
        ("IsUnreadByOwner = TRUE", ["Bob"]),
        ("IsUnreadByOwner = false AND (City = 'rome' OR Rating = 'Hot')", ["Ada", "Cyd"]),
        ("SystemModstamp = 2026-03-01T12:01:00Z", ["Bob"]),
        ("SystemModstamp >= 2026-03-01T12:01:00.900Z", ["Bob", "Cyd"]),
        ("SystemModstamp > 2026-03-01T13:01:00+01:00", ["Cyd"]),
        ("SystemModstamp < 2026-03-01T12:01:00.000+0000", ["Ada"]),
        ("CreatedDate < TODAY", ["Ada", "Bob", "Cyd"]),
        ("CreatedDate = LAST_N_DAYS:2", []),
        ("CreatedBy.Name LIKE 'Modstamp%' AND Owner.Type = 'User'", ["Ada", "Bob", "Cyd"]),
        ("Lead.City = 'Köln'", ["Ada"]),
        ("Id > ''", ["Ada", "Bob", "Cyd"]),
    ],
)
def test_finds_what_salesforce_would_find(api: Api, condition: str, expected: list[str]) -> None:
    assert api.names(condition) == expected


def test_ids_of_both_lengths_are_the_same(api: Api, people: list[str]) -> None:
    assert api.names(f"Id IN ('{people[0][:15]}', '{people[2]}')") == ["Ada", "Cyd"]


def test_the_keyset_walks_through_a_tie(api: Api, people: list[str]) -> None:
    keyset = f"(SystemModstamp = 2026-03-01T12:00:00Z AND Id > '{people[0]}') OR SystemModstamp > 2026-03-01T12:00:00Z"
    assert api.names(keyset) == ["Bob", "Cyd"]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Email", ["Bob", "Ada", "Cyd"]),
        ("Email NULLS LAST", ["Ada", "Cyd", "Bob"]),
        ("Email DESC", ["Bob", "Cyd", "Ada"]),
        ("City DESC, SystemModstamp DESC", ["Cyd", "Bob", "Ada"]),
        ("SystemModstamp LIMIT 1 OFFSET 1", ["Bob"]),
    ],
)
def test_orders_and_cuts(api: Api, order: str, expected: list[str]) -> None:
    page = api.query(f"SELECT Name FROM Lead ORDER BY {order}")
    assert [record["Name"] for record in page["records"]] == expected


@pytest.mark.usefixtures("people")
def test_counts_without_records(api: Api) -> None:
    assert api.query("select count() from Lead where City = 'Rome'") == {"totalSize": 2, "done": True, "records": []}


@pytest.mark.usefixtures("people")
def test_counts_values_in_a_record_of_its_own(api: Api) -> None:
    page = api.query("SELECT COUNT(Email) FROM Lead")
    assert page["records"] == [{"attributes": {"type": "AggregateResult"}, "expr0": 2}]


@pytest.mark.usefixtures("people")
def test_nests_parents_and_addresses(api: Api) -> None:
    record = api.query("SELECT Owner.Name, CreatedBy.UserRole.Name, Address FROM Lead LIMIT 1")["records"][0]
    assert record["Owner"]["Name"] == "Modstamp Integration"
    assert record["Owner"]["attributes"]["type"] == "User"
    assert record["CreatedBy"]["UserRole"] is None
    assert record["Address"]["city"] == "Köln"


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        (
            "select count() from XYZZY",
            "INVALID_TYPE",
            "select count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not",
        ),
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "ERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Lead'"),
        ("SELECT Id FROM Lead WHERE Nope.Name = 'x'", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT Id FROM Lead WHERE Email = 'a' AND City = 'b' OR City = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM Lead WHERE Email = 'a' AND NOT City = 'b'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE Email = ada", "MALFORMED_QUERY", ""),
        (
            "SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-01T00:00:00 00:00", "MALFORMED_QUERY", ""),
        ("SELECT Id FROM Lead WHERE City = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Lead WHERE IsConverted > false", "INVALID_QUERY_FILTER_OPERATOR", ""),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Lead ORDER BY Description", "MALFORMED_QUERY", "can not be sorted in a query call"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_refuses_in_salesforces_words(api: Api, soql: str, code: str, words: str) -> None:
    refusal = api.refusal(soql)
    assert refusal["errorCode"] == code
    assert words in refusal["message"]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Company FROM Lead GROUP BY ROLLUP(Company)",
        "SELECT FIELDS(ALL) FROM Lead",
        "SELECT Id, (SELECT Id, (SELECT Id FROM Cases) FROM Contacts) FROM Account",
        "SELECT Id FROM Lead WHERE Id IN (SELECT ConvertedContactId FROM Lead)",
        "SELECT Id FROM Lead FOR UPDATE",
    ],
)
def test_says_so_when_it_does_not_serve_something(soql: str) -> None:
    with pytest.raises(Refusal, match="not supported here") as caught:
        parse(soql)
    assert caught.value.status == 501


def test_a_query_may_be_long_but_not_too_long() -> None:
    ids = ", ".join(f"'{number:018}'" for number in range(4_000))
    assert parse(f"SELECT Id FROM Lead WHERE Id IN ({ids})").fields
    with pytest.raises(Refusal, match="100000"):
        parse(f"SELECT Id FROM Lead WHERE Id IN ({ids}, {ids})")


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("today", ("2026-03-01", "2026-03-02")),
        ("YESTERDAY", ("2026-02-28", "2026-03-01")),
        ("THIS_WEEK", ("2026-03-01", "2026-03-08")),
        ("LAST_MONTH", ("2026-02-01", "2026-03-01")),
        ("NEXT_QUARTER", ("2026-04-01", "2026-07-01")),
        ("LAST_YEAR", ("2025-01-01", "2026-01-01")),
        ("LAST_N_DAYS:3", ("2026-02-26", "2026-03-02")),
        ("NEXT_N_MONTHS:2", ("2026-04-01", "2026-06-01")),
        ("LAST_N_QUARTERS:1", ("2025-10-01", "2026-01-01")),
        ("N_DAYS_AGO:1", ("2026-02-28", "2026-03-01")),
    ],
)
def test_date_literals_are_spans_of_days(literal: str, expected: tuple[str, str]) -> None:
    found: Any = span(literal, MOMENT.date())
    assert tuple(day.isoformat() for day in found) == expected
