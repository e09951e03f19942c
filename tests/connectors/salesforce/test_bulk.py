from __future__ import annotations

from dataclasses import replace

import pytest

from modstamp.connectors.salesforce import table
from modstamp.instants import from_text
from modstamp.model import Column, Presence, Values
from sandbox.salesforce.server import Salesforce
from tests.connectors.contract import pull, whole
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
    return SalesforceWorld(salesforce, bulk_reads_from=10)


def kinds(world: SalesforceWorld) -> list[str]:
    return [call.kind for call in world.calls]


def test_an_empty_list_has_its_columns() -> None:
    assert list(table.read(b'"Id","Text"\n')) == [{"Id": [], "Text": []}]
    assert list(table.read(b"")) == [{}]


def test_a_long_list_comes_in_pieces_that_cut_no_row() -> None:
    texts = [f"{number}\r\n" + "x" * 300 for number in range(20_000)]
    content = "\n".join(["Id,Text", *(f'{number},"{text}"' for number, text in enumerate(texts))]).encode()

    pieces = list(table.read(content))

    assert len(pieces) > 2
    assert [text for piece in pieces for text in piece["Text"]] == texts
    assert [int(number) for piece in pieces for number in piece["Id"]] == list(range(20_000))


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
