"""The local Salesforce as a process that may be killed, and its data, which people edit beside it.

Its data are an ordinary SQLite file: what people do is done in it directly, so that it is certain whether it was done.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import time
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.chaos.nursery import Nursery, lives
from sandbox.salesforce.org import Options, Org, open_org

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0


class Salesforce:
    """Its server keeps its port over restarts."""

    def __init__(self, nursery: Nursery, folder: Path, log: Path) -> None:
        self._nursery = nursery
        self._folder = folder
        self._log = log
        self._pid = 0
        self.org: Org = open_org(folder, Options())
        with socket.socket() as free:
            free.bind((_HOST, 0))
            self.port: int = free.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"https://{_HOST}:{self.port}"

    def start(self) -> None:
        worker = self._nursery.worker()
        order = {"work": "salesforce", "state": str(self._folder), "port": self.port}
        self._pid = worker.fork({**order, "log": str(self._log), "environment": {}})
        worker.close()
        until = time.monotonic() + _PATIENCE
        while not self._listens():
            if time.monotonic() > until:
                raise RuntimeError(f"the local Salesforce did not start; see {self._log}")
            time.sleep(0.02)
        self._tls = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        while lives(self._pid):
            time.sleep(0.005)

    def close(self) -> None:
        if lives(self._pid):
            self.kill()
        self.org.store.close()

    def connection(self) -> str:
        """The connection as Airflow keeps it."""
        credentials = self.org.credentials
        return json.dumps(
            {
                "conn_type": "salesforce",
                "host": f"https://{_HOST}",
                "port": self.port,
                "login": credentials.client_id,
                "password": credentials.client_secret,
                "extra": {"grant": "client_credentials", "ca_bundle": str(self._folder / "ca.pem")},
            }
        )

    def fault_kinds(self) -> dict[str, Any]:
        """Name → what the registry tells of it."""
        found: dict[str, Any] = self._ask("GET", "/__sandbox__/faults")["kinds"]
        return found

    def fault(self, kind: str, **options: Any) -> str:
        """Switch a fault on. Returns why not, where the registry does not take it so."""
        try:
            self._ask("POST", "/__sandbox__/faults", {"kind": kind, **options})
        except HTTPError as error:
            return error.read().decode()
        return ""

    def clear_faults(self) -> None:
        self._ask("DELETE", "/__sandbox__/faults")

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        request = Request(self.url + path, method=method, data=data)  # noqa: S310  # our own server
        with urlopen(request, timeout=_PATIENCE, context=self._tls) as answer:  # noqa: S310
            body = answer.read()
        return json.loads(body) if body else None

    def _listens(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex((_HOST, self.port)) == 0
