"""The local Salesforce as a process of its own, and the connection that leads to it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Final

from sandbox.__main__ import connection_to
from sandbox.stack.places import HOST, Places, StackError, free_port
from sandbox.stack.processes import Process, wait_until

_PORT: Final = 8443
_PATIENCE: Final = 20.0  # seconds


def start(places: Places) -> None:
    """Start it unless it runs. Its data must be there: the rules of the org are read once."""
    process = _process(places)
    if process.note():
        return
    port = free_port(_PORT)
    command = [sys.executable, "-m", "sandbox", "serve", "--state", str(places.salesforce)]
    process.start([*command, "--port", str(port), "--http-port", "0"], os.environ, port=port)
    if not wait_until(lambda: _listens(port), _PATIENCE):
        raise StackError(f"the local Salesforce did not start; see {process.log}")


def stop(places: Places) -> bool:
    return _process(places).stop(signal.SIGTERM, _PATIENCE)


def runs(places: Places) -> bool:
    return _process(places).note() is not None


def connection(places: Places) -> str:
    """The Airflow connection, as JSON."""
    found = _process(places).note()
    if found is None:
        raise StackError("the local Salesforce does not run: see its log, or start it with make run")
    return connection_to(places.salesforce, found["port"])


def _process(places: Places) -> Process:
    return Process(places, "salesforce")


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((HOST, port)) == 0
