"""What an activity stands beside where it names no opportunity: the account, if the mapping says so (OSF-162)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.meetings import MAPPING, Diary

pytestmark = pytest.mark.requirement("OSF-162")

OWN = {"internal": "account_id", "reference": "account"}
OF_PROSPECT = {"internal": "prospect.account_id", "reference": "account"}


def fall_back(diary: Diary, fallback: dict[str, Any] | None) -> None:
    fields = [{**row, "fallback": fallback} if row["external"] == "WhatId" else row for row in MAPPING["fields"]]
    diary.meetings.change_mapping(fields=fields)


def account(diary: Diary, *, linked: bool = True) -> str:
    record = str(diary.sql("INSERT INTO accounts (name) VALUES ('Acme') RETURNING id")[0][0])
    if linked:
        diary.link("account", record, f"Account-{record}", "salesforce_account")
    return record


def with_contact(diary: Diary, acme: str, kind: str = "Contact", **values: Any) -> str:
    return diary.meeting(prospect_id=int(diary.prospect(kind, account_id=int(acme))), **values)


@pytest.mark.parametrize("fallback", [None, {**OWN, "on": False}])
def test_switched_off_an_event_without_an_opportunity_stands_beside_nothing(diary: Diary, fallback: Any) -> None:
    fall_back(diary, fallback)
    with_contact(diary, account(diary))
    diary.push()
    assert diary.event()["WhatId"] is None


@pytest.mark.parametrize("fallback", [OWN, OF_PROSPECT])
def test_it_stands_beside_the_account_until_it_has_an_opportunity(any_diary: Diary, fallback: dict[str, Any]) -> None:
    diary = any_diary
    fall_back(diary, fallback)
    acme, opportunity = account(diary), diary.opportunity()
    record = with_contact(diary, acme)
    diary.push()
    assert diary.event()["WhatId"] == f"Account-{acme}"
    assert diary.push().counts.get("seen", 0) == 0

    diary.edit(record, opportunity_id=int(opportunity))
    assert diary.push().counts["updated"] == 1
    assert diary.event()["WhatId"] == diary.counterpart("opportunity", opportunity)
    diary.edit(record, opportunity_id=None)
    diary.push()
    assert diary.event()["WhatId"] == f"Account-{acme}"


def test_beside_a_lead_nothing_stands(diary: Diary) -> None:
    fall_back(diary, OF_PROSPECT)
    with_contact(diary, account(diary), "Lead")
    diary.push()
    assert diary.event()["WhatId"] is None


@pytest.mark.guarantee("G6")
def test_an_account_that_is_linked_later_follows(diary: Diary) -> None:
    fall_back(diary, OWN)
    acme = account(diary, linked=False)
    with_contact(diary, acme)
    assert diary.push().counts["created"] == 1
    assert diary.event()["WhatId"] is None

    diary.link("account", acme, "Account-late", "salesforce_account")
    diary.push()
    assert diary.event()["WhatId"] == "Account-late"


@pytest.mark.guarantee("G30")
def test_switching_it_on_and_off_again(diary: Diary) -> None:
    """What has an account beside it keeps it when it is off again: nobody said that it were wrong."""
    with_contact(diary, acme := account(diary))
    diary.push()
    assert diary.event()["WhatId"] is None
    fall_back(diary, OWN)
    diary.push()
    assert diary.event()["WhatId"] == f"Account-{acme}"
    fall_back(diary, None)
    diary.push()
    assert diary.event()["WhatId"] == f"Account-{acme}"


def test_an_opportunity_that_is_not_linked_is_waited_for(diary: Diary) -> None:
    fall_back(diary, OWN)
    record = diary.sql("INSERT INTO opportunities (name) VALUES ('New') RETURNING id")[0][0]
    with_contact(diary, account(diary), opportunity_id=record)
    diary.push()
    assert diary.events() == {}
