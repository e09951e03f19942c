"""A local Salesforce in a process of its own, so that its work is not measured as ours; orders are JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sandbox.salesforce.clock import stamp
from sandbox.salesforce.server import Salesforce, running

_AGE = timedelta(days=1)  # of the newest lead, so that all lie behind the look-back of later polls
_PER_SECOND = 10


class SalesforceProcess:
    """Ends with its context."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "bench.salesforce", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.address: dict[str, str] = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def fill(self, count: int) -> None:
        """Leads without dirt, the last of them made a day ago, ten a second."""
        self._ask("fill", count=count)

    def edit(self, field: str, value: str) -> None:
        """Give every Lead this value, as of now."""
        self._ask("edit", field=field, value=value)

    def hold_events(self, events: list[list[str]], owner: str) -> None:
        """Events that somebody made by hand: subject, beginning, end."""
        self._ask("hold_events", events=events, owner=owner)

    def records(self, type_name: str, fields: list[str]) -> list[list[Any]]:
        """These fields of every record of the type that is not deleted."""
        return list(self._ask("records", type_name=type_name, fields=fields)["records"])

    def moment(self, type_name: str) -> tuple[int, int]:
        """Requests that have arrived so far, and records of the type that are there."""
        found = self._ask("moment", type_name=type_name)
        return int(found["asked"]), int(found["records"])

    def charged(self) -> int:
        """Calls that the org counted so far."""
        return int(self._ask("charged")["charged"])

    def refresh_token(self) -> str:
        """For clients that ask for a session by one."""
        return str(self._ask("refresh_token")["token"])

    def _ask(self, order: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        self._process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101  # for the type checker: it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the local Salesforce ended; its message stands above")
        return json.loads(line)


def _serve(folder: Path) -> None:
    with running(folder) as salesforce:
        _say(
            {
                "host": salesforce.login_url,
                "login": salesforce.client_id,
                "password": salesforce.client_secret,
                "ca_bundle": str(salesforce.ca_bundle),
            }
        )
        for line in sys.stdin:
            order = json.loads(line)
            _say(_ORDERS[order.pop("order")](salesforce, **order) or {})


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def _fill(salesforce: Salesforce, count: int) -> None:
    start = (datetime.now(UTC) - _AGE - timedelta(seconds=count // _PER_SECOND)).replace(microsecond=0)
    rows = (
        {
            "LastName": f"Last{number}",
            "FirstName": f"First{number}",
            "Company": f"Company {number % 500}",
            "Email": f"lead{number}@example.com",
            "Phone": f"+1 555 {number:07d}",
            "Status": "Open - Not Contacted",
            "OwnerId": str(salesforce.org.user_id),
            **dict.fromkeys(
                ("CreatedDate", "LastModifiedDate", "SystemModstamp"), start + timedelta(seconds=number // _PER_SECOND)
            ),
        }
        for number in range(count)
    )
    salesforce.store.insert_many("Lead", rows, by=salesforce.org.people_id)


def _edit(salesforce: Salesforce, field: str, value: str) -> None:
    moment = stamp(datetime.now(UTC))
    with salesforce.store.writing() as connection:
        connection.execute(
            f'UPDATE "Lead" SET "{field}" = ?, LastModifiedDate = ?, SystemModstamp = ?, LastModifiedById = ?',  # noqa: S608
            (value, moment, moment, salesforce.org.people_id),
        )


def _hold_events(salesforce: Salesforce, events: list[list[str]], owner: str) -> None:
    rows = [
        {
            "Subject": subject,
            "StartDateTime": datetime.fromisoformat(begins),
            "EndDateTime": datetime.fromisoformat(ends),
            "OwnerId": owner,
        }
        for subject, begins, ends in events
    ]
    salesforce.store.insert_many("Event", rows, by=salesforce.org.people_id)


def _records(salesforce: Salesforce, type_name: str, fields: list[str]) -> dict[str, list[list[Any]]]:
    rows = salesforce.store.rows(type_name, "IsDeleted = 0")
    return {"records": [[row[name] for name in fields] for row in rows]}


def _moment(salesforce: Salesforce, type_name: str) -> dict[str, int]:
    return {"asked": salesforce.counts()["charged"], "records": salesforce.store.count(type_name)}


def _charged(salesforce: Salesforce) -> dict[str, int]:
    return {"charged": salesforce.counts()["charged"]}


def _refresh_token(salesforce: Salesforce) -> dict[str, str]:
    return {"token": salesforce.org.sessions.grant_refresh(salesforce.org.user_id)}


_ORDERS: dict[str, Callable[..., Mapping[str, Any] | None]] = {
    "fill": _fill,
    "edit": _edit,
    "hold_events": _hold_events,
    "records": _records,
    "moment": _moment,
    "charged": _charged,
    "refresh_token": _refresh_token,
}

if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
