"""The first Bulk API, as far as it is served: reading."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead

PATH = "/services/async/61.0/job"
XML_ORDER = (
    '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><operation>{operation}</operation>'
    "<object>Lead</object><contentType>CSV</contentType></jobInfo>"
)


def call(api: Api, method: str, path: str, content: str = "application/json", **options: Any) -> requests.Response:
    headers = {
        "Content-Type": content,
        "X-SFDC-Session": str(api.session.headers["Authorization"]).removeprefix("Bearer "),
        "Authorization": "",
    }
    url = api.server.login_url + PATH + path
    return api.session.request(method, url, headers=headers, timeout=10, **options)


def open_job(api: Api, operation: str = "query") -> str:
    answer = call(api, "POST", "", json={"operation": operation, "object": "Lead", "contentType": "CSV"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def element(answer: requests.Response, name: str) -> str:
    found = ET.fromstring(answer.content).find(f".//{{*}}{name}")  # noqa: S314 - our own server's answer
    assert found is not None, answer.text
    return str(found.text)


@pytest.mark.parametrize(("operation", "expected"), [("query", 2), ("queryAll", 3)])
def test_a_query_is_read_by_job_batch_and_result(
    api: Api, salesforce: Salesforce, operation: str, expected: int
) -> None:
    user_id = salesforce.org.user_id
    record_ids = salesforce.store.insert_many("Lead", [lead(LastName=name) for name in ("Ä,\n", "B", "C")], by=user_id)
    salesforce.store.delete("Lead", record_ids[2:], by=user_id)
    job = open_job(api, operation)
    queued = call(api, "POST", f"/{job}/batch", "text/csv", data="SELECT Id, LastName FROM Lead ORDER BY Id")
    batch = element(queued, "id")
    assert (queued.status_code, element(queued, "state")) == (201, "Queued")
    assert queued.headers["Location"] == f"{PATH}/{job}/batch/{batch}"
    assert call(api, "POST", f"/{job}", json={"state": "Closed"}).json()["state"] == "Closed"
    assert element(call(api, "GET", f"/{job}/batch"), "id") == batch
    assert element(call(api, "GET", f"/{job}/batch/{batch}"), "numberRecordsProcessed") == str(expected)
    result = element(call(api, "GET", f"/{job}/batch/{batch}/result"), "result")
    file = call(api, "GET", f"/{job}/batch/{batch}/result/{result}")
    assert file.headers["Content-Type"] == "text/csv"
    assert file.content.decode().startswith(f'"Id","LastName"\n"{record_ids[0]}","Ä,\n"\n')
    assert file.text.count('"00Q') == expected
    assert salesforce.counts()["bulk_one"] == 7


def test_a_job_asked_for_in_xml_answers_in_xml(api: Api) -> None:
    answer = call(api, "POST", "", "application/xml", data=XML_ORDER.format(operation="query"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/xml")
    assert (element(answer, "state"), element(answer, "apiVersion")) == ("Open", "61.0")
    assert element(answer, "createdDate").endswith(".000Z")


def test_refusals_have_the_shape_of_this_api(api: Api) -> None:
    unknown = call(api, "GET", "/750000000000001AAA")
    assert (unknown.status_code, unknown.json()["exceptionCode"]) == (400, "InvalidJob")
    writing = call(api, "POST", "", "application/xml", data=XML_ORDER.format(operation="insert"))
    assert (writing.status_code, element(writing, "exceptionCode")) == (501, "NOT_SUPPORTED_HERE")
    job = open_job(api)
    compound = call(api, "POST", f"/{job}/batch", "text/csv", data="SELECT Address FROM Lead")
    assert (compound.status_code, element(compound, "exceptionCode")) == (400, "INVALIDENTITY")
    other = call(api, "POST", f"/{job}/batch", "text/csv", data="SELECT Id FROM Contact")
    assert element(other, "exceptionCode") == "InvalidBatch"


def test_only_its_own_header_carries_the_session(api: Api) -> None:
    url = f"{api.server.login_url}{PATH}/750000000000001AAA"
    answer = api.session.get(url, headers={"Content-Type": "application/json"}, timeout=10)
    assert (answer.status_code, answer.json()["exceptionCode"]) == (401, "INVALID_SESSION_ID")
