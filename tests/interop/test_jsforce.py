"""jsforce, unmodified, reads and writes ten thousand Leads through the local Salesforce."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import foreign
from sandbox.salesforce.server import Salesforce
from tests.interop.figures import Figures
from tests.interop.rows import COUNT, FIELDS, KEY, Row, as_csv, by_key, leads

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]
CLIENT = "jsforce 3.10.26"
SOQL = f"SELECT Id, {', '.join(FIELDS)} FROM Lead"  # noqa: S608 - SOQL
PAGES = 5
COLLECTIONS = 50
Run = Callable[..., Any]


@pytest.fixture
def run(salesforce: Salesforce, jsforce_folder: Path, tmp_path: Path) -> Run:
    """Run one command of `jsforce/client.mjs` and return its result."""
    # Node looks for packages next to the script.
    script = shutil.copy(Path(__file__).parent / "jsforce" / "client.mjs", jsforce_folder)
    login = {
        "loginUrl": salesforce.http_url,
        "clientId": salesforce.client_id,
        "clientSecret": salesforce.client_secret,
    }

    def command(name: str, **order: Any) -> Any:
        order_file, answer_file = tmp_path / "order.json", tmp_path / "answer.json"
        order_file.write_text(json.dumps({"login": login, "command": name, "object": "Lead", **order}))
        done = subprocess.run(  # noqa: S603 - our own script
            [foreign.program("node"), script, str(order_file), str(answer_file)],
            env=foreign.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(answer_file.read_text(encoding="utf-8"))["result"]

    return command


@pytest.fixture
def filled(salesforce: Salesforce) -> list[Row]:
    """Ten thousand Leads in the org, and ten more in its recycle bin."""
    user_id = salesforce.org.user_id
    rows = leads()
    salesforce.store.insert_many("Lead", rows, by=user_id)
    deleted = salesforce.store.insert_many("Lead", leads(10, start=COUNT), by=user_id)
    salesforce.store.delete("Lead", deleted, by=user_id)
    return rows


def in_store(salesforce: Salesforce) -> dict[str, Row]:
    return by_key(salesforce.store.rows("Lead", "IsDeleted = 0"))


def test_it_understands_what_the_org_tells_of_itself(run: Run, salesforce: Salesforce) -> None:
    seen = run("look")
    assert seen["identity"]["user_id"] == salesforce.org.user_id
    assert {"Account", "Contact", "Lead", "User"} <= {each["name"] for each in seen["objects"]["sobjects"]}
    types = {field["name"]: field["type"] for field in seen["object"]["fields"]}
    assert (types["SystemModstamp"], types["Status"], types[KEY]) == ("datetime", "picklist", "string")
    assert seen["limits"]["DailyApiRequests"]["Max"] == seen["usage"]["apiUsage"]["limit"]


def test_it_reads_all_pages_of_a_query(run: Run, salesforce: Salesforce, filled: list[Row], figures: Figures) -> None:
    with figures.measured(salesforce, CLIENT, "query, autoFetch", COUNT):
        answer = run("query", soql=f"{SOQL} ORDER BY SystemModstamp, Id")
    assert (answer["totalSize"], answer["done"]) == (COUNT, True)
    assert by_key(answer["records"]) == by_key(filled)
    assert salesforce.counts()["charged"] == PAGES


def test_it_reads_deleted_records_too(run: Run, salesforce: Salesforce, filled: list[Row], figures: Figures) -> None:
    with figures.measured(salesforce, CLIENT, "queryAll, autoFetch", COUNT + 10):
        answer = run("query", soql=SOQL, scanAll=True)
    assert by_key(answer["records"]) == by_key(filled + leads(10, start=COUNT))


def test_it_reads_by_bulk_query(run: Run, salesforce: Salesforce, filled: list[Row], figures: Figures) -> None:
    with figures.measured(salesforce, CLIENT, "Bulk 2.0 query", COUNT):
        records = run("bulkQuery", soql=SOQL)
    assert by_key(records) == {row[KEY]: as_csv(row) for row in filled}


def test_it_writes_by_collections_and_reads_back_the_same(run: Run, salesforce: Salesforce, figures: Figures) -> None:
    with figures.measured(salesforce, CLIENT, "collections: insert", COUNT):
        inserted = run("insert", records=leads())
    assert [each["success"] for each in inserted] == [True] * COUNT
    assert salesforce.counts()["charged"] == COLLECTIONS

    changed = [{"Id": result["id"], **row} for result, row in zip(inserted, leads(suffix=" changed"), strict=True)]
    with figures.measured(salesforce, CLIENT, "collections: update", COUNT):
        assert all(each["success"] for each in run("update", records=changed))
    assert in_store(salesforce) == by_key(changed)

    half = leads(start=COUNT // 2, suffix=" upserted")
    with figures.measured(salesforce, CLIENT, "collections: upsert", COUNT):
        upserted = run("upsert", records=half, key=KEY)
    assert [each["created"] for each in upserted] == [False] * (COUNT // 2) + [True] * (COUNT // 2)

    expected = by_key(changed) | by_key(half)
    assert by_key(run("query", soql=SOQL)["records"]) == expected == in_store(salesforce)


def test_it_writes_by_bulk_ingest_and_reads_back_the_same(run: Run, salesforce: Salesforce, figures: Figures) -> None:
    with figures.measured(salesforce, CLIENT, "Bulk 2.0 ingest: insert", COUNT):
        inserted = run("load", operation="insert", records=leads())
    assert len(inserted["successfulResults"]) == COUNT
    assert (inserted["failedResults"], inserted["unprocessedRecords"]) == ([], [])

    ids = {result[KEY]: result["sf__Id"] for result in inserted["successfulResults"]}
    changed = [{"Id": ids[row[KEY]], **row} for row in leads(suffix=" changed")]
    with figures.measured(salesforce, CLIENT, "Bulk 2.0 ingest: update", COUNT):
        assert len(run("load", operation="update", records=changed)["successfulResults"]) == COUNT

    half = leads(start=COUNT // 2, suffix=" upserted")
    with figures.measured(salesforce, CLIENT, "Bulk 2.0 ingest: upsert", COUNT):
        upserted = run("load", operation="upsert", key=KEY, records=half)["successfulResults"]
    assert sum(each["sf__Created"] == "true" for each in upserted) == COUNT // 2

    expected = by_key(changed) | by_key(half)
    assert by_key(run("query", soql=SOQL)["records"]) == expected == in_store(salesforce)


def test_it_learns_which_records_were_refused_and_why(run: Run, salesforce: Salesforce) -> None:
    good, bad = leads(2)
    bad["LastName"] = "x" * 81
    one, two = run("insert", records=[good, bad])
    assert (one["success"], two["success"]) == (True, False)
    assert (two["errors"][0]["statusCode"], two["errors"][0]["fields"]) == ("STRING_TOO_LONG", ["LastName"])
    loaded = run("load", operation="insert", records=[bad])
    assert loaded["failedResults"][0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert len(in_store(salesforce)) == 1


def test_it_deletes_and_retrieves(run: Run, salesforce: Salesforce) -> None:
    ids = salesforce.store.insert_many("Lead", leads(401), by=salesforce.org.user_id)
    assert all(each["success"] for each in run("remove", ids=ids[1:]))
    kept, gone = run("retrieve", ids=ids[:2], fields=["Id", KEY])
    assert (kept["Id"], gone) == (ids[0], None)


def test_it_writes_events_with_their_invitees_and_reads_them(run: Run, salesforce: Salesforce) -> None:
    people = [salesforce.edit("Contact", LastName=name) for name in ("Ada", "Emmy")]
    event = {
        "Subject": "Demo",
        "StartDateTime": "2026-08-03T10:00:00.000+0000",
        "DurationInMinutes": 30,
        "WhoId": people[0],
        "AcceptedEventInviteeIds": people[:1],
        "UndecidedEventInviteeIds": people[1:],
    }
    (made,) = run("insert", object="Event", records=[event])
    (changed,) = run("update", object="Event", records=[{"Id": made["id"], "AcceptedEventInviteeIds": people}])
    assert made["success"]
    assert changed["success"]
    (record,) = run("query", soql=f"SELECT {', '.join(event)}, Who.Name FROM Event")["records"]  # noqa: S608 - SOQL
    assert {name: record[name] for name in event} == event | {
        "AcceptedEventInviteeIds": people,
        "UndecidedEventInviteeIds": None,
    }
    assert record["Who"]["Name"] == "Ada"
    (kept,) = run("retrieve", object="Event", ids=[made["id"]], fields=["AcceptedEventInviteeIds"])
    assert kept["AcceptedEventInviteeIds"] == people
    lists = [each["junctionIdListNames"] for each in run("look", object="Event")["object"]["childRelationships"]]
    assert ["AcceptedEventInviteeIds"] in lists


def test_it_writes_and_reads_tasks(run: Run, salesforce: Salesforce) -> None:
    contact = salesforce.edit("Contact", LastName="Ada")
    calls = [
        {"Subject": "Call", "TaskSubtype": "Call", "CallDurationInSeconds": 90, "WhoId": contact, "Status": status}
        for status in ("Completed", "Not Started")
    ]
    assert len(run("load", object="Task", operation="insert", records=calls)["successfulResults"]) == len(calls)
    found = run("query", soql="SELECT CallDurationInSeconds, IsClosed FROM Task ORDER BY IsClosed")["records"]
    assert [(each["CallDurationInSeconds"], each["IsClosed"]) for each in found] == [(90, False), (90, True)]
