"""Bulk jobs, kept in memory: a restart forgets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from sandbox.salesforce import ids
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.query import Cursor

PREFIX: Final = "750"
DELIMITERS: Final = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the CSV of a job is written, by the API's names."""

    delimiter: str = "COMMA"
    line_ending: str = "LF"


@dataclass(slots=True, kw_only=True)
class Job:
    """One job of either kind. Rows of results are lists of text in the order of `header`."""

    id: str
    family: str
    operation: str
    object_name: str
    version: str
    created: str
    created_by: str
    layout: Layout
    state: str = "UploadComplete"
    error: str | None = None
    cursor: Cursor | None = None
    key: str | None = None
    content: bytes = b""
    header: list[str] = field(default_factory=list)
    successful: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)

    def info(self) -> dict[str, Any]:
        """The job as the API shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.layout.line_ending,
            "columnDelimiter": self.layout.delimiter,
            "jobType": "V2Ingest" if self.family == "ingest" else "V2Query",
            "retries": 0,
            "totalProcessingTime": 0,
        }
        if self.family == "ingest":
            shown["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
            shown |= {"apiActiveProcessingTime": 0, "apexProcessingTime": 0}
            shown |= {"numberRecordsFailed": len(self.failed)}
        if self.key:
            shown["externalIdFieldName"] = self.key
        if self.error:
            shown["errorMessage"] = self.error
        return shown | {"numberRecordsProcessed": self.processed}

    def give_up(self, reason: str) -> None:
        """End before it is complete: by itself (`job_failed`), or by somebody's hand."""
        self.state = "Failed" if reason == "job_failed" else "Aborted"
        self.error = "InternalServerError : the job was given up" if self.state == "Failed" else None

    @property
    def processed(self) -> int:
        if self.cursor is not None:
            return len(self.cursor.found) if self.state == "JobComplete" else 0
        return len(self.successful) + len(self.failed)


@dataclass(slots=True)
class Jobs:
    """All jobs of the org."""

    known: dict[str, Job] = field(default_factory=dict)
    _made: int = 0
    _lock: Lock = field(default_factory=Lock)

    def new_id(self) -> str:
        with self._lock:
            self._made += 1
            return ids.make(PREFIX, self._made)

    def add(self, job: Job) -> Job:
        self.known[job.id] = job
        return job

    def find(self, family: str, job_id: str, version: str) -> Job:
        """Return a job of this family.

        Raises:
            Refusal: unknown job, or another API version than that of its creation (409).
        """
        job = self.known.get(ids.normalise(job_id) or "")
        if job is None or job.family != family:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        if job.version != version:
            message = f"The job was created with API version {job.version} and is asked for with {version}"
            raise Refusal(409, "API_ERROR", message)
        return job

    def of(self, family: str) -> list[dict[str, Any]]:
        return [job.info() for job in self.known.values() if job.family == family]


def layout_of(order: dict[str, Any]) -> Layout:
    """The layout that a request for a job asks for.

    Raises:
        Refusal: unknown names, or a content type other than CSV.
    """
    delimiter = str(order.get("columnDelimiter", "COMMA")).upper()
    line_ending = str(order.get("lineEnding", "LF")).upper()
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDINGS or order.get("contentType", "CSV") != "CSV":
        raise Refusal(400, "INVALIDJOB", "Unknown columnDelimiter, lineEnding or contentType")
    return Layout(delimiter, line_ending)
