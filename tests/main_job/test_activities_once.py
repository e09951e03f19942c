"""Activities whose answers get lost reach Salesforce once: they have no match key, and equal ones are no mistake."""

from __future__ import annotations

import pytest

from tests.fixtures.activities import CALLS, SENT, Desk
from tests.fixtures.small_office import MappingFiles

KEY = "Modstamp_Key__c"
CUTS = pytest.mark.parametrize("kind", ["cut_before", "cut_after"])

pytestmark = [pytest.mark.guarantee("G18"), pytest.mark.guarantee("G21")]


def _cut(desk: Desk, kind: str) -> None:
    desk.office.salesforce.fault(kind, times=1, method="POST", path="/composite")


def _links(desk: Desk, mapping: str) -> list[str]:
    query = "SELECT external_id FROM sync_links WHERE mapping = :mapping AND state = 'live' ORDER BY external_id"
    return [row[0] for row in desk.office.sql(query, mapping=mapping)]


def _nothing_waits(desk: Desk) -> None:
    for table in ("sync_intents", "sync_quarantine"):
        assert desk.office.one(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


@CUTS
@pytest.mark.parametrize(("mapping", "table", "field"), [(CALLS, "calls", "note"), (SENT, "mails", "body")])
def test_a_create_is_made_once_and_equal_ones_as_often_as_there_are(
    desk: Desk, kind: str, mapping: str, table: str, field: str
) -> None:
    for text in ("one", "two", "same", "same", "same"):
        desk.make(table, **{field: text})
    _cut(desk, kind)
    desk.push(mapping)
    assert len(desk.tasks("Id")) == (5 if kind == "cut_after" else 0)
    desk.push(mapping)
    assert len(desk.tasks("Id")) == (5 if kind == "cut_after" else 0), "it may still arrive"

    desk.office.lose_answers_for_good()
    for _ in range(2):
        desk.push(mapping)
    assert sorted(desk.tasks("Description")) == ["one", "same", "same", "same", "two"]
    assert _links(desk, mapping) == sorted(desk.tasks("Id"))
    _nothing_waits(desk)


@CUTS
def test_an_update_is_made_once(desk: Desk, kind: str) -> None:
    call = desk.make("calls", note="first")
    desk.push(CALLS)
    desk.office.sql("UPDATE calls SET note = 'second' WHERE id = :id", id=call)
    _cut(desk, kind)
    desk.push(CALLS)
    desk.office.lose_answers_for_good()
    for _ in range(2):
        desk.push(CALLS)
    assert desk.tasks("Description") == ["second"]
    _nothing_waits(desk)


def test_no_kind_takes_what_another_kind_has_made(desk: Desk) -> None:
    """The mails' answer is lost, the calls never arrive: what is found is a mail, though it says much the same."""
    desk.make("mails", body="x")
    desk.make("calls", note="x")
    _cut(desk, "cut_after")
    desk.push(SENT)
    _cut(desk, "cut_before")
    desk.push(CALLS)

    desk.office.lose_answers_for_good()
    for mapping in (CALLS, SENT, CALLS, SENT):
        desk.push(mapping)
    made = dict(desk.tasks("Id", "Type"))
    assert {mapping: [made[each] for each in _links(desk, mapping)] for mapping in (CALLS, SENT)} == {
        CALLS: ["Call"],
        SENT: ["Email"],
    }
    assert len(made) == 2
    _nothing_waits(desk)


@CUTS
def test_with_a_key_of_our_own_the_next_run_knows_at_once(desk: Desk, files: MappingFiles, kind: str) -> None:
    desk.office.salesforce.org.switch_on("activity_key")
    files.change("task_calls", own_key=KEY)
    for _ in range(3):
        desk.make("calls", note="same")
    _cut(desk, kind)
    desk.push(CALLS)
    desk.push(CALLS)
    assert _links(desk, CALLS) == sorted(desk.tasks("Id"))
    assert len(set(desk.tasks(KEY))) == 3
    _nothing_waits(desk)
