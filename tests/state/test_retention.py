"""What was kept long enough goes, in small transactions; what is needed stays."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, event, func, select

from modstamp.model import Direction
from modstamp.ports import RunRecord
from modstamp.state import retention
from modstamp.state.store import Store
from modstamp.state.tables import actions, runs
from tests.state.conftest import Hands
from tests.state.samples import LEAD, frame

LOG_COLUMNS = ("run_id", "mapping", "direction", "status", "code", "message", "internal_type", "internal_id")


def log(store: Store, count: int) -> None:
    names = (*LOG_COLUMNS, "external_type", "external_id")
    row = ["run-1", LEAD.name, "polling", "created", "", "", "prospect", "1", "Lead", "00Q1"]
    with store.begin() as tx:
        tx.journal.log(frame(names, [row] * count))


def rows(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def test_old_rows_go_batch_by_batch_and_new_ones_stay(database: Engine, store: Store, clock: Hands) -> None:
    log(store, 7)
    clock.forward(days=2)
    log(store, 2)
    commits: list[int] = []
    event.listen(database, "commit", lambda _: commits.append(1))

    gone = retention.forget(database, {retention.LOG: clock() - timedelta(days=1)}, batch=3)

    assert gone == {"log": 7}
    assert rows(database, actions) == 2
    assert len(commits) == 3


def test_the_last_run_of_each_direction_stays(database: Engine, store: Store, clock: Hands) -> None:
    for number in range(3):
        with store.begin() as tx:
            for direction in Direction:
                name = f"{direction}-{number}"
                tx.runs.put(
                    RunRecord(id=name, mapping=LEAD.name, direction=direction, status="completed", started_at=clock())
                )
        clock.forward(days=1)

    assert retention.forget(database, {retention.RUNS: clock()}) == {"runs": 4}
    with database.connect() as connection:
        assert sorted(connection.scalars(select(runs.c.id))) == ["polling-2", "pushing-2"]
