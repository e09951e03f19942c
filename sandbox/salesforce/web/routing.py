"""Which resource answers which path; and the way of a request through session, limits, counting and faults."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from re import Pattern
from types import MappingProxyType
from typing import Final

from starlette.routing import compile_path

from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found, unsupported
from sandbox.salesforce.web import (
    admin,
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    describe,
    discovery,
    limits,
    login,
    queries,
    replication,
    single,
)
from sandbox.salesforce.web.call import Answer, Call, refused

Handler = Callable[[Org, Call], Answer]
DATA: Final = "/services/data/v{version}"
MAXIMUM_HEAD: Final = 16_384
HTML_503: Final = (
    b"<html><head><title>Server Unavailable</title></head><body><h1>We are down for maintenance.</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Route:
    """One resource; `kind` is the name under which its calls are counted."""

    pattern: Pattern[str]
    kind: str
    handlers: Mapping[str, Handler]

    @classmethod
    def at(cls, path: str, kind: str, **handlers: Handler) -> Route:
        return cls(compile_path(path)[0], kind, MappingProxyType(handlers))


# Open to everybody: how to log in, and what versions there are.
OPEN_ROUTES: Final = (
    Route.at("/services/oauth2/token", "login", POST=login.token),
    Route.at("/services/oauth2/authorize", "login", GET=login.authorize),
    Route.at("/services/Soap/u/{version}", "login", POST=login.soap),
    Route.at("/services/Soap/u/{version}/{org}", "login", POST=login.soap),
    Route.at("/services/data", "versions", GET=discovery.versions),
    Route.at("/__sandbox__/faults", "", GET=admin.faults, POST=admin.add_fault, DELETE=admin.clear_faults),
    Route.at("/__sandbox__/counts", "", GET=admin.counts, DELETE=admin.reset_counts),
    Route.at("/__sandbox__/edit", "", POST=admin.edit),
    Route.at("/__sandbox__/rules", "", PUT=admin.set_rules),
    Route.at("/__sandbox__/clock", "", GET=admin.clock, PUT=admin.set_clock),
)
# These want a session; the more special path stands before the more general one.
ROUTES: Final = (
    Route.at("/services/oauth2/userinfo", "identity", GET=login.userinfo, POST=login.userinfo),
    Route.at("/id/{org}/{user}", "identity", GET=login.identity),
    Route.at(DATA, "versions", GET=discovery.resources),
    Route.at(f"{DATA}/sobjects", "describe", GET=describe.describe_global),
    Route.at(f"{DATA}/sobjects/{{object}}/describe", "describe", GET=describe.describe),
    Route.at(f"{DATA}/sobjects/{{object}}/updated", "replication", GET=replication.updated),
    Route.at(f"{DATA}/sobjects/{{object}}/deleted", "replication", GET=replication.deleted),
    Route.at(f"{DATA}/sobjects/{{object}}", "record", GET=describe.basic, POST=single.create),
    Route.at(
        f"{DATA}/sobjects/{{object}}/{{id}}",
        "record",
        GET=single.read,
        PATCH=single.update,
        DELETE=single.delete,
    ),
    Route.at(
        f"{DATA}/sobjects/{{object}}/{{field}}/{{value:path}}",
        "record",
        GET=single.read_by_key,
        PATCH=single.upsert,
        DELETE=single.delete_by_key,
    ),
    Route.at(f"{DATA}/query", "query", GET=queries.query),
    Route.at(f"{DATA}/queryAll", "query", GET=queries.query_all),
    Route.at(f"{DATA}/query/{{locator}}", "query", GET=queries.more),
    Route.at(f"{DATA}/queryAll/{{locator}}", "query", GET=queries.more),
    Route.at(
        f"{DATA}/composite/sobjects",
        "collections",
        POST=collections.create,
        PATCH=collections.update,
        DELETE=collections.delete,
    ),
    Route.at(
        f"{DATA}/composite/sobjects/{{object}}", "collections", GET=collections.retrieve, POST=collections.retrieve
    ),
    Route.at(f"{DATA}/composite/sobjects/{{object}}/{{field}}", "collections", PATCH=collections.upsert),
    Route.at(f"{DATA}/composite/batch", "composite_batch", POST=composite.batch),
    Route.at(f"{DATA}/composite", "composite", POST=composite.composite),
    Route.at(f"{DATA}/limits", "limits", GET=limits.limits),
    Route.at(f"{DATA}/limits/recordCount", "limits", GET=limits.record_count),
    Route.at(f"{DATA}/jobs/query", "bulk_query", GET=bulk_query.list_jobs, POST=bulk_query.create),
    Route.at(
        f"{DATA}/jobs/query/{{job}}",
        "bulk_query",
        GET=bulk_query.info,
        PATCH=bulk_query.abort,
        DELETE=bulk_query.delete,
    ),
    Route.at(f"{DATA}/jobs/query/{{job}}/results", "bulk_query", GET=bulk_query.results),
    Route.at(f"{DATA}/jobs/ingest", "bulk_ingest", GET=bulk_ingest.list_jobs, POST=bulk_ingest.create),
    Route.at(
        f"{DATA}/jobs/ingest/{{job}}",
        "bulk_ingest",
        GET=bulk_ingest.info,
        PATCH=bulk_ingest.change_state,
        DELETE=bulk_ingest.delete,
    ),
    Route.at(f"{DATA}/jobs/ingest/{{job}}/batches", "bulk_ingest", PUT=bulk_ingest.upload),
    Route.at(f"{DATA}/jobs/ingest/{{job}}/{{part}}", "bulk_ingest", GET=bulk_ingest.results),
)
# Real resources that are left out: said plainly.
UNSERVED: Final = (
    "/services/async/",
    "/composite/graph",
    "/composite/tree",
    "/search",
    "/parameterizedSearch",
    "/tooling",
    "/analytics",
    "/ui-api",
    "/services/apexrest",
    "/services/Soap/",
)


def handle(org: Org, call: Call) -> Answer:
    """Answer a request from outside; never raises a Refusal."""
    try:
        if found := _find(OPEN_ROUTES, call):
            return _open(org, found[0], found[1])
        _check_head(call)
        user_id = _session(org, call)
        answer = _metered(org, call.with_(user_id=user_id))
    except Refusal as refusal:
        answer = refused(refusal)
    usage = {"Sforce-Limit-Info": org.meter.header} if call.path.startswith("/services/data/v") else {}
    return Answer(
        status=answer.status,
        body=answer.body,
        headers={**answer.headers, **usage},
        content_type=answer.content_type,
        cut=answer.cut,
    )


def dispatch(org: Org, call: Call) -> Answer:
    """Answer one call of a known user, neither counted nor disturbed: also a part of a composite request."""
    try:
        route, placed = _route(call)
        return route.handlers[placed.method](org, placed)
    except Refusal as refusal:
        return refused(refusal)


def _open(org: Org, route: Route, call: Call) -> Answer:
    if route.kind:
        org.meter.count(route.kind)
        if answer := _struck(org, call):
            return answer
    return route.handlers[call.method](org, call)


def _metered(org: Org, call: Call) -> Answer:
    route, placed = _route(call)
    if org.meter.exhausted or org.faults.take("daily_limit", call.method, call.path):
        raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    org.meter.count(route.kind, composite.charge(placed) if route.kind == "composite_batch" else 1)
    if answer := _struck(org, call):
        return answer
    answer = dispatch(org, call)
    if org.faults.take("cut_after", call.method, call.path):
        return Answer(cut=True)
    return answer


def _struck(org: Org, call: Call) -> Answer | None:
    """What a fault answers instead of the resource."""
    faults, where = org.faults, (call.method, call.path)
    if fault := faults.take("slow", *where):
        time.sleep(fault.delay)
    if faults.take("cut_before", *where):
        return Answer(cut=True)
    if fault := faults.take("unavailable", *where):
        if fault.html:
            return Answer(status=503, body=HTML_503, content_type="text/html;charset=UTF-8")
        raise Refusal(503, "SERVER_UNAVAILABLE", "Server Unavailable")
    if faults.take("concurrent_limit", *where):
        raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded")
    return None


def _session(org: Org, call: Call) -> str:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    user_id = org.sessions.user_of(token.strip()) if scheme.lower() in {"bearer", "oauth"} else None
    if user_id is not None and org.faults.take("expired_session", call.method, call.path):
        org.sessions.end(token.strip())
        user_id = None
    if user_id is None:
        raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if fault := org.faults.take("api_disabled", call.method, call.path):
        raise Refusal(403, fault.code, "API is not enabled for this Organization or Partner")
    return user_id


def _check_head(call: Call) -> None:
    uri = len(call.headers.get(":uri", call.path))
    if uri > MAXIMUM_HEAD:
        raise Refusal(414, "URI_TOO_LONG", f"The length of the URI exceeds the {MAXIMUM_HEAD} byte limit")
    if uri + sum(len(name) + len(value) for name, value in call.headers.items() if name != ":uri") > MAXIMUM_HEAD:
        raise Refusal(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", f"URI and headers exceed the {MAXIMUM_HEAD} byte limit")


def _route(call: Call) -> tuple[Route, Call]:
    if found := _find(ROUTES, call):
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
            return route, call.with_(parameters=found.groupdict())
    return None
