"""The first Bulk API, as far as older clients read with it: one query per job, its result as one CSV file.

A job speaks the format (JSON or XML) of the request that made it; its batches are told in XML, as for every CSV job.
"""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree as ET

from sandbox.salesforce import ids
from sandbox.salesforce.jobs import Job, Layout
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, unsupported
from sandbox.salesforce.web import bulk_query
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import new_job

PATHS: Final = "/services/async/"
FAMILY: Final = "async"
BATCH_PREFIX: Final = "751"
RESULT_PREFIX: Final = "752"
NAMESPACE: Final = "http://www.force.com/2009/06/asyncapi/dataload"
XML_TYPE: Final = "application/xml"
JSON_TYPE: Final = "application/json"
CLOSING: Final = frozenset({"Closed", "Aborted"})
# XML ends them with Z, JSON with +0000.
STAMPS: Final = frozenset({"createdDate", "systemModstamp"})


def create(org: Org, call: Call) -> Answer:
    order = _order(call)
    operation, content_type = order.get("operation", ""), order.get("contentType", "CSV")
    if operation not in bulk_query.OPERATIONS:
        raise unsupported(f"the operation {operation} of the first Bulk API")
    if content_type != "CSV":
        raise unsupported(f"the content type {content_type} of the first Bulk API")
    object_type = org.access.shown.object_named(order.get("object", ""))
    if object_type is None:
        raise Refusal(400, "InvalidEntity", f"Entity '{order.get('object')}' is not supported by the Bulk API.")
    layout = Layout()
    job = new_job(
        org, call, family=FAMILY, operation=operation, object_name=object_type.name, state="Open", layout=layout
    )
    return _job_answer(call, job, status=201)


def info(org: Org, call: Call) -> Answer:
    return _job_answer(call, _job(org, call))


def change_state(org: Org, call: Call) -> Answer:
    job, wanted = _job(org, call), _order(call).get("state", "")
    if wanted not in CLOSING or job.state != "Open":
        raise Refusal(400, "InvalidJobState", f"The job is {job.state} and cannot become {wanted}")
    job.state = wanted
    return _job_answer(call, job)


def add_batch(org: Org, call: Call) -> Answer:
    """Run the query of the job at once; the batch says that it is queued and, from the first look on, completed."""
    job = _job(org, call)
    if job.state != "Open":
        raise Refusal(400, "InvalidJobState", "The job is not open")
    if job.cursor is not None:
        raise unsupported("a second query in one job of the first Bulk API")
    cursor = bulk_query.bulk_cursor(org, call.body.decode("utf-8"), with_deleted=bulk_query.OPERATIONS[job.operation])
    if cursor.statement.source.name != job.object_name:
        raise Refusal(400, "InvalidBatch", f"The query is not of the job's object {job.object_name}")
    job.cursor = cursor
    location = f"{call.path.rstrip('/')}/{_batch_id(job)}"
    return _xml(_element("batchInfo", _batch(job, "Queued")), status=201, headers={"Location": location})


def list_batches(org: Org, call: Call) -> Answer:
    job = _job(org, call)
    listed = ET.Element("batchInfoList", xmlns=NAMESPACE)
    if job.cursor is not None:
        listed.append(_element("batchInfo", _batch(job, "Completed"), inner=True))
    return _xml(listed)


def batch(org: Org, call: Call) -> Answer:
    return _xml(_element("batchInfo", _batch(_job_of_batch(org, call), "Completed")))


def list_results(org: Org, call: Call) -> Answer:
    return _xml(_element("result-list", {"result": _result_id(_job_of_batch(org, call))}))


def result(org: Org, call: Call) -> Answer:
    job = _job_of_batch(org, call)
    if call.parameters["result"] != _result_id(job) or job.cursor is None:
        raise Refusal(400, "InvalidBatch", f"Unable to find result {call.parameters['result']}")
    rows = bulk_query.cells(org, job.cursor, 0, len(job.cursor.found))
    return Answer(body=bulk_query.table(job, rows), content_type=bulk_query.CSV_TYPE)


def refused(call: Call, refusal: Refusal) -> Answer:
    """A refusal in this API's own shape, in the format of the request."""
    error = {"exceptionCode": refusal.code, "exceptionMessage": refusal.message}
    if _speaks_xml(call):
        return _xml(_element("error", error), status=refusal.status)
    return Answer(status=refusal.status, body=error, content_type=JSON_TYPE)


def _job(org: Org, call: Call) -> Job:
    job = org.jobs.known.get(ids.normalise(call.parameters["job"]) or "")
    if job is None or job.family != FAMILY:
        raise Refusal(400, "InvalidJob", f"Unable to find object: {call.parameters['job']}")
    return job


def _job_of_batch(org: Org, call: Call) -> Job:
    job = _job(org, call)
    if job.cursor is None or ids.normalise(call.parameters["batch"]) != _batch_id(job):
        raise Refusal(400, "InvalidBatch", f"Unable to find batch {call.parameters['batch']}")
    return job


def _batch_id(job: Job) -> str:
    return str(ids.normalise(BATCH_PREFIX + job.id[3:15]))


def _result_id(job: Job) -> str:
    return RESULT_PREFIX + job.id[3:15]


def _order(call: Call) -> dict[str, str]:
    """The elements of a request by name, from either format."""
    if not _speaks_xml(call):
        return {name: str(value) for name, value in call.json_object.items()}
    try:
        root = ET.fromstring(call.body)  # noqa: S314 - loopback test equipment
    except ET.ParseError as fault:
        raise Refusal(400, "InvalidXML", str(fault)) from fault
    return {each.tag.rpartition("}")[2]: each.text or "" for each in root}


def _speaks_xml(call: Call) -> bool:
    return "json" not in call.headers.get("content-type", "")


def _job_answer(call: Call, job: Job, *, status: int = 200) -> Answer:
    told = _told(job)
    if _speaks_xml(call):
        return _xml(_element("jobInfo", told), status=status)
    return Answer(status=status, body=told | {"apiVersion": float(job.version)}, content_type=JSON_TYPE)


def _told(job: Job) -> dict[str, Any]:
    ran = int(job.cursor is not None)
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.created_by,
        "createdDate": job.created,
        "systemModstamp": job.created,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "numberBatchesQueued": 0,
        "numberBatchesInProgress": 0,
        "numberBatchesCompleted": ran,
        "numberBatchesFailed": 0,
        "numberBatchesTotal": ran,
        "numberRecordsProcessed": _found(job),
        "numberRetries": 0,
        "apiVersion": job.version,
        "numberRecordsFailed": 0,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def _batch(job: Job, state: str) -> dict[str, Any]:
    return {
        "id": _batch_id(job),
        "jobId": job.id,
        "state": state,
        "createdDate": job.created,
        "systemModstamp": job.created,
        "numberRecordsProcessed": _found(job) if state == "Completed" else 0,
        "numberRecordsFailed": 0,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
    }


def _found(job: Job) -> int:
    return 0 if job.cursor is None else len(job.cursor.found)


def _element(name: str, values: dict[str, Any], *, inner: bool = False) -> ET.Element:
    element = ET.Element(name) if inner else ET.Element(name, xmlns=NAMESPACE)
    for key, value in values.items():
        text = str(value)
        ET.SubElement(element, key).text = text.replace("+0000", "Z") if key in STAMPS else text
    return element


def _xml(root: ET.Element, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    body = b'<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="utf-8")
    return Answer(status=status, body=body, content_type=XML_TYPE, headers=headers or {})
