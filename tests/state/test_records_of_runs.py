"""Cursors, runs, and what is written down: log, history, validations, counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from modstamp.model import Direction
from modstamp.ports import Cursor, RunRecord
from modstamp.state import overview
from modstamp.state.store import Store
from modstamp.state.tables import actions, history, validations
from tests.state.conftest import Hands
from tests.state.samples import CONTACT, LEAD, frame, left_over, link, links, waiting_record

PUSHING, POLLING = Direction.PUSHING, Direction.POLLING


def stored(engine: Engine, table: Any, *names: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*(table.c[name] for name in names)))]


@pytest.mark.guarantee("G3")
def test_a_cursor_keeps_its_window_and_the_checkpoint_inside(store: Store, clock: Hands) -> None:
    hour = timedelta(hours=1)
    opened = Cursor(cursor=clock(), lower=clock() - hour, upper=clock() + hour, after=(clock(), "00Q1"))
    with store.begin() as tx:
        assert tx.cursors.get(LEAD.name) == Cursor()
        tx.cursors.put(LEAD.name, opened)
    with store.begin() as tx:
        assert tx.cursors.get(LEAD.name) == opened
        tx.cursors.put(LEAD.name, Cursor(cursor=clock() + hour))
    with store.begin() as tx:
        assert tx.cursors.get(LEAD.name) == Cursor(cursor=clock() + hour)
        assert tx.cursors.get(CONTACT.name) == Cursor()


def test_a_run_is_kept_and_replaced(store: Store, clock: Hands) -> None:
    started = RunRecord(id="run-1", mapping=LEAD.name, direction=POLLING, status="running", started_at=clock())
    ended = replace(
        started,
        status="completed",
        ended_at=clock(),
        message="done",
        counts={"seen": 3},
        reasons={"withheld": {"no email": 2}},
        calls=1,
        document_calls=11,
        seconds=0.5,
    )
    with store.begin() as tx:
        tx.runs.put(started)
    with store.begin() as tx:
        assert tx.runs.get("run-1") == started
        tx.runs.put(ended)
        assert tx.runs.get("run-1") == ended
        assert tx.runs.get("run-2") is None


def test_the_newest_run_of_each_mapping_and_direction(store: Store, clock: Hands) -> None:
    with store.begin() as tx:
        for number, (mapping, direction) in enumerate([(LEAD, POLLING), (CONTACT, PUSHING), (LEAD, POLLING)]):
            clock.forward(minutes=1)
            tx.runs.put(
                RunRecord(
                    id=f"run-{number}",
                    mapping=mapping.name,
                    direction=direction,
                    status="completed",
                    started_at=clock(),
                )
            )
        assert [run.id for run in tx.runs.latest()] == ["run-1", "run-2"]


@pytest.mark.requirement("OSF-104")
def test_the_log_has_the_documents_columns(store: Store, clock: Hands, database: Engine) -> None:
    row = {
        "run_id": "run-1",
        "mapping": LEAD.name,
        "direction": "polling",
        "status": "created",
        "code": "",
        "message": "",
        "internal_type": "prospect",
        "internal_id": "1",
        "external_type": "Lead",
        "external_id": None,
    }
    with store.begin() as tx:
        tx.journal.log(frame(list(row), [list(row.values())]))
        tx.journal.log(frame(list(row), []))
    assert stored(database, actions, "at", *row) == [(clock(), *row.values())]


@pytest.mark.guarantee("G14")
def test_the_history_keeps_values_of_every_kind(store: Store, database: Engine) -> None:
    changes = [("Ada", None), (None, 5), (True, False), ({"a": 1}, 0.5), ("", "null")]
    names = ["run_id", "mapping", "link_id", "side", "field", "old", "new", "rule"]
    with store.begin() as tx:
        tx.journal.history(frame(names, [["run-1", LEAD.name, 1, "internal", "f", *pair, "edit"] for pair in changes]))
    assert stored(database, history, "old", "new") == changes


def test_a_validation_that_runs_again_replaces_what_it_found(store: Store, database: Engine) -> None:
    for failed in (3, 2):
        with store.begin() as tx:
            tx.journal.validation("run-1", LEAD.name, POLLING, {"failed": failed})
    assert stored(database, validations, "run_id", "document") == [("run-1", {"failed": 2})]


def test_what_waits_is_counted_by_reason(store: Store, database: Engine) -> None:
    with store.begin() as tx:
        for record in ("1", "2"):
            tx.pending.leave(LEAD.name, PUSHING, left_over(record, "seen by polling"))
            tx.quarantine.put(LEAD.name, POLLING, waiting_record(record))
        tx.pending.leave(LEAD.name, PUSHING, left_over("3", "owner is not linked yet", "user:5"))
        tx.links.add(LEAD, links(link("1", "00Q1"), link("2", "00Q2"), link("3", "00Q3", state="tombstone")))

    with database.connect() as connection:
        pending = overview.pending_counts(connection)
        waiting = overview.quarantine_counts(connection)
        linked = overview.link_counts(connection)

    assert [(each.reason, each.waiting, each.records) for each in pending] == [
        ("seen by polling", False, 2),
        ("owner is not linked yet", True, 1),
    ]
    assert [(each.direction, each.kind, each.code, each.records) for each in waiting] == [
        (POLLING, "rejected", "too_long", 2)
    ]
    assert [(each.state, each.records) for each in linked] == [("live", 2), ("tombstone", 1)]
    assert json.loads(json.dumps(pending[0].as_dict())) == {
        "mapping": LEAD.name,
        "direction": "pushing",
        "reason": "seen by polling",
        "waiting": False,
        "records": 2,
        "oldest": "2026-01-01T12:00:00Z",
    }
    assert json.dumps([waiting[0].as_dict(), linked[0].as_dict()])
