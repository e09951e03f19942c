"""Several requests in one call: a composite counts once, however many subrequests it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modstamp.connectors.salesforce.calls import Answer, Calls, Request
from modstamp.connectors.salesforce.errors import RefusedError

LARGE_PARTS = 5  # collections and queries that one composite may hold
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One subrequest; `path` is relative to the versioned root."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAnswer:
    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return self.status in _OK


def send(
    calls: Calls, kind: str, type_name: str, parts: Sequence[Part], *, writes: bool = False
) -> tuple[list[PartAnswer], Answer]:
    """Answers in the order of the parts, and that of the whole call.

    Parts are carried out one after the other: with `collateSubrequests` a read could overtake the write before it.
    """
    body = {
        "allOrNone": False,
        "collateSubrequests": False,
        "compositeRequest": [_part(calls, number, part) for number, part in enumerate(parts)],
    }
    headers = {name: value for part in parts for name, value in part.headers.items()}
    request = Request(
        kind=kind, method="POST", path="composite", type_name=type_name, json=body, headers=headers, writes=writes
    )
    answer = calls.send(request)
    found = {entry["referenceId"]: entry for entry in answer.body["compositeResponse"]}
    ordered = [found[_reference(number)] for number in range(len(parts))]
    return [PartAnswer(status=entry["httpStatusCode"], body=entry["body"]) for entry in ordered], answer


def alone(calls: Calls, kind: str, type_name: str, part: Part) -> PartAnswer:
    """A write outside of any composite, answered as one within."""
    request = Request(
        kind=kind,
        method=part.method,
        path=part.path,
        type_name=type_name,
        json=part.body,
        headers=part.headers,
        writes=True,
    )
    try:
        return PartAnswer(status=200, body=calls.send(request).body)
    except RefusedError as error:
        return PartAnswer(status=400, body=[{"errorCode": error.code, "message": str(error)}])


def _part(calls: Calls, number: int, part: Part) -> dict[str, Any]:
    entry = {"method": part.method, "url": calls.url(part.path), "referenceId": _reference(number)}
    if part.body is not None:
        entry["body"] = part.body
    return {**entry, "httpHeaders": dict(part.headers)} if part.headers else entry


def _reference(number: int) -> str:
    return f"part{number}"
