"""A client that is as plain as can be: what the server says is what a test sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.fixtures.salesforce import salesforce, start_salesforce

__all__ = ["salesforce", "start_salesforce"]
VERSION = "/services/data/v59.0"


@dataclass
class Api:
    server: Salesforce
    session: requests.Session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        start = "" if path.startswith(("/services/oauth2", "/services/data", "/__sandbox__", "/id/")) else VERSION
        return self.session.request(method, self.server.login_url + start + path, timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **options)

    def query(self, soql: str, *, resource: str = "query", **headers: str) -> dict[str, Any]:
        answer = self.get(f"/{resource}", params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refusal(self, soql: str) -> dict[str, Any]:
        answer = self.get("/query", params={"q": soql})
        assert answer.status_code >= 400, answer.text
        return dict(answer.json()[0])

    def names(self, condition: str) -> list[str]:
        page = self.query(f"SELECT Name FROM Lead WHERE {condition} ORDER BY Name")  # noqa: S608 - SOQL
        return [record["Name"] for record in page["records"]]

    def all_pages(self, soql: str, *, resource: str = "queryAll", **headers: str) -> tuple[list[dict[str, Any]], int]:
        page = self.query(soql, resource=resource, **headers)
        records, pages = page["records"], 1
        while not page["done"]:
            page = self.get(page["nextRecordsUrl"], headers=headers).json()
            records += page["records"]
            pages += 1
        return records, pages


def logged_in(server: Salesforce) -> Api:
    session = requests.Session()
    # The environment's own CA bundle would win over ours.
    session.trust_env = False
    session.verify = str(server.ca_bundle)
    answer = session.post(
        f"{server.login_url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(server.client_id, server.client_secret),
        timeout=10,
    )
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return Api(server, session)


@pytest.fixture
def api(salesforce: Salesforce) -> Iterator[Api]:
    client = logged_in(salesforce)
    yield client
    client.session.close()


def lead(**values: Any) -> dict[str, Any]:
    return {"LastName": "Noether", "Company": "Göttingen", **values}
