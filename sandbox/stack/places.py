"""Where the stack keeps its state, and the secrets that are made for it."""

from __future__ import annotations

import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
PROJECT: Final = Path(__file__).resolve().parents[2]
_NEARBY: Final = 100  # ports tried after the wanted one


class StackError(Exception):
    """The stack cannot go on; the text says what a person should do."""


@dataclass(frozen=True, slots=True)
class Places:
    """Folders below one state folder, which is an absolute path."""

    state: Path

    @property
    def airflow(self) -> Path:
        return self.state / "airflow"

    @property
    def postgresql(self) -> Path:
        return self.state / "postgresql"

    @property
    def salesforce(self) -> Path:
        return self.state / "salesforce"

    @property
    def staging(self) -> Path:
        return self.state / "staging"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def processes(self) -> Path:
        return self.state / "processes"

    def make(self) -> None:
        for folder in (self.airflow, self.salesforce, self.staging, self.logs, self.processes):
            folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What nobody outside of this machine needs to know; made at random when the state is new."""

    password: str
    fernet_key: str
    jwt_secret: str
    secret_key: str


def read_secrets(places: Places) -> Secrets:
    path = places.state / "secrets.json"
    if path.exists():
        return Secrets(**json.loads(path.read_text(encoding="utf-8")))
    made = Secrets(
        password=secrets.token_urlsafe(12),
        fernet_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        jwt_secret=secrets.token_urlsafe(64),
        secret_key=secrets.token_urlsafe(64),
    )
    write_privately(path, json.dumps(asdict(made), indent=2))
    return made


def write_privately(path: Path, text: str) -> None:
    """Write a file that nobody else can read, not even for a moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def free_port(wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on. Raises `StackError`."""
    for port in range(wanted, wanted + _NEARBY):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
            return port
    raise StackError(f"no port from {wanted} to {wanted + _NEARBY} is free: name another with PORT=…")
