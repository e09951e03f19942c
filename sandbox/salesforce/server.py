"""The server: one application on an HTTPS port and, for clients that cannot do TLS to loopback, an HTTP port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.salesforce.faults import Fault
from sandbox.salesforce.org import Options, Org, open_org
from sandbox.salesforce.people import perform
from sandbox.salesforce.store import Store
from sandbox.salesforce.web.app import application
from sandbox.tls import certificates, signing_key

HOST: Final = "127.0.0.1"
BACKLOG: Final = 128
START_TIMEOUT: Final = 10.0
STOP_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Salesforce:
    """A running local Salesforce, as a test holds it."""

    org: Org
    login_url: str
    http_url: str
    ca_bundle: Path

    @property
    def client_id(self) -> str:
        return self.org.credentials.client_id

    @property
    def client_secret(self) -> str:
        return self.org.credentials.client_secret

    @property
    def store(self) -> Store:
        """The data itself, for looking and for filling; no call is counted."""
        return self.org.store

    def counts(self) -> dict[str, int]:
        """Calls by kind since the start or the last reset; `charged` is what counts against the daily limit."""
        return self.org.meter.counts()

    def reset_counts(self) -> None:
        self.org.meter.reset()

    def fault(self, kind: str, **options: Any) -> Fault:
        """Switch a fault on; `kinds` lists them with their options."""
        return self.org.faults.add(kind, **options)

    def clear_faults(self, kind: str | None = None) -> None:
        self.org.faults.clear(kind)

    def rest(self) -> None:
        """Wait until every request is answered, also those whose client has given up."""
        self.org.work.rest()

    def edit(self, object_name: str, record_id: str | None = None, **values: Any) -> str:
        """Create or change a record as a person in the org would; return its id."""
        return perform(self.org, {"object": object_name, "id": record_id, "values": values})

    def perform(self, operation: str, object_name: str, record_id: str, **order: Any) -> str:
        """Let a person delete, undelete, purge, touch, merge, convert or archive a record, see `people.perform`."""
        return perform(self.org, {"operation": operation, "object": object_name, "id": record_id, **order})

    @property
    def jwt_key(self) -> Path:
        """A private key (PEM) whose certificate the org knows: what the JWT bearer grant is signed with."""
        return signing_key(self.org.state)


class _Server(uvicorn.Server):
    """Leaves the signals alone: two servers share one process, and `Servers` stops both."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Servers:
    """Both ports of one org; `run` blocks until `stop`."""

    def __init__(self, org: Org, *, port: int = 0, http_port: int = 0) -> None:
        self.org = org
        self.certificates = certificates(org.state)
        self._sockets = [_listening(port), _listening(http_port)]
        self._lines: dict[tuple[Any, Any], asyncio.Transport] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Future[None]] = []
        app = application(org, self._cut)
        self._servers = [
            _Server(self._config(app, tls=True)),
            _Server(self._config(app, tls=False)),
        ]
        self.https_url, self.http_url = (
            f"{scheme}://{HOST}:{each.getsockname()[1]}"
            for scheme, each in zip(("https", "http"), self._sockets, strict=True)
        )
        if org.options.instance_url is None:
            org.options.instance_url = self.https_url

    @property
    def started(self) -> bool:
        return all(server.started for server in self._servers)

    async def run(self) -> None:
        """Serve until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        pairs = zip(self._servers, self._sockets, strict=True)
        self._tasks = [asyncio.ensure_future(server.serve(sockets=[each])) for server, each in pairs]
        await asyncio.wait(self._tasks)

    def stop(self) -> None:
        """End at once, from any thread: clients keep their connections open, so nobody waits for them."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for line in list(self._lines.values()):
            line.abort()
        for server in self._servers:
            for each in server.servers:
                each.close()
        for task in self._tasks:
            task.cancel()

    def _config(self, app: Any, *, tls: bool) -> uvicorn.Config:
        config = uvicorn.Config(
            app,
            http=_protocol(self._lines),
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = self.certificates.context() if tls else None
        return config

    def _cut(self, scope: Scope) -> None:
        line = self._lines.get((scope["server"], scope["client"]))
        if line is not None:
            line.abort()


def _protocol(lines: dict[tuple[Any, Any], asyncio.Transport]) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol, made to note its transports, so that a connection can be cut from outside."""

    class NotedProtocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            lines[self.server, self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            lines.pop((self.server, self.client), None)
            super().connection_lost(exc)

    return NotedProtocol


def _listening(port: int) -> socket.socket:
    # asyncio turns off Nagle's algorithm (40 ms a request) only for sockets that name their protocol.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    # From here on a client may connect; it waits for its answer until the loop runs.
    listening.listen(BACKLOG)
    return listening


@contextmanager
def running(state_dir: Path | str, *, port: int = 0, http_port: int = 0, **options: Any) -> Iterator[Salesforce]:
    """Serve an org in a thread of this process; `options` are those of `org.Options`."""
    org = open_org(Path(state_dir), Options(**options))
    servers = Servers(org, port=port, http_port=http_port)
    thread = threading.Thread(target=asyncio.run, args=(servers.run(),), name="salesforce", daemon=True)
    thread.start()
    _wait_for(servers, thread)
    try:
        yield Salesforce(
            org=org,
            login_url=servers.https_url,
            http_url=servers.http_url,
            ca_bundle=servers.certificates.authority,
        )
    finally:
        org.work.stop()
        servers.stop()
        thread.join(STOP_TIMEOUT)
        org.close()


def _wait_for(servers: Servers, thread: threading.Thread) -> None:
    pause = threading.Event()
    waited = 0.0
    while not servers.started:
        if waited > START_TIMEOUT or not thread.is_alive():
            raise RuntimeError("the local Salesforce did not start")
        pause.wait(0.005)
        waited += 0.005
