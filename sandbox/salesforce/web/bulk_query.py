"""Bulk 2.0 queries: a job that has run its query, and its results as CSV."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sandbox.salesforce.faults import Fault
from sandbox.salesforce.jobs import DELIMITERS, LINE_ENDINGS, Job, layout_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.query import Cursor
from sandbox.salesforce.soql.parse import parse
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import new_job

FAMILY: Final = "query"
MOST_RESULTS: Final = 250_000
OPERATIONS: Final = {"query": False, "queryAll": True}
CSV_TYPE: Final = "text/csv"
ENDED: Final = frozenset({"JobComplete", "Aborted", "Failed"})


def create(org: Org, call: Call) -> Answer:
    """Run the query at once; the job tells so from the first look at it on."""
    order = call.json_object
    operation = str(order.get("operation"))
    if operation not in OPERATIONS:
        raise Refusal(400, "INVALIDJOB", f"Unknown operation {operation}")
    cursor = bulk_cursor(org, str(order.get("query", "")), with_deleted=OPERATIONS[operation])
    job = new_job(
        org,
        call,
        family=FAMILY,
        operation=operation,
        object_name=cursor.statement.source.name,
        cursor=cursor,
        layout=layout_of(order),
    )
    answer = Answer(body=job.info())
    if given_up := gives_up(org, job):
        job.give_up(given_up.kind)
    else:
        job.state = "JobComplete"
    return answer


def gives_up(org: Org, job: Job) -> Fault | None:
    """The fault that ends this job before it is complete."""
    place = {"object": job.object_name, "operation": job.operation}
    return org.faults.take("job_failed", **place) or org.faults.take("job_aborted", **place)


def info(org: Org, call: Call) -> Answer:
    return Answer(body=_job(org, call).info())


def list_jobs(org: Org, _call: Call) -> Answer:
    return Answer(body={"done": True, "records": org.jobs.of(FAMILY), "nextRecordsUrl": None})


def abort(org: Org, call: Call) -> Answer:
    job = _job(org, call)
    if call.json_object.get("state") != "Aborted":
        raise Refusal(400, "INVALIDJOBSTATE", "A query job can only be set to Aborted")
    if job.state in ENDED:
        raise Refusal(400, "INVALIDJOBSTATE", f"The job is in the state {job.state} and cannot be aborted")
    job.state = "Aborted"
    return Answer(body=job.info())


def delete(org: Org, call: Call) -> Answer:
    del org.jobs.known[_job(org, call).id]
    return Answer(status=204)


def results(org: Org, call: Call) -> Answer:
    """One page; `Sforce-Locator` is `null` on the last, and a locator may be read again."""
    job = _job(org, call)
    if job.state != "JobComplete" or job.cursor is None:
        raise Refusal(400, "INVALIDJOBSTATE", f"The job is in the state {job.state} and has no results")
    start = _position(call.query.get("locator"))
    most = call.query.get("maxRecords", str(MOST_RESULTS))
    if not most.isdigit() or int(most) < 1:
        raise Refusal(400, "INVALID_INPUT", f"maxRecords must be a positive number: {most}")
    size = min(int(most), MOST_RESULTS)
    rows = list(cells(org, job.cursor, start, size))
    following = start + size
    locator = base64.b64encode(str(following).encode()).decode() if following < len(job.cursor.found) else "null"
    return Answer(
        body=table(job, rows),
        content_type=CSV_TYPE,
        headers={"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(rows))},
    )


def csv_text(job: Job, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Every value in quotation marks, nothing for null."""
    text = io.StringIO(newline="")
    lines = csv.writer(
        text,
        delimiter=DELIMITERS[job.layout.delimiter],
        lineterminator=LINE_ENDINGS[job.layout.line_ending],
        quoting=csv.QUOTE_ALL,
    )
    lines.writerow(header)
    lines.writerows(rows)
    return text.getvalue().encode()


def bulk_cursor(org: Org, soql: str, *, with_deleted: bool) -> Cursor:
    """Run a query that a Bulk API can run; both have the same limits."""
    if parse(soql).offset:
        raise Refusal(400, "INVALIDENTITY", "OFFSET is not supported in Bulk Query")
    cursor = org.cursors.run(soql, with_deleted=with_deleted)
    if cursor.counting or cursor.statement.groups or cursor.children:
        raise Refusal(400, "INVALIDENTITY", "Aggregate Relationships not supported in Bulk Query")
    if any(not column.field.stored for column in cursor.statement.columns or ()):
        raise Refusal(400, "INVALIDENTITY", "Selecting compound data not supported in Bulk Query")
    return cursor


def cells(org: Org, cursor: Cursor, start: int, size: int) -> Iterable[list[str]]:
    """The rows of a page as the texts that a result file has."""
    first = 1 + 2 * len(cursor.statement.parents)
    writers = [_writer(column.field.kind) for column in cursor.statement.columns or ()]
    for row in org.cursors.page(cursor, start, size):
        yield ["" if value is None else write(value) for write, value in zip(writers, row[first:], strict=True)]


def _writer(kind: str) -> Callable[[Any], str]:
    match kind:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "datetime":
            return lambda value: str(value).replace("+0000", "Z")
        case _:
            return str


def table(job: Job, rows: Iterable[Sequence[Any]]) -> bytes:
    """A result file with its header."""
    columns = job.cursor.statement.columns if job.cursor else ()
    return csv_text(job, [".".join(column.path) for column in columns or ()], rows)


def _position(locator: str | None) -> int:
    if locator is None:
        return 0
    try:
        return int(base64.b64decode(locator, validate=True))
    except ValueError as fault:
        raise Refusal(400, "INVALID_QUERY_LOCATOR", f"invalid locator: {locator}") from fault


def _job(org: Org, call: Call) -> Job:
    return org.jobs.find(FAMILY, call.parameters["job"], call.version)
