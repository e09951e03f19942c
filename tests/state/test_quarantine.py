from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from modstamp.model import Direction
from modstamp.state.store import Store
from tests.state.conftest import Hands
from tests.state.samples import CONTACT, LEAD, waiting_record

PUSHING, POLLING = Direction.PUSHING, Direction.POLLING


@pytest.mark.guarantee("G26")
def test_a_newer_reason_replaces_the_waiting_one(store: Store, clock: Hands, database: Engine) -> None:
    with store.begin() as tx:
        tx.quarantine.put(LEAD.name, PUSHING, waiting_record("1", stamp="s1", hash="h1"))
    clock.forward(minutes=1)
    with store.begin() as tx:
        newer = waiting_record("1", code="no_owner", reason="OwnerId: inactive", detail={}, stamp="s2", hash="h2")
        tx.quarantine.put(LEAD.name, PUSHING, newer)
        (waiting,) = tx.quarantine.waiting(LEAD.name, PUSHING, ["1", "2"]).to_dict("records")
    expected = {"kind": "rejected", "code": "no_owner", "reason": "OwnerId: inactive", "detail": {}}
    assert waiting == {"record_id": "1", **expected, "stamp": "s2", "hash": "h2"}
    with database.connect() as connection:
        (since,) = connection.execute(text("SELECT since FROM sync_quarantine")).scalars()
    assert "12:00:00" in str(since)  # it has waited for longer than for its newest reason


@pytest.mark.guarantee("G26")
def test_only_the_record_itself_waits(store: Store) -> None:
    with store.begin() as tx:
        for mapping, direction in ((LEAD, PUSHING), (LEAD, POLLING), (CONTACT, PUSHING)):
            tx.quarantine.put(mapping.name, direction, waiting_record("1"))
        tx.quarantine.put(LEAD.name, PUSHING, waiting_record("2"))

        assert tx.quarantine.release(LEAD.name, PUSHING, ["1", "3"]) == 1

        assert tx.quarantine.waiting(LEAD.name, PUSHING, ["1", "2"])["record_id"].tolist() == ["2"]
        assert tx.quarantine.waiting(LEAD.name, POLLING, ["1"])["record_id"].tolist() == ["1"]
        assert tx.quarantine.waiting(CONTACT.name, PUSHING, ["1"])["record_id"].tolist() == ["1"]
