from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from modstamp.connections import ConnectionSettings
from modstamp.connectors.salesforce.options import read
from modstamp.errors import ConfigurationError, RetryableError
from tests.connectors.salesforce.world import SalesforceWorld


def key_and_certificate() -> tuple[str, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "modstamp")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode(), certificate.public_bytes(serialization.Encoding.PEM)


@pytest.mark.requirement("OSF-002")
def test_client_credentials_log_in(world: SalesforceWorld) -> None:
    world.connector.describe("Lead")
    assert [call.kind for call in world.calls] == ["login", "describe"]
    assert world.calls[0].counted == 0


@pytest.mark.parametrize("in_file", [True, False])
def test_a_signed_assertion_logs_in(world: SalesforceWorld, tmp_path: Path, *, in_file: bool) -> None:
    key, certificate = key_and_certificate()
    (world.salesforce.org.state / "jwt.crt").write_bytes(certificate)
    path = tmp_path / "key.pem"
    path.write_text(key, encoding="ascii")
    # As one line of an environment variable, or in a file.
    given = {"private_key_file": str(path)} if in_file else {"private_key": key.replace("\n", "\\n")}
    username = world.salesforce.org.credentials.username
    extra = {"client_id": world.salesforce.client_id, **given}
    connector = world.connect(login=username, password="", extra=extra)
    assert connector.describe("Lead").name == "Lead"


def test_a_password_with_its_token_logs_in(world: SalesforceWorld) -> None:
    credentials = world.salesforce.org.credentials
    extra = {
        "grant": "password",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "security_token": credentials.security_token,
    }
    connector = world.connect(login=credentials.username, password=credentials.password, extra=extra)
    assert connector.describe("Lead").name == "Lead"


def test_a_refused_login_names_its_fix_and_no_secret(world: SalesforceWorld) -> None:
    connector = world.connect(password="topsecret")  # noqa: S106
    with pytest.raises(ConfigurationError, match=r"consumer key and secret|client credentials flow") as caught:
        connector.now()
    assert "topsecret" not in str(caught.value)
    assert len(world.calls) == 1


def test_a_key_that_is_none_is_told_without_being_shown(world: SalesforceWorld) -> None:
    extra = {"client_id": "id", "private_key": "-----BEGIN topsecret"}
    with pytest.raises(ConfigurationError, match="PEM") as caught:
        world.connect(login="me", password="", extra=extra).now()
    assert "topsecret" not in str(caught.value)


@pytest.mark.requirement("OSF-003")
@pytest.mark.requirement("OSF-007")
@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
def test_an_org_without_api_access_is_refused_with_its_fix(world: SalesforceWorld, code: str) -> None:
    world.salesforce.fault("api_disabled", code=code)
    with pytest.raises(ConfigurationError, match=r"API Enabled.*edition"):
        world.connector.describe("Lead")


def test_a_certificate_that_nobody_vouches_for_is_refused(world: SalesforceWorld, tmp_path: Path) -> None:
    _, other = key_and_certificate()
    bundle = tmp_path / "other.pem"
    bundle.write_bytes(other)
    with pytest.raises(ConfigurationError, match="ca_bundle"):
        world.connect(extra={"ca_bundle": str(bundle)}).now()


def test_a_dead_network_is_told_and_may_be_tried_again(world: SalesforceWorld) -> None:
    connector = world.connect(host="https://localhost", port=1)
    with pytest.raises(RetryableError, match=r"localhost:1 cannot be reached.*firewall"):
        connector.now()
    assert [call.counted for call in world.calls] == [0] * (1 + world.settings.retries)


def options(**values: Any) -> ConnectionSettings:
    return ConnectionSettings(**{"id": "crm", "kind": "salesforce", "login": "id", "password": "topsecret", **values})


@pytest.mark.requirement("OSF-066")
@pytest.mark.parametrize(
    ("given", "url", "audience"),
    [
        ({}, "https://login.salesforce.com", "https://login.salesforce.com"),
        ({"kind": "salesforce_sandbox"}, "https://test.salesforce.com", "https://test.salesforce.com"),
        ({"extra": {"sandbox": "true"}}, "https://test.salesforce.com", "https://test.salesforce.com"),
        ({"host": "acme.my.salesforce.com"}, "https://acme.my.salesforce.com", "https://login.salesforce.com"),
        (
            {"host": "https://acme--uat.sandbox.my.salesforce.com/"},
            "https://acme--uat.sandbox.my.salesforce.com",
            "https://test.salesforce.com",
        ),
        ({"host": "http://crm.example", "port": 8443}, "https://crm.example:8443", "https://crm.example:8443"),
    ],
)
def test_the_login_host(given: dict[str, Any], url: str, audience: str) -> None:
    found = read(options(**given))
    assert (found.login_url, found.audience) == (url, audience)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"login": "", "password": ""}, ["login", "password"]),
        ({"extra": {"grant": "jwt"}}, ["client_id", "private_key"]),
        ({"extra": {"grant": "password"}}, ["client_id"]),
        ({"extra": {"grant": "magic", "page_size": "many"}}, ["grant", "page_size"]),
        ({"extra": {"ca_bundle": "/no/such/file"}}, ["ca_bundle"]),
        ({"extra": {"api_version": "latest"}}, ["api_version"]),
    ],
)
def test_all_that_is_missing_is_told_at_once(given: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(options(**given))
    assert [problem.where for problem in caught.value.problems] == [f"connection 'crm', {name}" for name in names]
    assert all(problem.fix for problem in caught.value.problems)
    assert "topsecret" not in str(caught.value)


def test_secrets_stay_out_of_the_repr() -> None:
    extra = {"private_key": "keysecret", "client_id": "id", "security_token": "tokensecret", "client_secret": "secret"}
    assert "secret" not in repr(read(options(extra=extra)))
