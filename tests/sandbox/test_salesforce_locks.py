"""Writes of parallel connections that need the same parent."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api, logged_in

LOCKED = "UNABLE_TO_LOCK_ROW"


def outcomes(answer: Any) -> list[str]:
    return [each["errors"][0]["statusCode"] if each["errors"] else "saved" for each in answer.json()]


def tasks(*parents: Mapping[str, str]) -> dict[str, Any]:
    return {"records": [{"attributes": {"type": "Task"}, "Subject": "Call", **each} for each in parents]}


def test_children_of_one_parent_are_not_written_twice_at_once(api: Api, salesforce: Salesforce) -> None:
    contact, other = (salesforce.edit("Contact", LastName=name) for name in ("Ada", "Emmy"))
    fault = salesforce.fault("parent_lock", delay=0.3)
    second = logged_in(salesforce)
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(
            lambda client: client.post("/composite/sobjects", tasks({"WhoId": contact}, {"WhoId": other})),
            (api, second),
        )
        results = sorted(map(outcomes, answers))
    second.session.close()
    assert results == [[LOCKED, LOCKED], ["saved", "saved"]]
    assert fault.struck == 2
    assert salesforce.store.count("Task") == 2


@pytest.mark.parametrize("held", ["WhoId", "WhatId", "AccountId"])
def test_each_parent_is_locked_and_records_with_others_are_saved(api: Api, salesforce: Salesforce, held: str) -> None:
    account = salesforce.edit("Account", Name="Analytical Engines")
    contact = salesforce.edit("Contact", LastName="Ada", AccountId=account)
    deal = salesforce.edit(
        "Opportunity", Name="Ship", StageName="Prospecting", CloseDate="2026-08-31", AccountId=account
    )
    stranger = salesforce.edit("Contact", LastName="Emmy")
    salesforce.fault("parent_lock", delay=0.0)
    parents = {"WhoId": contact, "WhatId": deal}
    with salesforce.org.locks.taken([{**parents, "AccountId": account}[held]]):
        answer = api.post("/composite/sobjects", tasks(parents, {"WhoId": stranger}))
    assert outcomes(answer) == [LOCKED, "saved"]
    assert outcomes(api.post("/composite/sobjects", tasks(parents))) == ["saved"]


def test_a_record_and_its_parents_of_before_are_locked_too(api: Api, salesforce: Salesforce) -> None:
    old, new = (salesforce.edit("Contact", LastName=name) for name in ("Ada", "Emmy"))
    task = salesforce.edit("Task", Subject="Call", WhoId=old)
    salesforce.fault("parent_lock", delay=0.0)
    for held in (task, old, new):
        with salesforce.org.locks.taken([held]):
            answer = api.patch(f"/sobjects/Task/{task}", {"WhoId": new})
        assert answer.json()[0]["errorCode"] == LOCKED
        assert held in answer.json()[0]["message"]


def test_without_the_fault_nothing_is_locked(api: Api, salesforce: Salesforce) -> None:
    contact = salesforce.edit("Contact", LastName="Ada")
    with salesforce.org.locks.taken([contact]):
        assert api.post("/sobjects/Task", {"Subject": "Call", "WhoId": contact}).status_code == 201
