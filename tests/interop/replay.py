"""Sending recorded requests to a local org that holds what the real one held then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests

from sandbox.salesforce.server import Salesforce
from tests.interop.recordings import Recording

MASKED_ORG: Final = "00D0xORGID00000000"
RECORDED_MOMENT: Final = "Thu, 03 Sep 2020 21:35:07 GMT"
RECORD_ID: Final = re.compile(r"[0-9A-Za-z]{18}")
COUNTING: Final = re.compile(r"select count\(\w*\) from (\w+)", re.IGNORECASE)
CONDITION: Final = re.compile(r"where (\w+)\s*=\s*'([^']*)'", re.IGNORECASE)
UPSERT: Final = re.compile(r"/composite/sobjects/(?P<object>\w+)/(?P<field>\w+)$")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the local Salesforce answered; `answer` is parsed JSON or the text."""

    status: int
    content_type: str | None
    answer: Any


def replay(salesforce: Salesforce, recording: Recording) -> Replayed:
    """Fill the org so that the recorded answer is the right one, and send the recorded request."""
    adapted = _adapted(salesforce, recording)
    for query, answer in _parts(adapted):
        _seed(salesforce, query, answer)
    _seed_targets(salesforce, adapted)
    return send(salesforce, adapted)


def send(salesforce: Salesforce, recording: Recording) -> Replayed:
    """Send the request as it was recorded."""
    answer = requests.request(
        recording.method,
        salesforce.http_url + recording.path,
        params=dict(recording.query),
        data=None if recording.body is None else recording.body.encode(),
        headers={
            "Authorization": f"Bearer {token(salesforce)}",
            "X-SFDC-Session": token(salesforce),
            "Content-Type": "application/xml" if recording.path.startswith("/services/async/") else "application/json",
        },
        timeout=30,
    )
    return Replayed(answer.status_code, answer.headers.get("Content-Type"), _parsed(answer))


def token(salesforce: Salesforce) -> str:
    """An access token, without a call."""
    return salesforce.org.sessions.begin(salesforce.org.org_id, salesforce.org.user_id)


def _adapted(salesforce: Salesforce, recording: Recording) -> Recording:
    """The masked id of the org becomes its own, and the moment that lies behind its last change a later one."""
    later = format_datetime(salesforce.org.opened + timedelta(hours=1), usegmt=True)
    return replace(
        recording,
        path=recording.path.replace(MASKED_ORG, salesforce.org.org_id),
        body=recording.body and recording.body.replace(RECORDED_MOMENT, later),
    )


def _parts(recording: Recording) -> Iterator[tuple[str, Any]]:
    """Each query with its answer: of the request itself, or of the parts of a composite one."""
    if not recording.path.endswith("/composite"):
        yield recording.soql, recording.answer
        return
    requested = json.loads(recording.body or "{}")["compositeRequest"]
    for part, result in zip(requested, recording.answer["compositeResponse"], strict=True):
        yield dict(parse_qsl(urlsplit(part["url"]).query)).get("q", ""), result["body"]


def _seed(salesforce: Salesforce, soql: str, answer: Any) -> None:
    if not isinstance(answer, Mapping):
        return
    if counting := COUNTING.match(soql):
        # COUNT() answers with a size, COUNT(Id) with a record that holds the number.
        counts = [record["expr0"] for record in answer["records"]]
        _insert_some(salesforce, counting[1], *(counts or [answer["totalSize"]]))
        return
    asked = dict(CONDITION.findall(soql))
    for record in answer.get("records", ()):
        kind, record_id = record["attributes"]["type"], record["attributes"]["url"].rpartition("/")[2]
        values = {name: value for name, value in record.items() if name != "attributes"}
        for name in [name for name, value in values.items() if salesforce.store.schema[kind].field_named(name) is None]:
            _seed_children(salesforce, kind, record_id, name, values.pop(name))
        _insert(salesforce, kind, record_id, asked | values)
    for counted in answer.get("sObjects", ()):
        _insert_some(salesforce, counted["name"], counted["count"])


def _seed_children(salesforce: Salesforce, kind: str, parent_id: str, relationship: str, answer: Any) -> None:
    schema = salesforce.store.schema
    if answer and (found := schema.children_of(schema[kind], relationship)):
        _, link = found
        for record in answer["records"]:
            record[link.name] = parent_id
        _seed(salesforce, "", answer)
        for record in answer["records"]:
            del record[link.name]


def _seed_targets(salesforce: Salesforce, recording: Recording) -> None:
    """The records that a collection changes or refers to."""
    if "/composite/sobjects" not in recording.path:
        return
    upsert = UPSERT.search(recording.path)
    records = json.loads(recording.body or "{}")["records"]
    for record, result in zip(records, recording.answer, strict=True):
        for name, value in record.items():
            if name.endswith("Id") and isinstance(value, str) and RECORD_ID.fullmatch(value):
                _insert(salesforce, salesforce.store.schema.by_prefix[value[:3]].name, value, {})
        if upsert and upsert["field"] != "Id" and not result["created"]:
            key = {upsert["field"]: record[upsert["field"]]}
            _insert(salesforce, upsert["object"], result["id"], key)


def _insert_some(salesforce: Salesforce, object_name: str, count: int) -> None:
    rows: list[Mapping[str, Any]] = [{"Name": f"{object_name} {number}"} for number in range(count)]
    salesforce.store.insert_many(object_name, rows, by=salesforce.org.user_id)


def _insert(salesforce: Salesforce, object_name: str, record_id: str, values: Mapping[str, Any]) -> None:
    if salesforce.store.get(object_name, record_id) is None:
        stored = salesforce.store.schema[object_name].fields
        row = {name: value for name, value in values.items() if stored[name].stored} | {"Id": record_id}
        salesforce.store.insert_many(object_name, [row], by=salesforce.org.user_id)


def _parsed(answer: requests.Response) -> Any:
    return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text
