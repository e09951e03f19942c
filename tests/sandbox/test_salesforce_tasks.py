"""Tasks: what follows from their status, whom and what they are about, and what is hidden of them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api


def saved(api: Api, **values: Any) -> dict[str, Any]:
    answer = api.post("/sobjects/Task", {"Subject": "Call", **values})
    assert answer.status_code == 201, answer.text
    return dict(api.get(f"/sobjects/Task/{answer.json()['id']}").json())


def test_a_new_task_is_not_started_and_of_the_plain_kind(api: Api) -> None:
    record = saved(api)
    assert (record["Status"], record["Priority"], record["TaskSubtype"]) == ("Not Started", "Normal", "Task")
    assert (record["IsClosed"], record["IsHighPriority"], record["CompletedDateTime"]) == (False, False, None)


def test_a_task_is_closed_when_it_is_completed_and_only_then(api: Api) -> None:
    made = saved(api, Status="Completed", Priority="High")["Id"]
    path = f"/sobjects/Task/{made}"
    first = api.get(path).json()
    assert (first["IsClosed"], first["IsHighPriority"]) == (True, True)
    assert first["CompletedDateTime"] == first["CreatedDate"]
    api.patch(path, {"Subject": "Called"})
    assert api.get(path).json()["CompletedDateTime"] == first["CompletedDateTime"]
    api.patch(path, {"Status": "In Progress"})
    record = api.get(path).json()
    assert (record["IsClosed"], record["CompletedDateTime"]) == (False, None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"TaskSubtype": "Fax"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"CallType": "Sideways"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"CallDisposition": "x" * 256}, "STRING_TOO_LONG"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG"),
        ({"Status": None}, "REQUIRED_FIELD_MISSING"),
        ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"CompletedDateTime": "2026-08-03T10:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"ActivityDate": "2026-08-03T10:00:00Z"}, "JSON_PARSER_ERROR"),
        ({"RecurrenceRegeneratedType": "RecurrenceRegenerated"}, "NOT_SUPPORTED_HERE"),
        ({"IsRecurrence": True}, "NOT_SUPPORTED_HERE"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(api: Api, values: dict[str, Any], code: str) -> None:
    made = saved(api)["Id"]
    answer = api.patch(f"/sobjects/Task/{made}", values) if "Status" in values else api.post("/sobjects/Task", values)
    assert answer.json()[0]["errorCode"] == code


@pytest.mark.parametrize("kind", ["Task", "Email", "List Email", "Cadence", "Call", "LinkedIn"])
def test_the_kinds_of_tasks_are_set_once(api: Api, kind: str) -> None:
    made = saved(api, TaskSubtype=kind)["Id"]
    refusal = api.patch(f"/sobjects/Task/{made}", {"TaskSubtype": "Call"}).json()[0]
    assert refusal["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_call_tells_how_it_went(api: Api) -> None:
    call = {"TaskSubtype": "Call", "CallType": "Outbound", "CallDurationInSeconds": 90, "CallDisposition": "Reached"}
    record = saved(api, ActivityDate="2026-08-03", Description="x" * 32_000, **call)
    assert {name: record[name] for name in call} == call
    assert record["ActivityDate"] == "2026-08-03"


def test_a_task_belongs_to_an_account_and_a_lead_to_nothing_else(api: Api, salesforce: Salesforce) -> None:
    account = salesforce.edit("Account", Name="Analytical Engines")
    contact = salesforce.edit("Contact", LastName="Ada", AccountId=account)
    lead = salesforce.edit("Lead", LastName="Emmy", Company="Göttingen")
    assert saved(api, WhoId=contact)["AccountId"] == account
    assert saved(api, WhoId=lead)["AccountId"] is None
    refusal = api.post("/sobjects/Task", {"WhoId": lead, "WhatId": account}).json()[0]
    assert (refusal["errorCode"], refusal["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["WhoId", "WhatId"])
    made = saved(api, WhatId=account)["Id"]
    assert api.patch(f"/sobjects/Task/{made}", {"WhoId": lead}).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    api.patch(f"/sobjects/Task/{made}", {"WhatId": None, "WhoId": contact})
    assert api.get(f"/sobjects/Task/{made}").json()["AccountId"] == account


def test_a_task_may_belong_to_a_queue_and_an_event_may_not(api: Api, salesforce: Salesforce) -> None:
    store, by = salesforce.store, salesforce.org.user_id
    queue = store.insert_many("Group", [{"Name": "Callers", "Type": "Queue"}], by=by)[0]
    assert saved(api, OwnerId=queue)["OwnerId"] == queue
    start = {"StartDateTime": "2026-08-03T10:00:00Z", "DurationInMinutes": 30}
    refusal = api.post("/sobjects/Event", {**start, "OwnerId": queue}).json()[0]
    assert refusal["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_the_type_can_be_hidden_by_field_level_security(api: Api, salesforce: Salesforce) -> None:
    assert saved(api, Type="Call")["Type"] == "Call"
    salesforce.fault("hidden_field", object="Task", field="Type")
    fields = {field["name"] for field in api.get("/sobjects/Task/describe").json()["fields"]}
    assert {"Subject", "Type"} - fields == {"Type"}
    assert api.post("/sobjects/Task", {"Type": "Call"}).json()[0]["errorCode"] == "INVALID_FIELD"
    assert api.post("/sobjects/Task", {"Subject": "Call"}).status_code == 201


def test_an_archived_task_is_shown_by_queries_for_all_alone(api: Api, salesforce: Salesforce) -> None:
    made = saved(api)["Id"]
    salesforce.perform("archive", "Task", made)
    assert api.query("SELECT Id FROM Task")["totalSize"] == 0
    assert api.query("SELECT Id FROM Task WHERE IsArchived = true", resource="queryAll")["totalSize"] == 1
    assert api.patch(f"/sobjects/Task/{made}", {"Status": "Completed"}).status_code == 204


def test_tasks_are_saved_by_key_and_in_jobs(api: Api, salesforce: Salesforce) -> None:
    salesforce.org.switch_on("activity_key")
    order = {"object": "Task", "operation": "upsert", "externalIdFieldName": "Modstamp_Key__c"}
    job = api.post("/jobs/ingest", order).json()["id"]
    rows = "Modstamp_Key__c,Subject,Status\ntsk:1,Call,Completed\ntsk:2,Mail,\n"
    api.call("PUT", f"/jobs/ingest/{job}/batches", data=rows)
    api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    while api.get(f"/jobs/ingest/{job}").json()["state"] != "JobComplete":
        pass
    found = api.query("SELECT Subject, IsClosed, Modstamp_Key__c FROM Task ORDER BY Modstamp_Key__c")["records"]
    assert [(each["Modstamp_Key__c"], each["IsClosed"]) for each in found] == [("tsk:1", True), ("tsk:2", False)]
