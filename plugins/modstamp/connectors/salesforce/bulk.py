"""Queries by jobs of Bulk 2.0: started, waited for, their results fetched. Every look at a job is a counted call."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from modstamp.connectors.salesforce import table
from modstamp.connectors.salesforce.calls import Calls, Request
from modstamp.errors import RetryableError
from modstamp.model import Value

_ENDED = {"JobComplete", "Failed", "Aborted"}
_LONGEST_WAIT = 30.0
_PATIENCE = 3_600.0
ROWS_PER_RESULT = 50_000
_LAYOUT = {"contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}


class JobFailedError(RetryableError):
    """Salesforce gave a job up."""


class Jobs:
    """`first_wait` (seconds) lies before the second look at a job; each further wait is twice as long."""

    def __init__(self, calls: Calls, first_wait: float) -> None:
        self._calls = calls
        self._first_wait = first_wait

    def query(self, type_name: str, text: str) -> str:
        """Start a query of everything, deleted records included; returns the job's path."""
        order = {"operation": "queryAll", "query": text, **_LAYOUT}
        return self._start("jobs/query", type_name, order)

    def wait(self, path: str, type_name: str) -> Mapping[str, Any]:
        """The job's last word. Raises `JobFailedError` if it was given up, `RetryableError` if it takes too long."""
        wait, ends = self._first_wait, time.monotonic() + _PATIENCE
        while True:
            job: Mapping[str, Any] = self._send("GET", path, type_name).json()
            if job["state"] == "JobComplete":
                return job
            if job["state"] in _ENDED:
                raise JobFailedError(f"Salesforce: {path}: {job['state']}: {job.get('errorMessage', '')}")
            if time.monotonic() > ends:
                raise RetryableError(f"Salesforce: {path} takes longer than {_PATIENCE:.0f} s")
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def results(self, path: str, type_name: str) -> Iterator[dict[str, list[str]]]:
        """The answer of a query in pieces, as columns; there is at least one."""
        params: dict[str, Any] = {"maxRecords": ROWS_PER_RESULT}
        while True:
            response = self._send("GET", f"{path}/results", type_name, params=params)
            yield from table.read(response.content)
            locator = response.headers.get("Sforce-Locator", "null")
            if locator == "null":
                return
            params["locator"] = locator

    def _start(self, path: str, type_name: str, order: Mapping[str, Value]) -> str:
        return f"{path}/{self._send('POST', path, type_name, json=order).json()['id']}"

    def _send(self, method: str, path: str, type_name: str, **arguments: Any) -> Any:
        request = Request(kind="bulk", method=method, path=path, type_name=type_name, **arguments)
        return self._calls.send(request).response
