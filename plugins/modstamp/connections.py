"""A login as the connectors get it, read from the variables that Airflow reads too, without importing Airflow.

``AIRFLOW_CONN_<ID>`` holds a URI (``salesforce://login:password@host/schema?name=value``) or JSON
(``{"conn_type": "salesforce", "host": …, "login": …, "password": …, "extra": {…}}``). Within Airflow any secrets
backend may be the source: orchestration then makes the same `ConnectionSettings` itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from modstamp.errors import ConfigurationError, Problem

_EXTRA = "__extra__"  # the query parameter in which Airflow packs an extra that is no flat list of texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One connection. What may hold a secret stays out of the repr, and so out of logs and tracebacks."""

    id: str
    kind: str
    host: str = ""  # may start with a protocol: https://login.salesforce.com
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


Resolver = Callable[[str], ConnectionSettings]  # from a connection's id


def variable(connection_id: str) -> str:
    """The name of the environment variable that holds a connection."""
    return f"AIRFLOW_CONN_{connection_id.upper()}"


def from_environment(connection_id: str, environment: Mapping[str, str] = os.environ) -> ConnectionSettings:
    """Read one connection. Raises `ConfigurationError`, whose text never repeats the variable's content."""
    name = variable(connection_id)
    text = environment.get(name, "").strip()
    if not text:
        raise _wrong(connection_id, f"the environment variable {name} is not set", f"set {name} to a URI or to JSON")
    try:
        return _from_json(connection_id, text) if text.startswith("{") else _from_uri(connection_id, text)
    except ValueError:
        # The reason would quote the text, and the text holds the secret.
        fix = f"write {name} as kind://login:password@host/schema with special characters percent-encoded, or as JSON"
        raise _wrong(connection_id, f"{name} can be read neither as a URI nor as JSON", fix) from None


def _wrong(connection_id: str, what: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(f"connection '{connection_id}'", what, fix)])


def _from_json(connection_id: str, text: str) -> ConnectionSettings:
    data = json.loads(text)
    port = data.get("port")
    return ConnectionSettings(
        id=connection_id,
        kind=_kind(data.get("conn_type") or ""),
        host=data.get("host") or "",
        port=int(port) if port else None,
        login=data.get("login") or "",
        password=data.get("password") or "",
        schema=data.get("schema") or "",
        extra=_object(data.get("extra") or {}),
    )


def _from_uri(connection_id: str, text: str) -> ConnectionSettings:
    scheme, found, rest = text.partition("://")
    if not found:
        raise ValueError(connection_id)
    protocol = re.match(r"[a-z]+://", rest)
    parts = urlsplit(rest if protocol else f"//{rest}")
    host = unquote(parts.hostname or "")
    return ConnectionSettings(
        id=connection_id,
        kind=_kind(scheme),
        host=f"{protocol[0]}{host}" if protocol else host,
        port=parts.port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=unquote(parts.path[1:]),
        extra=_extra(parts.query),
    )


def _kind(scheme: str) -> str:
    """As Airflow normalises it: ``salesforce-sandbox`` and ``postgresql`` have names of their own."""
    kind = scheme.replace("-", "_")
    return "postgres" if kind == "postgresql" else kind


def _extra(query: str) -> Mapping[str, Any]:
    values = dict(parse_qsl(query, keep_blank_values=True))
    if _EXTRA in values:
        return _object(values[_EXTRA])
    return values


def _object(value: Any) -> Mapping[str, Any]:
    """An extra is a mapping, or the JSON text of one."""
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError("extra")  # noqa: TRY004 - all that is wrong with the text is told in one way
    return found
