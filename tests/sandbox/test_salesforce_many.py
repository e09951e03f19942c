"""Many records in one call: collections, composite, batch and Bulk 2.0."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import VERSION, Api, lead

COLLECTION = "/composite/sobjects"


def typed(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, **lead(**values)}


def codes(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["errors"][0]["statusCode"] if each["errors"] else "ok" for each in answer.json()]


def test_a_collection_answers_for_each_record_in_order(api: Api, salesforce: Salesforce) -> None:
    records = [typed(), typed(Company="x" * 300), typed(LastName=None)]
    assert codes(api.post(COLLECTION, {"records": records})) == ["ok", "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING"]
    assert salesforce.store.count("Lead") == 1


def test_all_or_none_undoes_what_was_good(api: Api, salesforce: Salesforce) -> None:
    answer = api.post(COLLECTION, {"allOrNone": True, "records": [typed(), typed(Company=None)]})
    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert salesforce.store.count("Lead") == 0


def test_upsert_says_what_is_new(api: Api) -> None:
    path = f"{COLLECTION}/Lead/Modstamp_Key__c"
    records = [typed(Modstamp_Key__c="a"), typed(Modstamp_Key__c="b")]
    assert [each["created"] for each in api.patch(path, {"records": records[:1]}).json()] == [True]
    assert [each["created"] for each in api.patch(path, {"records": records}).json()] == [False, True]
    by_id = api.patch(f"{COLLECTION}/Lead/Id", {"records": [typed(Id=None)]})
    assert by_id.json()[0].keys() == {"id", "success", "errors", "created"}


def test_update_retrieve_and_delete(api: Api, salesforce: Salesforce) -> None:
    found = salesforce.store.insert_many("Lead", [lead(), lead(), lead()], by=salesforce.org.user_id)
    changes = [{"attributes": {"type": "Lead"}, "Id": each, "City": "Bonn"} for each in (*found[:2], "00Q5g0000009999")]
    assert codes(api.patch(COLLECTION, {"records": changes})) == ["ok", "ok", "INVALID_CROSS_REFERENCE_KEY"]
    assert codes(api.call("DELETE", COLLECTION, params={"ids": ",".join(found[1:])})) == ["ok", "ok"]
    wanted = {"ids": [found[1], found[0], "nonsense", found[0]], "fields": ["Id", "City"]}
    posted = api.post(f"{COLLECTION}/Lead", wanted)
    asked = api.get(f"{COLLECTION}/Lead", params={name: ",".join(each) for name, each in wanted.items()})
    assert posted.json() == asked.json()
    assert [each and each["City"] for each in posted.json()] == [None, "Bonn", None, "Bonn"]


def test_the_numbers_of_collections_hold(api: Api) -> None:
    many = api.post(COLLECTION, {"records": [typed()] * 201})
    assert (many.status_code, many.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    ids = api.post(f"{COLLECTION}/Lead", {"ids": ["x"] * 2_001, "fields": ["Id"]})
    assert ids.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    mixed = [{"attributes": {"type": kind}, "Name": "x"} for kind in ("Account", "UserRole") * 6]
    assert api.post(COLLECTION, {"records": mixed}).status_code == 400


def test_composite_writes_and_reads_back_in_one_call(api: Api, salesforce: Salesforce) -> None:
    parts = [
        part("new", "POST", COLLECTION, {"records": [typed(City=" Köln "), typed(City="Bonn")]}),
        part("back", "POST", f"{COLLECTION}/Lead", {"ids": ["@{new[0].id}", "@{new[1].id}"], "fields": ["City"]}),
        part("one", "GET", "/sobjects/Lead/@{new[1].id}?fields=Name"),
    ]
    results = composite(api, parts)
    assert [each["httpStatusCode"] for each in results] == [200, 200, 200]
    assert [each["City"] for each in results[1]["body"]] == ["Köln", "Bonn"]
    assert results[2]["body"]["Name"] == "Noether"
    assert salesforce.counts()["composite"] == salesforce.counts()["charged"] == 1


def test_composite_stops_what_hangs_on_a_failure(api: Api, salesforce: Salesforce) -> None:
    parts = [
        part("good", "POST", "/sobjects/Account", {"Name": "Acme"}),
        part("bad", "POST", "/sobjects/Account", {}),
        part("hanging", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{bad.id}"}),
        part("missing", "GET", "/sobjects/Foo"),
    ]
    results = composite(api, parts)
    assert [each["httpStatusCode"] for each in results] == [201, 400, 400, 404]
    assert results[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert salesforce.store.count("Account") == 1
    undone = composite(api, parts[:2], allOrNone=True)
    assert [each["body"][0]["errorCode"] for each in undone] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert salesforce.store.count("Account") == 1


@pytest.mark.parametrize(
    "parts",
    [
        [("x%d", "GET", "/limits")] * 26,
        [("x%d", "GET", "/query?q=SELECT+Id+FROM+Lead")] * 6,
        [("same", "GET", "/limits")] * 2,
        [("not-a-name", "GET", "/limits")],
    ],
)
def test_the_numbers_of_composite_hold(api: Api, parts: list[tuple[str, str, str]]) -> None:
    request = [part(name.replace("%d", str(place)), *rest) for place, (name, *rest) in enumerate(parts)]
    assert api.post("/composite", {"compositeRequest": request}).status_code == 400


def test_each_part_of_a_batch_counts(api: Api, salesforce: Salesforce) -> None:
    parts = [{"method": "GET", "url": "v59.0/limits"}, {"method": "GET", "url": "v59.0/sobjects/Lead/nope"}]
    answer = api.post("/composite/batch", {"batchRequests": parts}).json()
    assert (answer["hasErrors"], [each["statusCode"] for each in answer["results"]]) == (True, [200, 404])
    assert salesforce.counts()["charged"] == 2


def part(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    return {"referenceId": name, "method": method, "url": VERSION + path} | ({"body": body} if body is not None else {})


def composite(api: Api, parts: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    answer = api.post("/composite", {"compositeRequest": parts, **options})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["compositeResponse"])


def test_bulk_query_in_pages(api: Api, salesforce: Salesforce) -> None:
    rows = [lead(LastName=f'Line\n"{number}"', IsUnreadByOwner=number == 0) for number in range(25)]
    salesforce.store.insert_many("Lead", rows, by=salesforce.org.user_id)
    soql = "SELECT LastName, City, IsUnreadByOwner, CreatedDate, Owner.Name FROM Lead"
    job = api.post("/jobs/query", {"operation": "query", "query": soql}).json()
    assert (job["state"], job["object"]) == ("UploadComplete", "Lead")
    path = f"/jobs/query/{job['id']}"
    assert api.get(path).json()["numberRecordsProcessed"] == 25
    first = api.get(f"{path}/results", params={"maxRecords": 20})
    rest = api.get(f"{path}/results", params={"maxRecords": 20, "locator": first.headers["Sforce-Locator"]})
    assert (first.headers["Sforce-NumberOfRecords"], rest.headers["Sforce-Locator"]) == ("20", "null")
    read = [*csv.DictReader(io.StringIO(first.text)), *csv.DictReader(io.StringIO(rest.text))]
    assert [each["LastName"] for each in read] == [row["LastName"] for row in rows]
    assert (read[0]["IsUnreadByOwner"], read[0]["City"], read[0]["Owner.Name"]) == ("true", "", "Modstamp Integration")
    assert read[0]["CreatedDate"].endswith(".000Z")
    assert api.get(f"/services/data/v58.0{path}").status_code == 409
    assert api.call("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_bulk_ingest_sorts_rows_by_what_became_of_them(api: Api, salesforce: Salesforce) -> None:
    table = 'Modstamp_Key__c,LastName,Company,City\na,Ada,Acme,"Köln\nRheinland"\nb,,Acme,\nc,Cyd,Acme,\n'
    job = ingest(api, table, operation="upsert", externalIdFieldName="Modstamp_Key__c")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 3, 1)
    done, failed, left = (
        list(csv.DictReader(io.StringIO(api.get(f"/jobs/ingest/{job['id']}/{name}").content.decode(), newline="")))
        for name in ("successfulResults", "failedResults", "unprocessedrecords")
    )
    assert [(each["sf__Created"], each["City"]) for each in done] == [("true", "Köln\nRheinland"), ("true", "")]
    assert failed[0]["sf__Error"].startswith(
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName--"
    )
    assert left == []
    again = ingest(
        api, "Modstamp_Key__c,City,Rating\na,#N/A,\n", operation="upsert", externalIdFieldName="Modstamp_Key__c"
    )
    assert again["numberRecordsFailed"] == 0
    assert next(salesforce.store.rows("Lead", "Modstamp_Key__c = 'a'"))["City"] is None


@pytest.mark.parametrize(
    ("table", "message"), [("Nope\nx\n", "Field name not found : Nope"), ("LastName\r\nx\r\n", "LineEnding is invalid")]
)
def test_bulk_ingest_fails_as_a_whole(api: Api, table: str, message: str) -> None:
    job = ingest(api, table, operation="insert")
    assert job["state"] == "Failed"
    assert message in job["errorMessage"]


def ingest(api: Api, table: str, **order: str) -> dict[str, Any]:
    job = api.post("/jobs/ingest", {"object": "Lead", "contentType": "CSV", "lineEnding": "LF", **order}).json()
    path = f"/jobs/ingest/{job['id']}"
    assert api.call("PUT", f"{path}/batches", data=table.encode()).status_code == 201
    assert api.patch(path, {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    while (job := api.get(path).json())["state"] not in {"JobComplete", "Failed"}:
        time.sleep(0.01)
    return dict(job)
