"""Several calls in one: composite (later parts may use answers of earlier ones) and batch (independent parts)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, malformed_json
from sandbox.salesforce.web import routing
from sandbox.salesforce.web.call import Answer, Call

MOST_PARTS: Final = 25
MOST_COLLECTIONS: Final = 5
HEAVY: Final = re.compile(r"/composite/sobjects|/query|/queryAll|/sobjects/?$")
REFERENCE: Final = re.compile(r"@\{([^}]+)\}")
STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
BAD: Final = 400
Results = dict[str, Any]


def composite(org: Org, call: Call) -> Answer:
    parts = _parts(call, "compositeRequest")
    heavy = sum(1 for part in parts if HEAVY.search(urlsplit(str(part.get("url"))).path) and _is_heavy(part))
    if heavy > MOST_COLLECTIONS:
        message = f"The request can't contain more than {MOST_COLLECTIONS} sObject Collections or query operations"
        raise Refusal(400, "INVALID_INPUT", message)
    names = [part.get("referenceId") for part in parts]
    if not all(isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names):
        raise Refusal(400, "INVALID_INPUT", "Each subrequest needs a referenceId of letters, digits and underscores")
    if len(set(names)) < len(names):
        raise Refusal(400, "INVALID_INPUT", "Duplicate referenceId")
    if not call.json_object.get("allOrNone"):
        return Answer(body={"compositeResponse": _run(org, call, parts)})
    answers: list[Results] = []
    try:
        with org.store.writing():
            answers = _run(org, call, parts)
            if any(answer["httpStatusCode"] >= BAD for answer in answers):
                raise _RolledBack
    except _RolledBack:
        answers = [_halted(answer) for answer in answers]
    return Answer(body={"compositeResponse": answers})


def batch(org: Org, call: Call) -> Answer:
    results: list[Results] = []
    failed = False
    for part in _parts(call, "batchRequests"):
        if failed and call.json_object.get("haltOnError"):
            refusal = Refusal(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": refusal.body()})
            continue
        answer = routing.dispatch(org, _sub_call(call, part, str(part.get("url")), part.get("richInput")))
        failed = failed or answer.status >= BAD
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(body={"hasErrors": failed, "results": results})


def charge(call: Call) -> int:
    """How many calls a batch counts as: one per part."""
    return len(_parts(call, "batchRequests"))


def _run(org: Org, call: Call, parts: list[dict[str, Any]]) -> list[Results]:
    bodies: dict[str, Any] = {}
    failed: set[str] = set()
    answers: list[Results] = []
    for part in parts:
        name = part["referenceId"]
        try:
            url = str(_filled(str(part.get("url")), bodies, failed))
            answer = routing.dispatch(org, _sub_call(call, part, url, _filled(part.get("body"), bodies, failed)))
        except Refusal as refusal:
            answer = Answer(status=refusal.status, body=refusal.body())
        if answer.status >= BAD:
            failed.add(name)
        else:
            bodies[name] = answer.body
        answers.append(
            {
                "body": answer.body,
                "httpHeaders": dict(answer.headers),
                "httpStatusCode": answer.status,
                "referenceId": name,
            }
        )
    return answers


def _filled(value: Any, bodies: Mapping[str, Any], failed: set[str]) -> Any:
    """Put answers of earlier parts in the place of `@{name.path}`."""
    if isinstance(value, dict):
        return {key: _filled(each, bodies, failed) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, bodies, failed) for each in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole[1], bodies, failed)
    return REFERENCE.sub(lambda found: str(_looked_up(found[1], bodies, failed)), value)


def _looked_up(expression: str, bodies: Mapping[str, Any], failed: set[str]) -> Any:
    name, _, path = expression.partition(".")
    name, bracket, rest = name.partition("[")
    path = bracket + rest + ("." if bracket and path else "") + path
    if name in failed:
        message = "The transaction was rolled back since another operation in the same transaction failed."
        raise Refusal(400, "PROCESSING_HALTED", message)
    value: Any = bodies.get(name)
    for key, index in STEP.findall(path):
        value = _step(value, key, index)
        if value is None:
            raise Refusal(400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {expression} found")
    if value is None:
        raise Refusal(400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {expression} found")
    return value


def _step(value: Any, key: str, index: str) -> Any:
    if key and isinstance(value, dict):
        return value.get(key)
    if index and isinstance(value, list) and int(index) < len(value):
        return value[int(index)]
    return None


def _sub_call(call: Call, part: Mapping[str, Any], url: str, body: Any) -> Call:
    import json  # noqa: PLC0415

    if not url.startswith("/"):
        url = f"/services/data/{url}"
    split = urlsplit(url)
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


def _parts(call: Call, key: str) -> list[dict[str, Any]]:
    parts = call.json_object.get(key)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise malformed_json(f"{key} must be a list of objects")
    if len(parts) > MOST_PARTS:
        raise Refusal(400, "INVALID_INPUT", f"Cannot have more than {MOST_PARTS} subrequests, got {len(parts)}")
    return parts


def _is_heavy(part: Mapping[str, Any]) -> bool:
    path = urlsplit(str(part.get("url"))).path
    return "/composite/sobjects" in path or re.search(r"/query(All)?(/|$)", path) is not None


class _RolledBack(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


def _halted(answer: Results) -> Results:
    if answer["httpStatusCode"] >= BAD:
        return answer
    message = "The transaction was rolled back since another operation in the same transaction failed."
    refusal = Refusal(400, "PROCESSING_HALTED", message)
    return answer | {"body": refusal.body(), "httpHeaders": {}, "httpStatusCode": refusal.status}
