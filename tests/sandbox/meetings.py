"""Events for tests, and the people who are invited to them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce.server import Salesforce
from tests.sandbox.conftest import Api

START, END = "2026-08-03T10:00:00.000+0000", "2026-08-03T11:00:00.000+0000"
LISTS = ("AcceptedEventInviteeIds", "DeclinedEventInviteeIds", "UndecidedEventInviteeIds")


def event(**values: Any) -> dict[str, Any]:
    return {"Subject": "Demo", "StartDateTime": START, "EndDateTime": END, **values}


def created(api: Api, **values: Any) -> str:
    answer = api.post("/sobjects/Event", event(**values))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def invitees(api: Api, event_id: str) -> list[list[str] | None]:
    (record,) = api.query(f"SELECT {', '.join(LISTS)} FROM Event WHERE Id = '{event_id}'")["records"]  # noqa: S608 - SOQL
    return [record[name] for name in LISTS]


@pytest.fixture
def people(salesforce: Salesforce) -> list[str]:
    contact = salesforce.edit("Contact", LastName="Ada")
    lead = salesforce.edit("Lead", LastName="Emmy", Company="Göttingen")
    return [contact, lead, salesforce.org.people_id]
