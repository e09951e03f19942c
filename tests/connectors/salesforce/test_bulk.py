from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from modstamp.connectors.salesforce import bulk_create, table
from modstamp.instants import from_text
from modstamp.model import Action, Column, Operation, Presence, Status, Values
from sandbox.salesforce.server import Salesforce
from tests.connectors.contract import pull, update, whole
from tests.connectors.salesforce.world import SalesforceWorld

AWKWARD = [
    "a,b",
    'say "x"',
    "l1\nl2",
    "l1\r\nl2",
    "l1\rl2",
    "a\u2028b",
    " spaced ",
    "é 漢 🎈",
    "NULL",
    "NA",
    "nan",
    "-",
    "1e5",
]


@pytest.fixture
def bulky(salesforce: Salesforce) -> SalesforceWorld:
    """Takes the route of jobs from ten records on."""
    return SalesforceWorld(salesforce, bulk_reads_from=10, bulk_creates_from=10)


def creates(world: SalesforceWorld, count: int, **values: Any) -> list[Action]:
    return [
        Action(operation=Operation.CREATE, id=None, values={**world.values(number), **values})
        for number in range(count)
    ]


def kinds(world: SalesforceWorld) -> list[str]:
    return [call.kind for call in world.calls]


def test_any_text_survives_the_way_out_and_back() -> None:
    assert table.read(table.write({"Id": ["1"] * len(AWKWARD), "Text": AWKWARD}))["Text"] == AWKWARD


def test_an_empty_list_has_its_columns() -> None:
    assert table.read(b'"Id","Text"\n') == {"Id": [], "Text": []}
    assert table.read(b"") == {}


@pytest.mark.guarantee("G3")
def test_a_slice_of_a_large_window_is_read_by_a_job(bulky: SalesforceWorld) -> None:
    ids = sorted(bulky.create(bulky.values(number) for number in range(40)))
    window = replace(whole(bulky), at_most=25)

    first, pages = pull(bulky, window)
    rest, _ = pull(bulky, replace(window, after=(from_text(first[Column.STAMP].iloc[-1]), first[Column.ID].iloc[-1])))

    assert "bulk" in kinds(bulky)
    assert list(first[Column.ID]) == ids[:25]
    assert list(rest[Column.ID]) == ids[25:]
    assert {page.total for page in pages} == {25}


@pytest.mark.guarantee("G2")
def test_a_large_window_is_read_by_a_job_with_the_same_rows(bulky: SalesforceWorld) -> None:
    rows: list[Values] = [
        {
            **bulky.values(number),
            "Description": text,
            "NumberOfEmployees": number,
            "HasOptedOutOfEmail": number % 2 == 1,
        }
        for number, text in enumerate(AWKWARD)
    ]
    ids = bulky.create(rows)
    bulky.delete(ids[3])
    fields = ["Email", "Description", "NumberOfEmployees", "HasOptedOutOfEmail", "Phone", "CreatedDate"]
    by_job, pages = pull(bulky, whole(bulky), fields)
    assert "bulk" in kinds(bulky)
    assert {page.total for page in pages} == {len(ids)}
    by_page = bulky.connect(extra={"bulk_reads_from": 50}).pull("Lead", fields, whole(bulky))
    expected = next(by_page).records
    unstamped = [name for name in by_job.columns if name != Column.READ_AT]
    assert by_job[unstamped].to_dict("list") == expected[unstamped].to_dict("list")
    assert list(by_job[Column.STATE]).count(Presence.DELETED) == 1


def test_where_bulk_is_off_the_pages_go_on(bulky: SalesforceWorld) -> None:
    ids = bulky.create(bulky.values(number) for number in range(20))
    bulky.connector.describe("Lead")
    bulky.salesforce.fault("api_disabled", code="API_ERROR", path="/jobs/query")
    records, pages = pull(bulky, whole(bulky))
    assert sorted(records[Column.ID]) == sorted(ids)
    assert pages[0].total == 20


def test_many_creates_go_by_a_job(bulky: SalesforceWorld) -> None:
    bulky.refuse("bad")
    actions = creates(bulky, 30)
    actions[4] = Action(operation=Operation.CREATE, id=None, values={**bulky.values(4), "Phone": "bad"})
    actions[5] = Action(operation=Operation.CREATE, id=None, values={**bulky.values(5), "Description": 'a\r\nb,"c"'})
    actions[6] = Action(operation=Operation.CREATE, id=None, values={**bulky.values(6), "Phone": None})
    outcomes = bulky.connector.push("Lead", actions, ["Email", "Description"])
    assert "bulk" in kinds(bulky)
    assert "write" not in kinds(bulky)
    assert [place for place, outcome in enumerate(outcomes) if outcome.status is not Status.OK] == [4]
    assert (outcomes[4].status, outcomes[4].code) == (Status.REJECTED, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    shown = [outcome.shown["Email"] if outcome.shown else None for outcome in outcomes]
    assert shown == [None if place == 4 else action.values["Email"] for place, action in enumerate(actions)]
    assert outcomes[5].shown
    assert outcomes[5].shown["Description"] == 'a\r\nb,"c"'


def test_equal_records_are_all_created(bulky: SalesforceWorld) -> None:
    actions = [Action(operation=Operation.CREATE, id=None, values={"LastName": "Twin", "Company": "Acme"})] * 12
    outcomes = bulky.connector.push("Lead", actions, [])
    assert len({outcome.id for outcome in outcomes}) == 12


@pytest.mark.guarantee("G21")
def test_a_job_whose_release_got_no_answer_is_open(bulky: SalesforceWorld) -> None:
    bulky.connector.describe("Lead")
    bulky.salesforce.fault("cut_after", times=1, method="PATCH", path="/jobs/ingest")
    outcomes = bulky.connector.push("Lead", creates(bulky, 12), [])
    assert {outcome.status for outcome in outcomes} == {Status.UNKNOWN}
    # It was carried out all the same, which is what recovery will find.
    (job,) = bulky.salesforce.org.jobs.known.values()
    ends = time.monotonic() + 10
    while job.state != "JobComplete" and time.monotonic() < ends:
        time.sleep(0.01)
    assert bulky.salesforce.store.count("Lead") == 12


def test_a_job_is_for_many_creates_that_it_can_carry(bulky: SalesforceWorld) -> None:
    many = creates(bulky, 12)
    assert bulk_create.suits(many, 10)
    assert not bulk_create.suits(many, 13)
    assert not bulk_create.suits([*many, update("00Q")], 10)
    assert not bulk_create.suits(creates(bulky, 12, Phone="#N/A"), 10)


def test_ten_thousand_creates_by_a_job_take_at_most_twenty_calls(salesforce: Salesforce) -> None:
    world = SalesforceWorld(salesforce, bulk_creates_from=10_000)
    world.connector.describe("Lead")
    world.salesforce.reset_counts()
    outcomes = world.connector.push("Lead", creates(world, 10_000), ["Email"])
    assert {outcome.status for outcome in outcomes} == {Status.OK}
    assert all(outcome.shown for outcome in outcomes)
    assert sum(call.counted for call in world.calls if call.kind == "get") == 5
    # Looks at the job depend on how long it takes; without waiting between them there are more than a real run needs.
    assert sum(call.counted for call in world.calls if call.kind == "bulk") <= 6 + 14
