from __future__ import annotations

import json

import pytest

from modstamp.connections import ConnectionSettings, from_environment
from modstamp.errors import ConfigurationError


def read(text: str) -> ConnectionSettings:
    return from_environment("salesforce", {"AIRFLOW_CONN_SALESFORCE": text})


def test_a_uri_is_read() -> None:
    found = read("salesforce://client%40id:s%2Fecret@acme.my.salesforce.com:8443/path?grant=jwt&sandbox=true")
    assert (found.kind, found.host, found.port) == ("salesforce", "acme.my.salesforce.com", 8443)
    assert (found.login, found.password, found.schema) == ("client@id", "s/ecret", "path")
    assert found.extra == {"grant": "jwt", "sandbox": "true"}


def test_a_host_may_carry_its_protocol() -> None:
    found = read("salesforce://https://id:secret@localhost:8443")
    assert (found.host, found.port, found.login, found.password) == ("https://localhost", 8443, "id", "secret")


def test_json_is_read() -> None:
    text = {
        "conn_type": "salesforce-sandbox",
        "host": "h",
        "port": "1",
        "login": "l",
        "password": "p",
        "extra": '{"a": [1]}',
    }
    found = read(json.dumps(text))
    assert (found.kind, found.host, found.port, found.login, found.password) == ("salesforce_sandbox", "h", 1, "l", "p")
    assert found.extra == {"a": [1]}
    assert read(json.dumps({**text, "extra": {"a": 2}})).extra == {"a": 2}


def test_a_nested_extra_travels_in_a_uri() -> None:
    assert read("salesforce://?__extra__=%7B%22a%22%3A+%5B1%5D%7D").extra == {"a": [1]}


@pytest.mark.parametrize(
    "text", ["", "no uri, topsecret", '{"password": "topsecret"', '{"password": "topsecret", "extra": "[]"}']
)
def test_what_is_wrong_is_told_with_its_fix_and_without_the_secret(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_SALESFORCE") as caught:
        read(text)
    assert "topsecret" not in str(caught.value)
    assert caught.value.problems[0].fix


def test_secrets_stay_out_of_the_repr() -> None:
    text = repr(read("salesforce://id:topsecret@host?private_key=keysecret"))
    assert "id" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "text",
    [
        "salesforce://client%40id:s%2Fecret@acme.my.salesforce.com:8443/path?grant=jwt&sandbox=true",
        "salesforce://https://id:secret@localhost:8443",
        "postgresql://me:secret@/name?host=/run/socket",
        '{"conn_type": "salesforce", "host": "h", "port": 1, "login": "l", "password": "p", "extra": {"a": 1}}',
    ],
)
def test_airflow_reads_the_same(text: str) -> None:
    from airflow.sdk.definitions.connection import Connection  # noqa: PLC0415 - heavy, and for this test alone

    ours = read(text)
    theirs = (
        Connection.from_json(text, "salesforce") if text.startswith("{") else Connection.from_uri(text, "salesforce")
    )
    assert (ours.kind, ours.host, ours.port) == (theirs.conn_type, theirs.host or "", theirs.port)
    assert (ours.login, ours.password, ours.schema) == (theirs.login or "", theirs.password or "", theirs.schema or "")
    assert ours.extra == theirs.extra_dejson
