"""The way of a request: session, limits, counting, faults, and the resource that answers it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found, unsupported
from sandbox.salesforce.web import bulk_one, composite, discovery
from sandbox.salesforce.web.call import Answer, Call, refused
from sandbox.salesforce.web.routes import OPEN_ROUTES, REST_ROUTES, Route, composite_routes
from sandbox.salesforce.work import ClosingError

MAXIMUM_HEAD: Final = 16_384
HTML_503: Final = (
    b"<html><head><title>Server Unavailable</title></head><body><h1>We are down for maintenance.</h1></body></html>"
)
# Real APIs and resources that are left out: said plainly.
OTHER_APIS: Final = ("/services/apexrest/", "/services/Soap/")
UNSERVED: Final = (
    "/composite/graph",
    "/composite/tree",
    "/search",
    "/parameterizedSearch",
    "/tooling",
    "/analytics",
    "/ui-api",
)


def handle(org: Org, call: Call) -> Answer:
    """Answer a request from outside; when the server ends meanwhile, the line is cut."""
    try:
        with org.work.under_way():
            return _handle(org, call)
    except ClosingError:
        return Answer(cut=True)


def _handle(org: Org, call: Call) -> Answer:
    try:
        if found := _find(OPEN_ROUTES, call):
            return _open(org, found[0], found[1])
        if call.path.startswith(OTHER_APIS):
            raise unsupported(f"{call.method} {call.path}")
        _check_head(call)
        user_id = _session(org, call)
        answer = _metered(org, call.with_(user_id=user_id))
    except Refusal as refusal:
        answer = _refused(call, refusal)
    usage = {"Sforce-Limit-Info": org.meter.header} if call.path.startswith("/services/data/v") else {}
    return replace(answer, headers={**answer.headers, **usage})


def dispatch(org: Org, call: Call) -> Answer:
    """Answer one call of a known user, neither counted nor disturbed: also a part of a composite request."""
    try:
        route, placed = _route(call)
        return route.handlers[placed.method](org, placed)
    except Refusal as refusal:
        return _refused(call, refusal)


def _refused(call: Call, refusal: Refusal) -> Answer:
    return bulk_one.refused(call, refusal) if call.path.startswith(bulk_one.PATHS) else refused(refusal)


def _open(org: Org, route: Route, call: Call) -> Answer:
    if route.kind:
        org.meter.count(route.kind)
        if answer := _struck(org, call):
            return answer
    return route.handlers[call.method](org, call)


def _metered(org: Org, call: Call) -> Answer:
    route, placed = _route(call)
    where = {"method": call.method, "path": call.path}
    if org.meter.exhausted or org.faults.take("daily_limit", **where):
        raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    org.meter.count(route.kind, composite.charge(placed) if route.kind == "composite_batch" else 1)
    if answer := _struck(org, call):
        return answer
    answer = dispatch(org, call)
    if fault := org.faults.take("slow", lambda each: bool(each["done"]), **where):
        org.work.pause(fault["delay"])
    return Answer(cut=True) if org.faults.take("cut_after", **where) else answer


def _struck(org: Org, call: Call) -> Answer | None:
    """What a fault answers instead of the resource."""
    faults, where = org.faults, {"method": call.method, "path": call.path}
    if fault := faults.take("slow", lambda each: not each["done"], **where):
        org.work.pause(fault["delay"])
    if faults.take("cut_before", **where):
        return Answer(cut=True)
    if fault := faults.take("unavailable", **where):
        if fault["html"]:
            return Answer(status=503, body=HTML_503, content_type="text/html;charset=UTF-8")
        raise Refusal(503, "SERVER_UNAVAILABLE", "Server Unavailable")
    if faults.take("concurrent_limit", **where):
        raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded")
    return None


def _session(org: Org, call: Call) -> str:
    token = _token(call)
    user_id, where = org.sessions.user_of(token), {"method": call.method, "path": call.path}
    if user_id is not None and org.faults.take("expired_session", **where):
        org.sessions.end(token)
        user_id = None
    if user_id is None:
        raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if fault := org.faults.take("api_disabled", **where):
        raise Refusal(403, fault["code"], "API is not enabled for this Organization or Partner")
    return user_id


def _token(call: Call) -> str:
    if call.path.startswith(bulk_one.PATHS):
        return call.headers.get("x-sfdc-session", "")
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in {"bearer", "oauth"} else ""


def _check_head(call: Call) -> None:
    uri = len(call.headers.get(":uri", call.path))
    if uri > MAXIMUM_HEAD:
        raise Refusal(414, "URI_TOO_LONG", f"The length of the URI exceeds the {MAXIMUM_HEAD} byte limit")
    if uri + sum(len(name) + len(value) for name, value in call.headers.items() if name != ":uri") > MAXIMUM_HEAD:
        raise Refusal(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", f"URI and headers exceed the {MAXIMUM_HEAD} byte limit")


def _route(call: Call) -> tuple[Route, Call]:
    if found := _find((*REST_ROUTES, *COMPOSITE_ROUTES), call):
        return found
    if any(part in call.path for part in UNSERVED):
        raise unsupported(f"{call.method} {call.path}")
    raise not_found()


def _find(routes: tuple[Route, ...], call: Call) -> tuple[Route, Call] | None:
    path = call.path.rstrip("/") or "/"
    for route in routes:
        if found := route.pattern.match(path):
            if call.method not in route.handlers:
                allowed = ", ".join(route.handlers)
                message = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
                raise Refusal(405, "METHOD_NOT_ALLOWED", message)
            placed = call.with_(parameters=found.groupdict())
            return (route, placed) if discovery.knows(placed) else None
    return None


COMPOSITE_ROUTES: Final = composite_routes(dispatch)
