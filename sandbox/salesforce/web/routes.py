"""Which resource answers which path, and under which name its calls are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from re import Pattern
from types import MappingProxyType
from typing import Final

from starlette.routing import compile_path

from sandbox.salesforce.org import Org
from sandbox.salesforce.web import (
    admin,
    bulk_ingest,
    bulk_one,
    bulk_query,
    collections,
    composite,
    describe,
    discovery,
    limits,
    list_views,
    login,
    queries,
    replication,
    reports,
    single,
    soap,
)
from sandbox.salesforce.web.call import Answer, Call

Handler = Callable[[Org, Call], Answer]
DATA: Final = "/services/data/v{version}"
ASYNC_JOB: Final = "/services/async/{version}/job"


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
    Route.at("/services/Soap/u/{version}", "login", POST=soap.login),
    Route.at("/services/Soap/u/{version}/{org}", "login", POST=soap.login),
    Route.at("/services/data", "versions", GET=discovery.versions),
    Route.at("/__sandbox__/faults", "", GET=admin.faults, POST=admin.add_fault, DELETE=admin.clear_faults),
    Route.at("/__sandbox__/counts", "", GET=admin.counts, DELETE=admin.reset_counts),
    Route.at("/__sandbox__/edit", "", POST=admin.edit),
    Route.at("/__sandbox__/rules", "", PUT=admin.set_rules),
    Route.at("/__sandbox__/metadata", "", GET=admin.metadata, POST=admin.add_metadata),
    Route.at("/__sandbox__/views", "", PUT=admin.set_views),
    Route.at("/__sandbox__/clock", "", GET=admin.clock, PUT=admin.set_clock),
)
# These want a session; the more special path stands before the more general one.
REST_ROUTES: Final = (
    Route.at("/services/oauth2/userinfo", "identity", GET=login.userinfo, POST=login.userinfo),
    Route.at("/id/{org}/{user}", "identity", GET=login.identity),
    Route.at(DATA, "versions", GET=discovery.resources),
    Route.at(f"{DATA}/sobjects", "describe", GET=describe.describe_global),
    Route.at(f"{DATA}/sobjects/{{object}}/describe", "describe", GET=describe.describe),
    Route.at(f"{DATA}/sobjects/{{object}}/updated", "replication", GET=replication.updated),
    Route.at(f"{DATA}/sobjects/{{object}}/deleted", "replication", GET=replication.deleted),
    Route.at(f"{DATA}/sobjects/{{object}}/listviews", "list_view", GET=list_views.list_views),
    Route.at(f"{DATA}/sobjects/{{object}}/listviews/{{id}}", "list_view", GET=list_views.list_view),
    Route.at(f"{DATA}/sobjects/{{object}}/listviews/{{id}}/describe", "list_view", GET=list_views.describe),
    Route.at(f"{DATA}/sobjects/{{object}}/listviews/{{id}}/results", "list_view", GET=list_views.results),
    Route.at(f"{DATA}/analytics/reports", "report", GET=reports.list_reports),
    Route.at(f"{DATA}/analytics/reports/{{id}}", "report", GET=reports.run, POST=reports.run),
    Route.at(f"{DATA}/analytics/reports/{{id}}/describe", "report", GET=reports.describe),
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
    Route.at(ASYNC_JOB, "bulk_one", POST=bulk_one.create),
    Route.at(f"{ASYNC_JOB}/{{job}}", "bulk_one", GET=bulk_one.info, POST=bulk_one.change_state),
    Route.at(f"{ASYNC_JOB}/{{job}}/batch", "bulk_one", GET=bulk_one.list_batches, POST=bulk_one.add_batch),
    Route.at(f"{ASYNC_JOB}/{{job}}/batch/{{batch}}", "bulk_one", GET=bulk_one.batch),
    Route.at(f"{ASYNC_JOB}/{{job}}/batch/{{batch}}/result", "bulk_one", GET=bulk_one.list_results),
    Route.at(f"{ASYNC_JOB}/{{job}}/batch/{{batch}}/result/{{result}}", "bulk_one", GET=bulk_one.result),
)


def composite_routes(dispatch: Handler) -> tuple[Route, ...]:
    """The resources that are made of calls to other ones."""
    return (
        Route.at(f"{DATA}/composite", "composite", POST=partial(composite.composite, dispatch)),
        Route.at(f"{DATA}/composite/batch", "composite_batch", POST=partial(composite.batch, dispatch)),
    )
