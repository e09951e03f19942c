"""The three OAuth grants by which a program gets a session, as requests to be sent and answers to be read.

``client_credentials`` is the default; ``jwt`` signs with a key; ``password`` (user, password and security token) works
only where the org still allows it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from modstamp.connectors.salesforce.options import Options
from modstamp.errors import ConfigurationError, ModstampError, Problem, RetryableError

PATH = "/services/oauth2/token"
_ASSERTION_SECONDS = 180  # Salesforce takes assertions that end within three minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A session of one org."""

    access: str = field(repr=False)
    instance_url: str
    user: str  # its id; empty where the answer does not tell


def form(options: Options) -> tuple[dict[str, str], tuple[str, str] | None]:
    """The fields of the token request, and its Basic authentication where the grant has one."""
    if options.grant == "client_credentials":
        return {"grant_type": "client_credentials"}, (options.client_id, options.client_secret)
    if options.grant == "jwt":
        grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return {"grant_type": grant_type, "assertion": _assertion(options)}, None
    fields = {
        "grant_type": "password",
        "client_id": options.client_id,
        "client_secret": options.client_secret,
        "username": options.username,
        "password": options.password,
    }
    return fields, None


def _assertion(options: Options) -> str:
    expires = int(time.time()) + _ASSERTION_SECONDS
    claims = {"iss": options.client_id, "sub": options.username, "aud": options.audience, "exp": expires}
    try:
        return jwt.encode(claims, options.private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # The library's text may quote the key.
        raise _wrong(options, "the private key is no RSA key in PEM form", "write the key of the certificate") from None


def token(answer: Mapping[str, Any]) -> Token:
    """`id` is the address of the user's identity, which ends with the user's id."""
    user = str(answer.get("id", "")).rpartition("/")[2]
    return Token(access=str(answer["access_token"]), instance_url=str(answer["instance_url"]), user=user)


_FIXES = {
    "invalid_client_id": "write the connected app's consumer key into the connection",
    "invalid_client": "write the connected app's consumer key and secret into the connection",
    "invalid_app_access": "let the integration user's profile or permission set use the connected app",
    "inactive_user": "activate the integration user",
    "inactive_org": "ask Salesforce why the org is locked",
    "unsupported_grant_type": "enable this grant in the connected app, or choose another in the extra `grant`",
    "invalid_grant": (
        "check the user and its password or certificate, that the connected app has this flow with a run-as user, and "
        "that the host is the org's My Domain (the client credentials flow works at no other)"
    ),
}


def refused(options: Options, answer: Any) -> ModstampError:
    """What to do about a login that Salesforce does not accept."""
    found = answer if isinstance(answer, Mapping) else {}
    error, description = str(found.get("error", "no reason given")), str(found.get("error_description", ""))
    what = f"the login is refused: {error}, {description}".rstrip(", ")
    if "rate exceeded" in description:
        # 3,600 logins an hour and user; it passes, but not within the waits of a repetition.
        return RetryableError(f"connection '{options.connection}' at {options.login_url}: {what}")
    return _wrong(options, what, _FIXES.get(error, "check host, grant and credentials of the connection"))


def _wrong(options: Options, what: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(f"connection '{options.connection}' at {options.login_url}", what, fix)])
