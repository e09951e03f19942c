"""Pages, locators and the two kinds of query."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERYTHING = "SELECT Id, LastName FROM Lead ORDER BY SystemModstamp, Id"


@pytest.fixture
def many(salesforce: Salesforce) -> list[str]:
    """5,000 Leads that share one second: a tie larger than a page."""
    rows = [lead(LastName=f"Number {number}") for number in range(5_000)]
    return salesforce.store.insert_many("Lead", rows, created=MOMENT, by=salesforce.org.user_id)


def test_pages_hold_two_thousand_and_lose_nothing(api: Api, many: list[str]) -> None:
    records, pages = api.all_pages(EVERYTHING)
    assert pages == 3
    assert [record["Id"] for record in records] == many


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("asked", "pages"), [(200, 25), (10, 25), (1_000, 5), (9_999, 3)])
def test_the_page_size_may_be_asked_for_within_bounds(api: Api, asked: int, pages: int) -> None:
    assert api.all_pages(EVERYTHING, **{"Sforce-Query-Options": f"batchSize={asked}"})[1] == pages


@pytest.mark.usefixtures("many")
def test_pages_may_shrink(api: Api, salesforce: Salesforce) -> None:
    salesforce.fault("shrinking_pages", size=700, times=1)
    first = api.query(EVERYTHING)
    assert len(first["records"]) == 700
    assert first["nextRecordsUrl"].endswith("-700")
    assert len(api.get(first["nextRecordsUrl"]).json()["records"]) == 2_000


def test_a_cursor_keeps_the_records_that_it_has_found(api: Api, salesforce: Salesforce, many: list[str]) -> None:
    first = api.query(EVERYTHING)
    salesforce.edit("Lead", many[2_500], LastName="Edited meanwhile")
    salesforce.store.purge("Lead", [many[2_501]])
    salesforce.edit("Lead", LastName="New meanwhile", Company="x")
    names = [record["LastName"] for record in api.get(first["nextRecordsUrl"]).json()["records"]]
    assert names[500] == "Edited meanwhile"
    assert len(names) == 1_999
    assert "New meanwhile" not in names


@pytest.mark.usefixtures("many")
def test_a_locator_can_be_read_again_and_ends(api: Api, salesforce: Salesforce) -> None:
    url = api.query(EVERYTHING)["nextRecordsUrl"]
    assert api.get(url).json() == api.get(url, params={"q": "ignored"}).json()
    salesforce.org.clock.skew = 3 * 24 * 60 * 60
    fresh = api.post("/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=_basic(salesforce))
    late = api.get(url, headers={"Authorization": f"Bearer {fresh.json()['access_token']}"})
    assert (late.status_code, late.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_query_hides_what_is_deleted_and_query_all_shows_it(api: Api, salesforce: Salesforce) -> None:
    kept, gone = (salesforce.edit("Lead", LastName=name, Company="x") for name in ("Kept", "Gone"))
    assert api.call("DELETE", f"/sobjects/Lead/{gone}").status_code == 204
    assert [record["Id"] for record in api.query(EVERYTHING)["records"]] == [kept]
    found = api.query("SELECT Id, IsDeleted FROM Lead ORDER BY Id", resource="queryAll")["records"]
    assert [(record["Id"], record["IsDeleted"]) for record in found] == [(kept, False), (gone, True)]


def test_columns_are_described_on_request(api: Api) -> None:
    answer = api.get("/query", params={"q": "SELECT Id, Owner.Name FROM Lead", "columns": "true"}).json()
    assert [column["columnName"] for column in answer["columnMetadata"]] == ["Id", "Owner"]
    assert answer["columnMetadata"][1]["joinColumns"][0]["columnName"] == "Name"


def test_updated_and_deleted_tell_ids_of_a_span(api: Api, salesforce: Salesforce) -> None:
    changed, gone = (salesforce.edit("Lead", LastName=name, Company="x") for name in ("Changed", "Gone"))
    salesforce.store.delete("Lead", [gone], by=salesforce.org.people_id)
    now = salesforce.org.clock.seconds()
    span = {
        "start": datetime.fromtimestamp(now - 600, UTC).isoformat(),
        "end": datetime.fromtimestamp(now + 120, UTC).isoformat(),
    }
    assert api.get("/sobjects/Lead/updated/", params=span).json()["ids"] == [changed]
    assert [each["id"] for each in api.get("/sobjects/Lead/deleted/", params=span).json()["deletedRecords"]] == [gone]
    salesforce.store.undelete("Lead", [gone], by=salesforce.org.people_id)
    assert api.get("/sobjects/Lead/deleted/", params=span).json()["deletedRecords"] == []
    short = api.get("/sobjects/Lead/deleted/", params={"start": span["end"], "end": span["end"]})
    assert short.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_the_servers_clock_is_in_the_date_header(api: Api) -> None:
    assert api.call("PUT", "/__sandbox__/clock", json={"skew": -3600}).status_code == 200
    said = parsedate_to_datetime(api.get("/limits").headers["Date"])
    assert abs((datetime.now(UTC) - said).total_seconds() - 3600) < 5
    record = api.get(f"/sobjects/Lead/{api.post('/sobjects/Lead', lead()).json()['id']}").json()
    assert abs((datetime.fromisoformat(record["SystemModstamp"]) - said).total_seconds()) < 5


def _basic(server: Salesforce) -> tuple[str, str]:
    return server.client_id, server.client_secret
