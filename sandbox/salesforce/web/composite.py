"""Several calls in one: composite (later parts may use answers of earlier ones) and batch (independent parts)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, malformed_json
from sandbox.salesforce.web.call import Answer, Call, refused
from sandbox.salesforce.web.references import References, halted

MOST_PARTS: Final = 25
MOST_HEAVY_PARTS: Final = 5
HEAVY: Final = re.compile(r"/composite/sobjects(/|$)|/query(All)?(/|$)")
NAME: Final = re.compile(r"[A-Za-z0-9_]+")
BAD: Final = 400
Dispatch = Callable[[Org, Call], Answer]
Part = Mapping[str, Any]
Result = dict[str, Any]


def composite(dispatch: Dispatch, org: Org, call: Call) -> Answer:
    """Run the parts in order; with `allOrNone` one failure undoes all."""
    parts = _parts(call, "compositeRequest")
    _check(parts)
    if not call.json_object.get("allOrNone"):
        return Answer(body={"compositeResponse": _run(dispatch, org, call, parts)})
    results: list[Result] = []
    try:
        with org.store.writing():
            results = _run(dispatch, org, call, parts)
            _undo_unless_good(results)
    except _Undone:
        results = [_undone(result) for result in results]
    return Answer(body={"compositeResponse": results})


def batch(dispatch: Dispatch, org: Org, call: Call) -> Answer:
    """Run independent parts; with `haltOnError` those after a failure are not run."""
    results: list[Result] = []
    failed = False
    for part in _parts(call, "batchRequests"):
        if failed and call.json_object.get("haltOnError"):
            answer = refused(Refusal(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request"))
        else:
            answer = dispatch(org, _sub_call(call, part, str(part.get("url")), part.get("richInput")))
        failed = failed or answer.status >= BAD
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(body={"hasErrors": failed, "results": results})


def charge(call: Call) -> int:
    """How many calls a batch counts as: one per part."""
    return len(_parts(call, "batchRequests"))


def _check(parts: list[Part]) -> None:
    heavy = sum(1 for part in parts if HEAVY.search(urlsplit(str(part.get("url"))).path))
    if heavy > MOST_HEAVY_PARTS:
        message = f"The request can't contain more than {MOST_HEAVY_PARTS} sObject Collections or query operations"
        raise Refusal(400, "INVALID_INPUT", message)
    names = [str(part.get("referenceId")) for part in parts]
    if not all(part.get("referenceId") and NAME.fullmatch(name) for part, name in zip(parts, names, strict=True)):
        raise Refusal(400, "INVALID_INPUT", "Each subrequest needs a referenceId of letters, digits and underscores")
    if len(set(names)) < len(names):
        raise Refusal(400, "INVALID_INPUT", "Each referenceId may be used once")


def _run(dispatch: Dispatch, org: Org, call: Call, parts: list[Part]) -> list[Result]:
    references = References()
    results: list[Result] = []
    for part in parts:
        name = str(part["referenceId"])
        try:
            url = str(references.filled(str(part.get("url"))))
            answer = dispatch(org, _sub_call(call, part, url, references.filled(part.get("body"))))
        except Refusal as refusal:
            answer = refused(refusal)
        if answer.status >= BAD:
            references.failed.add(name)
        else:
            references.bodies[name] = answer.body
        results.append(
            {
                "body": answer.body,
                "httpHeaders": dict(answer.headers),
                "httpStatusCode": answer.status,
                "referenceId": name,
            }
        )
    return results


def _sub_call(call: Call, part: Part, url: str, body: Any) -> Call:
    split = urlsplit(url if url.startswith("/") else f"/services/data/{url}")
    headers = {str(name).lower(): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    return Call(
        method=str(part.get("method", "GET")).upper(),
        path=unquote(split.path),
        query=dict(parse_qsl(split.query, keep_blank_values=True)),
        headers=headers,
        body=b"" if body is None else json.dumps(body).encode(),
        origin=call.origin,
        user_id=call.user_id,
    )


def _parts(call: Call, key: str) -> list[Part]:
    parts = call.json_object.get(key)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise malformed_json(f"{key} must be a list of objects")
    if len(parts) > MOST_PARTS:
        raise Refusal(400, "INVALID_INPUT", f"Cannot have more than {MOST_PARTS} subrequests, but got {len(parts)}")
    return parts


class _Undone(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


def _undo_unless_good(results: list[Result]) -> None:
    if any(result["httpStatusCode"] >= BAD for result in results):
        raise _Undone


def _undone(result: Result) -> Result:
    if result["httpStatusCode"] >= BAD:
        return result
    refusal = halted()
    return result | {"body": refusal.body(), "httpHeaders": {}, "httpStatusCode": refusal.status}
