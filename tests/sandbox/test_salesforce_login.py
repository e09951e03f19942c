"""Logging in by every grant, describing, and the limits of a day."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from simple_salesforce.api import Salesforce as Client

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead, logged_in

TOKEN = "/services/oauth2/token"  # noqa: S105 - a path
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def client(server: Salesforce) -> dict[str, str]:
    return {"client_id": server.client_id, "client_secret": server.client_secret}


def by_password(server: Salesforce) -> dict[str, str]:
    given = server.org.credentials
    return {"grant_type": "password", "username": given.username, "password": given.password + given.security_token}


def assertion(server: Salesforce, **claims: Any) -> dict[str, str]:
    said = {
        "iss": server.client_id,
        "sub": server.org.credentials.username,
        "aud": "https://login.salesforce.com",
        "exp": str(int(time.time()) + 180),
        **claims,
    }
    return {"grant_type": JWT_GRANT, "assertion": jwt.encode(said, server.jwt_key.read_bytes(), algorithm="RS256")}


def ask(server: Salesforce, form: dict[str, str], **options: Any) -> requests.Response:
    return requests.post(server.http_url + TOKEN, data=form, timeout=10, **options)


def test_client_credentials_in_the_header_and_in_the_body(salesforce: Salesforce) -> None:
    form = {"grant_type": "client_credentials"}
    basic = ask(salesforce, form, auth=(salesforce.client_id, salesforce.client_secret))
    body = ask(salesforce, form | client(salesforce))
    for answer in (basic, body):
        assert answer.status_code == 200
        assert answer.json().keys() >= {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"}
        assert answer.json()["instance_url"] == salesforce.http_url
    wrong = ask(salesforce, form | client(salesforce) | {"client_secret": "no"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")


def test_jwt_bearer_wants_the_right_key_claims_and_time(salesforce: Salesforce) -> None:
    assert ask(salesforce, assertion(salesforce)).status_code == 200
    late = ask(salesforce, assertion(salesforce, exp=int(time.time()) - 60)).json()
    assert (late["error"], late["error_description"]) == ("invalid_grant", "expired authorization code")
    stranger = ask(salesforce, assertion(salesforce, sub="nobody@x.org")).json()
    assert stranger["error_description"] == "user hasn't approved this consumer"
    foreign = {"grant_type": JWT_GRANT, "assertion": jwt.encode({"iss": "x"}, "k" * 32, algorithm="HS256")}
    assert ask(salesforce, foreign).json()["error"] == "invalid_grant"


def test_passwords_and_soap_only_where_the_org_allows_them(start_salesforce: Callable[..., Salesforce]) -> None:
    old, new = start_salesforce(), start_salesforce(passwords=False)
    assert [ask(each, by_password(each) | client(each)).status_code for each in (old, new)] == [200, 400]
    assert [soap(old, "59.0").status_code, soap(old, "65.0").status_code, soap(new, "59.0").status_code] == [
        200,
        500,
        500,
    ]
    assert "<sessionId>" in soap(old, "59.0").text
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in soap(old, "59.0", password="no").text  # noqa: S106 - a wrong one


def soap(server: Salesforce, version: str, **changes: str) -> requests.Response:
    form = by_password(server) | changes
    body = (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
        f'<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{form["username"]}</n1:username>'
        f"<n1:password>{form['password']}</n1:password></n1:login></env:Body></env:Envelope>"
    )
    return requests.post(f"{server.http_url}/services/Soap/u/{version}", data=body, timeout=10)


def test_codes_and_refresh_tokens(salesforce: Salesforce) -> None:
    wish = {"response_type": "code", "client_id": salesforce.client_id, "redirect_uri": "http://localhost:1/back"}
    url = f"{salesforce.http_url}/services/oauth2/authorize"
    sent = requests.get(url, params=wish, allow_redirects=False, timeout=10)
    code = sent.headers["Location"].partition("code=")[2]
    form = {"grant_type": "authorization_code", "code": code} | client(salesforce)
    first = ask(salesforce, form)
    assert ask(salesforce, form).json()["error"] == "invalid_grant"
    again = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]} | client(salesforce)
    assert ask(salesforce, again).status_code == 200
    gone = ask(salesforce, again | {"refresh_token": "x"}).json()
    assert gone == {"error": "invalid_grant", "error_description": "expired access/refresh token"}


def test_who_is_logged_in(api: Api, salesforce: Salesforce) -> None:
    told = api.get("/services/oauth2/userinfo").json()
    assert (told["user_id"], told["organization_id"]) == (salesforce.org.user_id, salesforce.org.org_id)
    assert api.get(f"/id/{told['organization_id']}/{told['user_id']}").json()["username"] == told["preferred_username"]


def test_nobody_comes_in_without_a_session(salesforce: Salesforce) -> None:
    answer = requests.get(f"{salesforce.http_url}/services/data/v59.0/limits", timeout=10)
    assert (answer.status_code, answer.json()) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_versions_are_listed_and_others_are_unknown(api: Api) -> None:
    listed = {each["version"]: each["label"] for each in api.get("/services/data").json()}
    assert (listed["31.0"], listed["65.0"]) == ("Summer '14", "Winter '26")
    assert api.get("/services/data/v59.0/").json()["sobjects"] == "/services/data/v59.0/sobjects"
    assert api.get("/services/data/v99.0/limits").status_code == 404


def test_describe_tells_fields_and_may_say_unchanged(api: Api) -> None:
    answer = api.get("/sobjects/lead/describe")
    fields = {field["name"]: field for field in answer.json()["fields"]}
    assert (fields["LastName"]["length"], fields["LastName"]["nillable"], fields["LastName"]["type"]) == (
        80,
        False,
        "string",
    )
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert [each["value"] for each in fields["Rating"]["picklistValues"]] == ["Hot", "Warm", "Cold"]
    assert fields["Modstamp_Key__c"]["externalId"]
    assert fields["Modstamp_Key__c"]["custom"]
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert api.get("/sobjects/Lead/describe", headers=since).status_code == 304
    assert {each["name"] for each in api.get("/sobjects").json()["sobjects"]} >= {"Account", "Contact", "Lead", "User"}
    assert api.get("/sobjects/Nope/describe").json()[0]["errorCode"] == "NOT_FOUND"


def test_calls_are_counted_and_a_day_has_its_limit(start_salesforce: Callable[..., Salesforce]) -> None:
    server = start_salesforce(daily_limit=3)
    api = logged_in(server)
    used = [api.get(path).headers["Sforce-Limit-Info"] for path in ("/limits", "/sobjects", "/query?q=x")]
    assert used == ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3"]
    refused = api.get("/limits")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert api.get("/__sandbox__/counts").json() == {"login": 1, "limits": 1, "describe": 1, "query": 1, "charged": 3}
    assert api.call("DELETE", "/__sandbox__/counts").status_code == 204
    assert api.get("/limits").json()["DailyApiRequests"] == {"Max": 3, "Remaining": 2}


def test_long_addresses_are_refused(api: Api) -> None:
    soql = "SELECT Id FROM Lead WHERE City = '" + "x" * 16_500 + "'"
    assert api.get("/query", params={"q": soql}).status_code == 414
    assert api.get("/limits", headers={"X-Long": "x" * 16_300}).status_code == 431


def test_simple_salesforce_reads_and_writes(salesforce: Salesforce) -> None:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(salesforce.ca_bundle)
    token = logged_in(salesforce).session.headers["Authorization"]
    instance = salesforce.login_url.removeprefix("https://")
    # Its own annotations know nothing of what its attributes do at run time.
    connected: Any = Client(
        instance=instance, session_id=str(token).removeprefix("Bearer "), session=session, version="59.0"
    )
    created = connected.Lead.create(lead())
    assert connected.Lead.get(created["id"])["Name"] == "Noether"
    assert connected.query_all("SELECT Id FROM Lead")["totalSize"] == 1
    rows = [lead(LastName=f"Bulk {number}") for number in range(300)]
    assert connected.bulk2.Lead.insert(records=rows, wait=0)[0]["numberRecordsFailed"] == 0
    assert len(next(iter(connected.bulk2.Lead.query("SELECT Id FROM Lead", wait=0))).splitlines()) == 302
    session.close()


@pytest.mark.parametrize("path", ["/search", "/composite/graph", "/tooling/query", "/services/data/v59.0/ui-api/x"])
def test_real_resources_that_are_left_out_are_named_so(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (501, "NOT_SUPPORTED_HERE")
