"""Queries that group records, and queries that bring children along."""

from __future__ import annotations

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api

DEALS = [("Prospecting", 10.0), ("Prospecting", 30.0), ("Closed Won", 7.0), ("Closed Won", None)]


@pytest.fixture
def deals(salesforce: Salesforce) -> None:
    rows = [{"Name": f"Deal {place}", "StageName": s, "Amount": a} for place, (s, a) in enumerate(DEALS)]
    salesforce.store.insert_many("Opportunity", rows, by=salesforce.org.user_id)


@pytest.mark.usefixtures("deals")
def test_records_are_grouped_counted_and_summed(api: Api) -> None:
    page = api.query(
        "SELECT StageName stage, COUNT(Id), SUM(Amount) total, MAX(Amount), COUNT(Amount) FROM Opportunity "
        "GROUP BY StageName HAVING COUNT(Id) > 1 ORDER BY SUM(Amount) DESC"
    )
    assert page["totalSize"] == 2
    assert page["records"][0] == {
        "attributes": {"type": "AggregateResult"},
        "stage": "Prospecting",
        "expr0": 2,
        "total": 40.0,
        "expr1": 30.0,
        "expr2": 2,
    }
    assert page["records"][1]["expr2"] == 1


@pytest.mark.usefixtures("deals")
def test_without_groups_all_records_are_one(api: Api) -> None:
    (record,) = api.query("SELECT COUNT_DISTINCT(StageName) n, AVG(Amount) a FROM Opportunity")["records"]
    assert (record["n"], round(record["a"], 2)) == (2, 15.67)
    (record,) = api.query("SELECT COUNT(Id), MIN(Amount) least FROM Opportunity WHERE Amount > 99")["records"]
    assert (record["expr0"], record["least"]) == (0, None)


@pytest.mark.parametrize(
    ("soql", "told"),
    [
        ("SELECT Name, COUNT(Id) FROM Lead", "Field must be grouped or aggregated: Name"),
        ("SELECT Description FROM Lead GROUP BY Description", "can not be grouped"),
        ("SELECT SUM(Name) FROM Lead", "does not support aggregate operator SUM"),
    ],
)
def test_what_cannot_be_grouped_is_refused(api: Api, soql: str, told: str) -> None:
    refusal = api.refusal(soql)
    assert refusal["errorCode"] == "MALFORMED_QUERY"
    assert told in refusal["message"]


def test_children_come_with_their_parents(api: Api, salesforce: Salesforce) -> None:
    full, empty = (salesforce.edit("Account", Name=name) for name in ("Full", "Empty"))
    for number in (3, 1, 2):
        salesforce.edit("Contact", LastName=f"N{number}", AccountId=full)
    salesforce.perform("delete", "Contact", salesforce.edit("Contact", LastName="Gone", AccountId=full))
    query = "SELECT Name, (SELECT LastName, Account.Name FROM Contacts WHERE LastName != 'N3' ORDER BY LastName) "
    page = api.query(query + "FROM Account ORDER BY Name")
    assert [each["Contacts"] is None for each in page["records"]] == [True, False]
    found = page["records"][1]["Contacts"]
    assert (found["totalSize"], found["done"]) == (2, True)
    assert [each["LastName"] for each in found["records"]] == ["N1", "N2"]
    assert found["records"][0]["Account"]["Name"] == "Full"
    limited = api.query("SELECT Id, (SELECT Id FROM Contacts LIMIT 1) FROM Account WHERE Name = 'Full'")
    assert limited["records"][0]["Contacts"]["totalSize"] == 1
    assert empty


def test_children_are_named_by_describe_and_by_nothing_else(api: Api) -> None:
    children = api.get("/sobjects/Opportunity/describe").json()["childRelationships"]
    assert ("OpportunityContactRole", "OpportunityContactRoles") in [
        (each["childSObject"], each["relationshipName"]) for each in children
    ]
    assert api.refusal("SELECT Id, (SELECT Id FROM Deals) FROM Account")["errorCode"] == "INVALID_TYPE"
    assert api.refusal("SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead")["errorCode"] == "NOT_SUPPORTED_HERE"
