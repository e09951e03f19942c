"""Faults that are switched on while the server runs, and what people do behind the API's back."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, lead


def test_a_cut_before_the_work_leaves_nothing_and_one_after_it_leaves_the_record(
    api: Api, salesforce: Salesforce
) -> None:
    for kind, expected in (("cut_before", 0), ("cut_after", 1)):
        assert api.post("/__sandbox__/faults", {"kind": kind, "times": 1, "method": "POST"}).status_code == 201
        with pytest.raises(requests.ConnectionError):
            api.post("/sobjects/Lead", lead())
        assert salesforce.store.count("Lead") == expected
    assert api.post("/sobjects/Lead", lead()).status_code == 201


def test_the_service_may_be_unavailable_in_json_and_in_html(api: Api, salesforce: Salesforce) -> None:
    salesforce.fault("unavailable", times=1)
    salesforce.fault("unavailable", times=1, html=True)
    first, second, third = (api.get("/limits") for _ in range(3))
    assert (first.status_code, first.json()[0]["errorCode"]) == (503, "SERVER_UNAVAILABLE")
    assert (second.status_code, second.headers["Content-Type"]) == (503, "text/html;charset=UTF-8")
    assert third.status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("daily_limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("concurrent_limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("api_disabled", 403, "API_DISABLED_FOR_ORG"),
        ("query_timeout", 400, "QUERY_TIMEOUT"),
    ],
)
def test_a_request_may_be_refused(api: Api, salesforce: Salesforce, kind: str, status: int, code: str) -> None:
    salesforce.fault(kind, seconds=60, path="/query")
    answer = api.get("/query", params={"q": "SELECT Id FROM Lead"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert api.get("/limits").status_code == 200
    assert api.call("DELETE", "/__sandbox__/faults", params={"kind": kind}).status_code == 204
    assert api.get("/query", params={"q": "SELECT Id FROM Lead"}).status_code == 200


def test_an_expired_session_stays_expired(api: Api, salesforce: Salesforce) -> None:
    salesforce.fault("expired_session", times=1)
    assert [api.get("/limits").status_code for _ in range(2)] == [401, 401]


def test_a_locked_record_is_refused_alone(api: Api, salesforce: Salesforce) -> None:
    free, locked = salesforce.store.insert_many("Lead", [lead(), lead()], by=salesforce.org.user_id)
    salesforce.fault("row_lock", ids=[locked], times=1)
    records = [{"attributes": {"type": "Lead"}, "Id": each, "City": "Bonn"} for each in (free, locked)]
    first, second = (api.patch("/composite/sobjects", {"records": records}).json() for _ in range(2))
    assert [each["success"] for each in first] == [True, False]
    assert first[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert [each["success"] for each in second] == [True, True]


def test_a_late_commit_is_stamped_before_it_is_seen(api: Api, salesforce: Salesforce) -> None:
    salesforce.fault("late_commit", delay=1.2, times=1)
    writer = threading.Thread(target=lambda: salesforce.edit("Lead", **lead()))
    writer.start()
    time.sleep(0.1)
    assert api.query("SELECT Id FROM Lead")["totalSize"] == 0
    writer.join()
    seen = salesforce.org.clock.stamp()
    assert api.query("SELECT SystemModstamp FROM Lead")["records"][0]["SystemModstamp"] < seen


def test_an_edit_may_become_visible_late(api: Api, salesforce: Salesforce) -> None:
    order = {"object": "Lead", "values": lead(), "late": 0.3}
    assert api.post("/__sandbox__/edit", order).status_code == 202
    assert salesforce.store.count("Lead") == 0
    deadline = time.monotonic() + 5
    while not salesforce.store.count("Lead") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert salesforce.store.count("Lead") == 1


def test_a_slow_answer_is_slow(api: Api, salesforce: Salesforce) -> None:
    salesforce.fault("slow", delay=0.3, times=1)
    begun = time.monotonic()
    assert api.get("/limits").status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_unknown_faults_are_refused(api: Api, salesforce: Salesforce) -> None:
    assert api.post("/__sandbox__/faults", {"kind": "meteor"}).json()[0]["errorCode"] == "INVALID_FAULT"
    assert api.post("/__sandbox__/faults", {"kind": "slow", "speed": 1}).status_code == 400
    assert not salesforce.org.faults.active
    assert "row_lock" in api.get("/__sandbox__/faults").json()["kinds"]


def test_people_edit_without_calls_and_under_the_rules(api: Api, salesforce: Salesforce) -> None:
    made = api.post("/__sandbox__/edit", {"object": "Lead", "values": lead()}).json()["id"]
    assert api.post("/__sandbox__/edit", {"object": "Lead", "id": made, "values": {"City": "Bonn"}}).status_code == 200
    refused = api.post("/__sandbox__/edit", {"object": "Lead", "id": made, "values": {"LastName": None}})
    assert refused.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert salesforce.counts() == {"login": 1, "charged": 0}
    row = salesforce.store.get("Lead", made)
    assert row is not None
    assert (row["City"], row["LastModifiedById"]) == ("Bonn", salesforce.org.people_id)


def test_people_delete_restore_and_purge(salesforce: Salesforce) -> None:
    made = salesforce.edit("Lead", **lead())
    for operation, living, there in (("delete", 0, 1), ("undelete", 1, 1), ("delete", 0, 1), ("purge", 0, 0)):
        salesforce.perform(operation, "Lead", made)
        assert salesforce.store.count("Lead", "IsDeleted = 0") == living
        assert salesforce.store.count("Lead") == there


def test_contacts_go_with_their_account_and_come_back_with_it(api: Api, salesforce: Salesforce) -> None:
    account = salesforce.edit("Account", Name="Analytical Engines")
    gone, deleted_before = (salesforce.edit("Contact", LastName=name, AccountId=account) for name in ("Curie", "Ada"))
    salesforce.perform("delete", "Contact", deleted_before)

    salesforce.perform("delete", "Account", account)
    rows = {row["Id"]: row for row in salesforce.store.rows("Contact")}
    (parent,) = salesforce.store.rows("Account")
    assert (rows[gone]["IsDeleted"], rows[gone]["SystemModstamp"]) == (True, parent["SystemModstamp"])
    log = salesforce.store.deletions("Contact", "2000", "3000")
    assert {record for record, _ in log} == {gone, deleted_before}

    salesforce.perform("undelete", "Account", account)
    assert [row["Id"] for row in salesforce.store.rows("Contact", "IsDeleted = 0")] == [gone]

    salesforce.perform("delete", "Account", account)
    salesforce.perform("purge", "Account", account)
    assert [row["Id"] for row in salesforce.store.rows("Contact")] == [deleted_before]
    described = api.get("/sobjects/Account/describe").json()["childRelationships"]
    cascading = [each["childSObject"] for each in described if each["cascadeDelete"]]
    assert cascading == ["Contact", "Event", "Opportunity", "Task"]


def test_a_record_whose_unique_value_was_given_away_is_not_restored(api: Api, salesforce: Salesforce) -> None:
    old = salesforce.edit("Lead", **lead(Modstamp_Key__c="1"))
    salesforce.perform("delete", "Lead", old)
    new = salesforce.edit("Lead", **lead(Modstamp_Key__c="1"))

    refused = api.post("/__sandbox__/edit", {"object": "Lead", "id": old, "operation": "undelete"})

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "DUPLICATE_VALUE")
    assert new[:15] in refused.json()[0]["message"]
    again = api.post("/__sandbox__/edit", {"object": "Lead", "id": new, "operation": "undelete"})
    assert again.json()[0]["errorCode"] == "UNDELETE_FAILED"
    assert [row["Id"] for row in salesforce.store.rows("Lead", "IsDeleted = 0")] == [new]


def test_a_merged_record_that_is_restored_names_no_master(salesforce: Salesforce) -> None:
    winner, loser = (salesforce.edit("Lead", **lead()) for _ in range(2))
    salesforce.perform("merge", "Lead", winner, losers=[loser])
    salesforce.perform("undelete", "Lead", loser)
    row = salesforce.store.get("Lead", loser)
    assert row is not None
    assert (row["IsDeleted"], row["MasterRecordId"]) == (False, None)


def test_a_merge_leaves_the_winner_with_everything(salesforce: Salesforce) -> None:
    winner, loser = (salesforce.edit("Account", Name=name) for name in ("Winner", "Loser"))
    contact = salesforce.edit("Contact", LastName="Curie", AccountId=loser)
    salesforce.perform("merge", "Account", winner, losers=[loser], values={"Phone": "1"})
    (gone,) = salesforce.store.rows("Account", "IsDeleted = 1")
    (person,) = salesforce.store.rows("Contact", "Id = ?", (contact,))
    assert (gone["Id"], gone["MasterRecordId"], person["AccountId"]) == (loser, winner, winner)


def test_a_converted_lead_is_closed(api: Api, salesforce: Salesforce) -> None:
    made = salesforce.edit("Lead", **lead(Email="emmy@x.org"))
    salesforce.perform("convert", "Lead", made)
    record = api.query("SELECT IsConverted, ConvertedContact.Email, ConvertedAccount.Name FROM Lead")["records"][0]
    assert record["IsConverted"]
    assert (record["ConvertedContact"]["Email"], record["ConvertedAccount"]["Name"]) == ("emmy@x.org", "Göttingen")
    assert api.patch(f"/sobjects/Lead/{made}", {"City": "x"}).json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_a_touch_changes_the_system_stamp_alone(salesforce: Salesforce) -> None:
    made = salesforce.edit("Lead", **lead())
    salesforce.org.clock.skew = 100
    salesforce.perform("touch", "Lead", made)
    row = salesforce.store.get("Lead", made)
    assert row is not None
    assert row["SystemModstamp"] > row["LastModifiedDate"]
