"""Logging in by the grants of OAuth, and who is logged in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox.salesforce.org import Org
from sandbox.salesforce.web.call import Answer, Call
from sandbox.tls import SIGNING_CERTIFICATE

JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
Form = Mapping[str, str]


class Denied(Exception):  # noqa: N818 - an answer, like Refusal, in OAuth's own shape
    """A login that is turned down."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def token(org: Org, call: Call) -> Answer:
    """Serve every grant; a refused one is 400 with `error` and `error_description`."""
    form = _form(call)
    grants: dict[str, Callable[[], tuple[str, bool]]] = {
        "client_credentials": partial(_client_credentials, org, call, form),
        "password": partial(_password, org, form),
        "refresh_token": partial(_refresh, org, form),
        "authorization_code": partial(_code, org, form),
        JWT_GRANT: partial(_jwt_bearer, org, call, form),
    }
    grant = grants.get(form.get("grant_type", ""), _unknown_grant)
    try:
        user_id, refreshable = grant()
    except Denied as denied:
        return Answer(status=400, body={"error": denied.error, "error_description": denied.description})
    return Answer(body=_granted(org, call, user_id, refreshable=refreshable))


def authorize(org: Org, call: Call) -> Answer:
    """Approve at once, as if the integration user had pressed Allow."""
    if call.query.get("client_id") != org.credentials.client_id or call.query.get("response_type") != "code":
        return Answer(status=400, body={"error": "invalid_client_id", "error_description": "client identifier invalid"})
    answer = {"code": org.sessions.grant_code(org.user_id)}
    if "state" in call.query:
        answer["state"] = call.query["state"]
    return Answer(status=302, headers={"Location": f"{call.query.get('redirect_uri', '')}?{urlencode(answer)}"})


def userinfo(org: Org, call: Call) -> Answer:
    user = org.store.get("User", call.user_id) or {}
    return Answer(
        body={
            "sub": f"{instance(org, call)}/id/{org.org_id}/{call.user_id}",
            "user_id": call.user_id,
            "organization_id": org.org_id,
            "preferred_username": user["Username"],
            "name": user["Name"],
            "email": user["Email"],
            "zoneinfo": user["TimeZoneSidKey"],
        }
    )


def identity(org: Org, call: Call) -> Answer:
    user = org.store.get("User", call.user_id) or {}
    base = instance(org, call)
    return Answer(
        body={
            "id": f"{base}/id/{org.org_id}/{call.user_id}",
            "asserted_user": True,
            "user_id": call.user_id,
            "organization_id": org.org_id,
            "username": user["Username"],
            "display_name": user["Name"],
            "email": user["Email"],
            "active": bool(user["IsActive"]),
            "urls": {
                "rest": f"{base}/services/data/v{{version}}/",
                "query": f"{base}/services/data/v{{version}}/query/",
            },
        }
    )


def instance(org: Org, call: Call) -> str:
    """The URL for data: where the client is already, unless it came under one of Salesforce's own names."""
    if urlsplit(call.origin).hostname in LOOPBACK:
        return call.origin
    return org.options.instance_url or call.origin


def _granted(org: Org, call: Call, user_id: str, *, refreshable: bool) -> dict[str, str]:
    issued = str(int(org.clock.seconds() * 1000))
    identity_url = f"{instance(org, call)}/id/{org.org_id}/{user_id}"
    signature = hmac.new(org.credentials.client_secret.encode(), (identity_url + issued).encode(), hashlib.sha256)
    granted = {
        "access_token": org.sessions.begin(org.org_id, user_id),
        "signature": base64.b64encode(signature.digest()).decode(),
        "scope": "api refresh_token" if refreshable else "api",
        "instance_url": instance(org, call),
        "id": identity_url,
        "token_type": "Bearer",
        "issued_at": issued,
    }
    return granted | ({"refresh_token": org.sessions.grant_refresh(user_id)} if refreshable else {})


def _unknown_grant() -> tuple[str, bool]:
    raise Denied("unsupported_grant_type", "grant type not supported")


def _client_credentials(org: Org, call: Call, form: Form) -> tuple[str, bool]:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, _, client_secret = _decoded(encoded).partition(":")
        form = {**form, "client_id": client_id, "client_secret": client_secret}
    _check_client(org, form)
    return org.user_id, False


def _password(org: Org, form: Form) -> tuple[str, bool]:
    if not org.options.passwords:
        raise Denied("invalid_grant", "authentication failure")
    _check_client(org, form)
    check_password(org, form.get("username", ""), form.get("password", ""))
    return org.user_id, False


def _refresh(org: Org, form: Form) -> tuple[str, bool]:
    if form.get("client_id") != org.credentials.client_id:
        raise Denied("invalid_client_id", "client identifier invalid")
    user_id = org.sessions.refresh.get(form.get("refresh_token", ""))
    if user_id is None:
        raise Denied("invalid_grant", "expired access/refresh token")
    return user_id, False


def _code(org: Org, form: Form) -> tuple[str, bool]:
    _check_client(org, form)
    user_id = org.sessions.codes.pop(form.get("code", ""), None)
    if user_id is None:
        raise Denied("invalid_grant", "invalid authorization code")
    return user_id, True


def _jwt_bearer(org: Org, call: Call, form: Form) -> tuple[str, bool]:
    certificate = org.state / SIGNING_CERTIFICATE
    if not certificate.exists():
        raise Denied("invalid_grant", "user hasn't approved this consumer")
    try:
        claims = jwt.decode(
            form.get("assertion", ""),
            _public_key(certificate.read_bytes()),
            algorithms=["RS256"],
            audience=[*AUDIENCES, call.origin, instance(org, call)],
            issuer=org.credentials.client_id,
            options={"require": ["iss", "sub", "aud", "exp"]},
        )
    except jwt.ExpiredSignatureError as fault:
        raise Denied("invalid_grant", "expired authorization code") from fault
    except jwt.InvalidTokenError as fault:
        raise Denied("invalid_grant", "invalid assertion") from fault
    if claims["sub"] != org.credentials.username:
        raise Denied("invalid_grant", "user hasn't approved this consumer")
    return org.user_id, False


def _public_key(pem: bytes) -> RSAPublicKey:
    return cast("RSAPublicKey", x509.load_pem_x509_certificate(pem).public_key())


def _check_client(org: Org, form: Form) -> None:
    if form.get("client_id") != org.credentials.client_id:
        raise Denied("invalid_client_id", "client identifier invalid")
    if form.get("client_secret") != org.credentials.client_secret:
        raise Denied("invalid_client", "invalid client credentials")


def check_password(org: Org, username: str, password: str) -> None:
    expected = org.credentials.password + org.credentials.security_token
    if username != org.credentials.username or password != expected:
        raise Denied("invalid_grant", "authentication failure")


def _form(call: Call) -> dict[str, str]:
    parsed = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {**call.query, **{name: values[-1] for name, values in parsed.items()}}


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode()
    except ValueError:
        return ""
