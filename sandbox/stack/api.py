"""The few requests to Airflow's REST API that the main job needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

_TIMEOUT: Final = 30.0  # seconds
_ENDED: Final = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    dag_id: str
    run_id: str
    state: str
    seconds: float

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a run asks a person before it goes on."""

    dag_id: str
    run_id: str
    text: str


class Api:
    """One Airflow. Every method but `health` raises `URLError` when Airflow does not answer."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._token = ""

    def health(self) -> dict[str, Any]:
        """Empty while nobody answers."""
        try:
            return self._send("GET", "/api/v2/monitor/health")
        except (URLError, ConnectionError, TimeoutError):
            return {}

    def takes_tasks(self) -> bool:
        """Whether tasks are answered. The first question sets off some seconds of work in Airflow: ask early."""
        try:
            return bool(self._send("GET", "/execution/health"))
        except (URLError, ConnectionError, TimeoutError):
            return False

    def log_in(self) -> None:
        self._token = self._send("POST", "/auth/token", self._login)["access_token"]

    def dags(self) -> dict[str, dict[str, Any]]:
        """DAG id → document."""
        found = self._send("GET", "/api/v2/dags?limit=100&exclude_stale=true")["dags"]
        return {each["dag_id"]: each for each in found}

    def awaited(self, dag_id: str) -> set[str]:
        """Names of the assets that set the DAG off, besides its clock."""
        expression = self._send("GET", f"/api/v2/dags/{dag_id}/details")["asset_expression"] or {}
        return {each["asset"]["name"] for each in expression.get("any", [])}

    def import_errors(self) -> list[str]:
        return [each["stack_trace"] for each in self._send("GET", "/api/v2/importErrors")["import_errors"]]

    def unpause(self, dag_id: str) -> None:
        self._send("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        self._send("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True})

    def trigger(self, dag_id: str) -> None:
        self._send("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})

    def runs_since(self, instant: datetime) -> list[DagRun]:
        """Runs of all DAGs that were queued since, newest first.

        Not by `run_after`: that of a scheduled run is the moment when it was due, which may lie before.
        """
        query = urlencode({"limit": 100, "order_by": "-id"})
        found = self._send("GET", f"/api/v2/dags/~/dagRuns?{query}")["dag_runs"]
        return [
            DagRun(
                dag_id=each["dag_id"],
                run_id=each["dag_run_id"],
                state=each["state"],
                seconds=each["duration"] or 0.0,
            )
            for each in found
            if datetime.fromisoformat(each["queued_at"] or each["run_after"]) >= instant
        ]

    def questions(self) -> list[Question]:
        """Those that nobody has answered."""
        query = urlencode({"limit": 100, "response_received": "false"})
        found = self._send("GET", f"/api/v2/dags/~/dagRuns/~/hitlDetails?{query}")["hitl_details"]
        return [
            Question(
                dag_id=each["task_instance"]["dag_id"],
                run_id=each["task_instance"]["dag_run_id"],
                text=(each["body"] or each["subject"]).partition("\n")[0],
            )
            for each in found
        ]

    def failed_tasks(self, run: DagRun) -> list[str]:
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{quote(run.run_id, safe='')}/taskInstances"
        found = self._send("GET", path)["task_instances"]
        return [each["task_id"] for each in found if each["state"] == "failed"]

    def make_pool(self, name: str, slots: int, description: str) -> None:
        """Make the pool unless it is there."""
        pools = self._send("GET", f"/api/v2/pools?{urlencode({'limit': 100})}")["pools"]
        if name not in {each["name"] for each in pools}:
            pool = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self._send("POST", "/api/v2/pools", pool)

    def _send(self, method: str, path: str, document: Any = None) -> dict[str, Any]:
        request = Request(  # noqa: S310  # our own Airflow
            self.url + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found
