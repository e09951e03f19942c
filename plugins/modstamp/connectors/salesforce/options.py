"""What a Salesforce connection says, checked and completed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, FilePath, ValidationError

from modstamp.connections import ConnectionSettings
from modstamp.errors import ConfigurationError, Problem

Grant = Literal["client_credentials", "jwt", "password"]

_PRODUCTION = "login.salesforce.com"
_SANDBOX = "test.salesforce.com"


class Extra(BaseModel):
    """The extras of a Salesforce connection. Others are left alone: Airflow's own form adds some."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, hide_input_in_errors=True)

    grant: Grant | None = None  # None: `jwt` when there is a private key, else `client_credentials`
    client_id: str = ""  # of grants whose login is a user
    client_secret: str = ""
    security_token: str = ""
    private_key: str = ""  # PEM text; line ends may be written as \n
    private_key_file: FilePath | None = None
    audience: str = ""
    sandbox: bool = False
    api_version: str = Field("62.0", pattern=r"^\d+\.0$")
    ca_bundle: FilePath | None = None  # PEM file of the authorities that we trust instead of the usual ones
    page_size: int = Field(2000, ge=200, le=2000)
    bulk_reads_from: int = 50_000  # records in one answer; below, pages of a query take fewer calls and less time
    auto_assign: bool = False  # True: the org's assignment rules run, and may send mails (G32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A complete connection. Secrets stay out of the repr."""

    connection: str
    login_url: str
    grant: Grant
    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)  # with the security token behind it, as Salesforce wants it
    private_key: str = field(repr=False)
    audience: str
    extra: Extra = field(repr=False)


def read(connection: ConnectionSettings) -> Options:
    """Raises `ConfigurationError` with everything that is missing or unknown."""
    extra = _extra(connection)
    key = _private_key(connection, extra)
    grant = extra.grant or ("jwt" if key else "client_credentials")
    missing = _missing(connection, extra, grant, key)
    if missing:
        raise ConfigurationError(missing)
    login_url = _login_url(connection, extra)
    by_client = grant == "client_credentials"
    return Options(
        connection=connection.id,
        login_url=login_url,
        grant=grant,
        client_id=connection.login if by_client else extra.client_id,
        client_secret=connection.password if by_client else extra.client_secret,
        username=connection.login,
        password=connection.password + extra.security_token,
        private_key=key,
        audience=extra.audience or _audience(login_url),
        extra=extra,
    )


def _extra(connection: ConnectionSettings) -> Extra:
    try:
        return Extra.model_validate(dict(connection.extra))
    except ValidationError as error:
        # Only place and rule of each fault are told: the input may be a secret.
        raise ConfigurationError(
            [
                _problem(connection, str(fault["loc"][0]), fault["msg"], "correct the connection's extra of this name")
                for fault in error.errors(include_input=False, include_url=False)
            ]
        ) from None


def _problem(connection: ConnectionSettings, name: str, what: str, fix: str) -> Problem:
    return Problem(f"connection '{connection.id}', {name}", what, fix)


_CLIENT_ID = "write the connected app's consumer key in the extra `client_id`"
_USER = "write the integration user's name as the connection's login"
_NEEDED: Mapping[Grant, Mapping[str, str]] = {
    "client_credentials": {
        "login": "write the connected app's consumer key as the connection's login",
        "password": "write the connected app's consumer secret as the connection's password",
    },
    "jwt": {
        "login": _USER,
        "client_id": _CLIENT_ID,
        "private_key": "write the PEM text in the extra `private_key`, or its path in `private_key_file`",
    },
    "password": {
        "login": _USER,
        "password": "write that user's password as the connection's password, its token in `security_token`",
        "client_id": _CLIENT_ID,
    },
}


def _missing(connection: ConnectionSettings, extra: Extra, grant: Grant, key: str) -> list[Problem]:
    given = {
        "login": connection.login,
        "password": connection.password,
        "client_id": extra.client_id,
        "private_key": key,
    }
    return [
        _problem(connection, name, f"the grant {grant} needs it and it is missing", fix)
        for name, fix in _NEEDED[grant].items()
        if not given[name]
    ]


def _private_key(connection: ConnectionSettings, extra: Extra) -> str:
    if extra.private_key_file is None:
        return extra.private_key.replace("\\n", "\n")
    try:
        return Path(extra.private_key_file).read_text(encoding="ascii")
    except (OSError, ValueError):
        problem = _problem(connection, "private_key_file", "it cannot be read", "give the path of a readable PEM file")
        raise ConfigurationError([problem]) from None


def _login_url(connection: ConnectionSettings, extra: Extra) -> str:
    """Production, a sandbox, a My Domain or any other host; always https."""
    sandbox = extra.sandbox or connection.kind.endswith("sandbox")
    host = re.sub(r"^[a-z]+://", "", connection.host).rstrip("/") or (_SANDBOX if sandbox else _PRODUCTION)
    return f"https://{host}:{connection.port}" if connection.port else f"https://{host}"


def _audience(login_url: str) -> str:
    """Whom a JWT is for: the login host of Salesforce that stands behind a My Domain, else the host itself."""
    host = urlsplit(login_url).hostname or ""
    if not host.endswith(".salesforce.com"):
        return login_url
    return f"https://{_SANDBOX if host == _SANDBOX or '.sandbox.' in host else _PRODUCTION}"
