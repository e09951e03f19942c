from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from modstamp.connectors.engagement import capture
from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records
from modstamp.errors import RetryableError
from modstamp.model import Direction, Side
from modstamp.state.database import open_engine
from modstamp.state.store import Store
from tests.state.samples import LEAD, frame, left_over, link, links

PUSHING = Direction.PUSHING


class Crash(Exception):  # noqa: N818  # no error of ours
    """The process ends here."""


@pytest.mark.guarantee("G17")
def test_records_and_state_commit_together_or_not_at_all(store: Store) -> None:
    with suppress(Crash), store.begin(writer=LEAD.name) as tx:
        (record,) = tx.records.insert("prospect", frame(["email"], [["ada@example.com"]]))
        tx.links.add(LEAD, links(link(record, "00Q1")))
        tx.pending.leave(LEAD.name, PUSHING, left_over(record))
        raise Crash

    with store.begin() as tx:
        assert tx.records.read("prospect", ["email"], [record])["_state"].tolist() == ["deleted"]
        assert tx.links.of(LEAD.name, Side.EXTERNAL, ["00Q1"]).empty
        assert tx.pending.due(LEAD.name, PUSHING, None).empty


@pytest.mark.guarantee("G17")
def test_a_savepoint_undoes_only_what_was_done_inside(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
        with suppress(Crash), tx.savepoint():
            tx.pending.leave(LEAD.name, PUSHING, left_over("2"))
            raise Crash
        with tx.savepoint():
            tx.pending.leave(LEAD.name, PUSHING, left_over("3"))
    with store.begin() as tx:
        assert tx.pending.due(LEAD.name, PUSHING, None)["record_id"].tolist() == ["1", "3"]


def test_a_transaction_for_reading_reads_and_cannot_write(store: Store) -> None:
    with store.begin() as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("1"))
    with store.begin(read_only=True, writer=LEAD.name) as tx:
        assert tx.pending.due(LEAD.name, PUSHING, None)["record_id"].tolist() == ["1"]
    with pytest.raises((DBAPIError, RetryableError), match=r"read-?only"), store.begin(read_only=True) as tx:
        tx.pending.leave(LEAD.name, PUSHING, left_over("2"))
    with store.begin() as tx:
        assert tx.pending.due(LEAD.name, PUSHING, None)["record_id"].tolist() == ["1"]


@pytest.mark.guarantee("G29")
@pytest.mark.parametrize("url", ["sqlite:///{folder}/none/x.db", "postgresql:///x?host={folder}/none"])
def test_a_database_that_is_away_is_tried_again_later(tmp_path: Path, url: str) -> None:
    engine = open_engine(url.format(folder=tmp_path))
    store = Store(engine, partial(Records, catalog=Catalog()), capture.writer, timedelta(minutes=3))
    with pytest.raises(RetryableError, match="the internal database"), store.begin():
        pytest.fail("nothing to work with")
