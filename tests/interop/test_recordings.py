"""Requests that were recorded from real orgs get answers of the same shape from the local Salesforce."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import BAD_REQUEST
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.interop.expected import ACCEPTED, NOT_SERVED, genuine, reason
from tests.interop.figures import Figures
from tests.interop.recordings import Recording, load
from tests.interop.replay import Replayed, replay, send, token
from tests.interop.shapes import arranged, differences

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]
Start = Callable[..., Salesforce]
# Of the pinned wheel; fewer would mean that something is no longer compared.
REPLAYED = 80
JOBS = "/services/async/59.0/job"
ORDER = (
    '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><operation>query</operation>'
    "<object>Lead</object><contentType>CSV</contentType></jobInfo>"
)


@pytest.fixture(scope="session")
def recordings(recordings_folder: Path) -> list[Recording]:
    return [each for each in load(recordings_folder) if genuine(each)]


def compared(recording: Recording, salesforce: Salesforce) -> list[str]:
    """The differences between the recorded answer and ours."""
    ours = replay(salesforce, recording)
    found = differences(recording.status, ours.status, exact=True, at="status")
    if recording.content_type:
        found += differences(recording.content_type, ours.content_type, exact=True, at="content type")
    exact = recording.describes or bool(recording.soql and "LIMIT" not in recording.soql)
    one, other = arranged(recording.answer, salesforce), arranged(ours.answer, salesforce)
    return found + differences(one, other, exact=exact)


def test_every_replayed_answer_has_the_recorded_shape(
    recordings: list[Recording], start_salesforce: Start, figures: Figures
) -> None:
    replayed = [each for each in recordings if reason(each) is None]
    found: set[tuple[str, str]] = set()
    with figures.noted("cumulusci 4.10.1", "recordings replayed", len(replayed)):
        for recording in replayed:
            found |= {(recording.title, each) for each in compared(recording, start_salesforce())}
    unexpected = [each for each in found if not any(re.search(pattern, each[1]) for pattern in ACCEPTED)]
    assert not unexpected, "\n".join(map(str, sorted(unexpected)))
    unused = [pattern for pattern in ACCEPTED if not any(re.search(pattern, each[1]) for each in found)]
    assert not unused
    assert len(replayed) == REPLAYED


def test_what_is_not_served_is_refused_and_not_answered_wrongly(
    recordings: list[Recording], salesforce: Salesforce
) -> None:
    left_out = [each for each in recordings if reason(each) is not None]
    answered = [each for each in left_out if not refused(send(salesforce, each))]
    # A count of a type that is not there is left out, and an Account without persons is described as such.
    rightly = [each for each in answered if "/recordCount" in each.path or reason(each) == "person accounts"]
    assert [each.title for each in answered] == [each.title for each in rightly]
    assert {reason(each) for each in left_out} == NOT_SERVED.keys()


def refused(answer: Replayed) -> bool:
    """Whether the request, or one of the parts of a composite one, was refused."""
    parts = answer.answer.get("compositeResponse", ()) if isinstance(answer.answer, dict) else ()
    statuses = [answer.status, *(int(part["httpStatusCode"]) for part in parts)]
    return max(statuses) >= BAD_REQUEST


def test_the_first_bulk_api_tells_of_jobs_and_batches_in_the_recorded_elements(
    recordings: list[Recording], salesforce: Salesforce
) -> None:
    headers = {"X-SFDC-Session": token(salesforce), "Content-Type": "application/xml"}

    def call(method: str, path: str, body: str | None = None) -> ET.Element:
        answer = requests.request(method, salesforce.http_url + JOBS + path, data=body, headers=headers, timeout=30)
        assert answer.headers["Content-Type"] == "application/xml", answer.text
        return ET.fromstring(answer.content)  # noqa: S314 - our own server's answer

    job = call("POST", "", ORDER)
    job_id = job.findtext("{*}id")
    batch = call("POST", f"/{job_id}/batch", "SELECT Id FROM Lead")
    told = [job, batch, call("GET", f"/{job_id}"), call("GET", f"/{job_id}/batch")]
    assert {outline(each) for each in told} <= recorded_outlines(recordings)


def recorded_outlines(recordings: list[Recording]) -> set[str]:
    bodies = [each.answer for each in recordings if each.content_type == "application/xml"]
    return {outline(ET.fromstring(body)) for body in bodies}  # noqa: S314 - pinned by its hash


def outline(element: ET.Element) -> str:
    """The names of an element and of all within it, in order, and how its texts look."""
    text = re.sub(r"\d+", "0", element.text or "") if element.tag.endswith(("Date", "Modstamp")) else ""
    return f"{element.tag}={text.strip()}({','.join(map(outline, element))})"


@pytest.mark.parametrize(
    ("recorded", "ours", "told"),
    [
        ({"a": 1}, {}, ["$.a: missing here"]),
        ({}, {"a": 1}, ["$.a: not recorded"]),
        ([{"id": "x"}], [{"id": 5}], ["$[0].id: recorded text, here number"]),
        ({"id": True}, {"id": 1}, ["$.id: recorded boolean, here number"]),
        ([1], [1, 2], ["$: recorded 1 entries, here 2"]),
        ({"errors": []}, {"errors": None}, ["$.errors: recorded list, here null"]),
        ({"errorCode": "A"}, {"errorCode": "B"}, ["$.errorCode: recorded 'A', here 'B'"]),
        ({"Name": "x", "Fax": None}, {"Name": "y", "Fax": "1"}, []),
    ],
)
def test_the_comparison_sees_what_differs(recorded: object, ours: object, told: list[str]) -> None:
    assert differences(recorded, ours) == told
