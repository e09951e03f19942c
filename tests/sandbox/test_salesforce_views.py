"""List views and reports, as a client reads them."""

from __future__ import annotations

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead


def test_a_list_view_tells_its_query_and_shows_its_records(api: Api, salesforce: Salesforce) -> None:
    web, _ = (salesforce.edit("Lead", **lead(LeadSource=source)) for source in ("Web", "Other"))
    listed = api.get("/sobjects/Lead/listviews").json()
    assert (listed["done"], listed["size"], listed["sobjectType"]) == (True, 2, "Lead")
    (view,) = (each for each in listed["listviews"] if each["developerName"] == "WebLeads")
    described = api.get(view["describeUrl"]).json()
    assert [each["Id"] for each in api.query(described["query"])["records"]] == [web]
    shown = api.get(view["resultsUrl"]).json()
    cells = {each["fieldNameOrPath"]: each["value"] for each in shown["records"][0]["columns"]}
    assert (shown["size"], shown["done"], cells["Name"], cells["Id"]) == (1, True, "Noether", web)
    found = api.query("SELECT Id, Name FROM ListView WHERE SobjectType = 'Lead' AND DeveloperName = 'WebLeads'")
    assert found["records"][0]["Id"] == view["id"]


def test_results_have_pages_of_25(api: Api, salesforce: Salesforce) -> None:
    rows = [lead(LastName=f"L{number:02}") for number in range(30)]
    salesforce.store.insert_many("Lead", rows, by=salesforce.org.user_id)
    (view,) = (each for each in api.get("/sobjects/Lead/listviews").json()["listviews"] if "Open" in each["label"])
    pages = [api.get(view["resultsUrl"], params={"offset": offset}).json() for offset in (0, 25)]
    assert [(page["size"], page["done"]) for page in pages] == [(25, False), (5, True)]
    assert api.get(view["resultsUrl"], params={"limit": 2001}).status_code == 400


def test_a_report_shows_its_rows_with_short_ids(api: Api, salesforce: Salesforce) -> None:
    record_id = salesforce.edit("Lead", **lead(Email="ada@example.org"))
    (report,) = (each for each in api.get("/analytics/reports").json() if each["name"] == "Leads by hand")
    answer = api.get(report["url"], params={"includeDetails": "true"}).json()
    columns = answer["reportMetadata"]["detailColumns"]
    (row,) = answer["factMap"]["T!T"]["rows"]
    values = {name: cell["value"] for name, cell in zip(columns, row["dataCells"], strict=True)}
    assert (values["LEAD_ID"], values["EMAIL"]) == (record_id[:15], "ada@example.org")
    assert answer["allData"]
    assert answer["reportExtendedMetadata"]["detailColumnInfo"]["LEAD_ID"]["dataType"] == "id"
    assert "rows" not in api.get(report["url"]).json()["factMap"]["T!T"]


def test_a_report_stops_after_two_thousand_rows(api: Api, salesforce: Salesforce) -> None:
    rows = [lead(Email=f"n{number}@example.org") for number in range(2_001)]
    salesforce.store.insert_many("Lead", rows, by=salesforce.org.user_id)
    (report,) = (each for each in api.get("/analytics/reports").json() if each["name"] == "Addresses only")
    answer = api.get(report["url"], params={"includeDetails": "true"}).json()
    whole = answer["factMap"]["T!T"]
    assert (answer["allData"], whole["aggregates"][0]["value"], len(whole["rows"])) == (False, 2_001, 2_000)


def test_views_and_reports_can_be_set(api: Api) -> None:
    view = {"object": "Contact", "name": "A", "developer_name": "A", "columns": ["Email"], "order": "Email"}
    assert api.call("PUT", "/__sandbox__/views", json={"list_views": [view]}).status_code == 204
    assert [each["label"] for each in api.get("/sobjects/Contact/listviews").json()["listviews"]] == ["A"]
    assert api.get("/sobjects/Lead/listviews").json()["listviews"] == []
