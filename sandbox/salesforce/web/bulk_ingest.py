"""Bulk 2.0 ingest: CSV in, saved 200 rows to a transaction in the background, three lists of results out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sandbox.salesforce.jobs import DELIMITERS, LINE_ENDINGS, Job, layout_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found, unsupported
from sandbox.salesforce.records import Change, Result, Writer, parent_id
from sandbox.salesforce.schema import ObjectType
from sandbox.salesforce.values import from_text
from sandbox.salesforce.web.bulk_query import CSV_TYPE, csv_text, gives_up
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import key_field, new_job

FAMILY: Final = "ingest"
MOST_BYTES: Final = 150_000_000
ROWS_PER_TRANSACTION: Final = 200
OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete"})
NULL: Final = "#N/A"
RESULTS: Final = {
    "successfulresults": ("successful", ("sf__Id", "sf__Created")),
    "failedresults": ("failed", ("sf__Id", "sf__Error")),
    "unprocessedrecords": ("unprocessed", ()),
}


def create(org: Org, call: Call) -> Answer:
    if "multipart" in call.headers.get("content-type", ""):
        raise unsupported("creating a job and its data in one request")
    order = call.json_object
    object_type = org.access.shown.object_named(str(order.get("object")))
    operation = str(order.get("operation"))
    if object_type is None:
        raise Refusal(400, "INVALIDENTITY", f"Unable to find object: {order.get('object')}")
    if operation not in OPERATIONS:
        raise unsupported(f"the bulk operation {operation}")
    key = order.get("externalIdFieldName")
    if operation == "upsert":
        key = key_field(object_type, str(key)).name
    job = new_job(
        org,
        call,
        family=FAMILY,
        operation=operation,
        object_name=object_type.name,
        state="Open",
        key=key,
        layout=layout_of(order),
    )
    return Answer(body=job.info())


def info(org: Org, call: Call) -> Answer:
    return Answer(body=_job(org, call).info())


def list_jobs(org: Org, _call: Call) -> Answer:
    return Answer(body={"done": True, "records": org.jobs.of(FAMILY), "nextRecordsUrl": None})


def upload(org: Org, call: Call) -> Answer:
    job = _job(org, call)
    if job.state != "Open" or job.content:
        raise Refusal(400, "INVALIDJOBSTATE", "Data has been uploaded to this job, or it is no longer open")
    if len(call.body) > MOST_BYTES:
        raise Refusal(400, "LIMIT_EXCEEDED", f"A job may hold at most {MOST_BYTES} bytes")
    job.content = call.body
    return Answer(status=201)


def change_state(org: Org, call: Call) -> Answer:
    job = _job(org, call)
    wanted = call.json_object.get("state")
    if wanted not in {"UploadComplete", "Aborted"} or job.state != "Open":
        raise Refusal(400, "INVALIDJOBSTATE", f"The job is in the state {job.state} and cannot become {wanted}")
    job.state = str(wanted)
    answer = Answer(body=job.info())
    if job.state == "UploadComplete":
        org.work.start(_work, org, job)
    return answer


def delete(org: Org, call: Call) -> Answer:
    del org.jobs.known[_job(org, call).id]
    return Answer(status=204)


def results(org: Org, call: Call) -> Answer:
    """Successful, failed or unprocessed rows; the name's letter case does not matter."""
    found = RESULTS.get(call.parameters["part"].lower())
    if found is None:
        raise not_found()
    job = _job(org, call)
    name, extra = found
    return Answer(body=csv_text(job, [*extra, *job.header], getattr(job, name)), content_type=CSV_TYPE)


def _work(org: Org, job: Job) -> None:
    job.state = "InProgress"
    try:
        rows = _rows(job)
        _check_header(org.access.shown[job.object_name], job)
    except (Refusal, csv.Error, UnicodeDecodeError) as fault:
        job.error = fault.message if isinstance(fault, Refusal) else f"InvalidBatch : {fault}"
        job.state = "Failed"
        return
    writer = Writer(org=org, user_id=job.created_by)
    given_up = gives_up(org, job)
    end = given_up["rows"] if given_up else len(rows)
    for start in range(0, end, ROWS_PER_TRANSACTION):
        if org.work.closing:
            return
        _save(org, job, writer, rows[start : min(start + ROWS_PER_TRANSACTION, end)])
    job.unprocessed = rows[end:]
    job.content = b""
    if given_up:
        job.give_up(given_up.kind)
    else:
        job.state = "JobComplete"


def _rows(job: Job) -> list[list[str]]:
    text = job.content.decode("utf-8-sig")
    first, ending, _ = text.partition("\n")
    if ending and LINE_ENDINGS[job.layout.line_ending] != ("\r\n" if first.endswith("\r") else "\n"):
        message = (
            f"InvalidBatch : LineEnding is invalid on user data. Current LineEnding setting is {job.layout.line_ending}"
        )
        raise Refusal(400, "InvalidBatch", message)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.layout.delimiter], strict=True)
    job.header = next(lines, [])
    return [line for line in lines if line]


def _check_header(object_type: ObjectType, job: Job) -> None:
    unknown = [
        name
        for name in job.header
        if object_type.field_named(name) is None and object_type.relationship_named(name.partition(".")[0]) is None
    ]
    if unknown:
        raise Refusal(400, "InvalidBatch", f"InvalidBatch : Field name not found : {unknown[0]}")


def _save(org: Org, job: Job, writer: Writer, rows: Sequence[Sequence[str]]) -> None:
    changes: list[Change] = []
    good: list[Sequence[str]] = []
    for row in rows:
        try:
            changes.append(_change(org, job, row))
            good.append(row)
        except Refusal as refusal:
            job.failed.append(["", _error(refusal.result()), *row])
    for row, result in zip(good, writer.save(changes), strict=True):
        _note(job, row, result)


def _note(job: Job, row: Sequence[str], result: Result) -> None:
    if result["success"]:
        created = result.get("created", job.operation == "insert")
        job.successful.append([result["id"], "true" if created else "false", *row])
    else:
        given = dict(zip((name.lower() for name in job.header), row, strict=False))
        job.failed.append([given.get("id", ""), _error(result["errors"][0]), *row])


def _change(org: Org, job: Job, row: Sequence[str]) -> Change:
    object_type = org.access.shown[job.object_name]
    if len(row) != len(job.header):
        raise Refusal(400, "INVALID_BATCH", f"{len(row)} values in a row of {len(job.header)} columns")
    values = dict(_values(org, object_type, zip(job.header, row, strict=True)))
    record_id = values.pop("Id", None) if job.operation != "upsert" or job.key != "Id" else None
    operation = "create" if job.operation == "insert" else job.operation
    key = None
    if job.operation == "upsert":
        field = key_field(object_type, str(job.key))
        key = (field, values.pop(field.name, None))
    return Change(operation=operation, object_type=object_type, values=values, record_id=record_id, key=key)


def _values(org: Org, object_type: ObjectType, cells: Iterator[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """Named values of a row: an empty cell says nothing, #N/A empties the field."""
    for name, text in cells:
        field = object_type.field_named(name)
        if field is not None and text:
            yield field.name, None if text == NULL else _typed(field, text)
        elif field is None and text:
            relationship, _, key = name.partition(".")
            link = object_type.relationship_named(relationship)
            if link is not None:
                yield link.name, None if text == NULL else parent_id(org, link, {key: text})


def _typed(field: Any, text: str) -> Any:
    try:
        return from_text(field, text)
    except Refusal as refusal:
        raise Refusal(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", refusal.message, (field.name,)) from refusal


def _error(error: Mapping[str, Any]) -> str:
    return f"{error['statusCode']}:{error['message']}:{' '.join(error['fields'])}--"


def _job(org: Org, call: Call) -> Job:
    return org.jobs.find(FAMILY, call.parameters["job"], call.version)
