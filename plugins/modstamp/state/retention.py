"""What is kept for a time and then goes: in small transactions, so that no run waits for a huge delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Engine, Table, delete, func, select

from modstamp.state.tables import actions, calls, history, runs, validations

_BATCH: Final = 5_000

LOG, HISTORY, RUNS, VALIDATIONS, CALLS = "log", "history", "runs", "validations", "calls"


def forget(engine: Engine, before: Mapping[str, datetime], batch: int = _BATCH) -> dict[str, int]:
    """Remove what is older than each kind's moment; returns how many rows of each kind went."""
    return {kind: _remove(engine, *_old(kind, moment), batch) for kind, moment in before.items()}


def _old(kind: str, before: datetime) -> tuple[Table, ColumnElement[bool]]:
    """The table of a kind, and which of its rows may go."""
    if kind == RUNS:
        newest = select(func.max(runs.c.started_at)).group_by(runs.c.mapping, runs.c.direction)
        return runs, (runs.c.started_at < before) & runs.c.started_at.not_in(newest)
    table = {LOG: actions, HISTORY: history, VALIDATIONS: validations, CALLS: calls}[kind]
    return table, table.c.at < before


def _remove(engine: Engine, table: Table, old: ColumnElement[bool], batch: int) -> int:
    (key,) = table.primary_key
    removed = 0
    while True:
        with engine.begin() as connection:
            some = select(key).where(old).order_by(key).limit(batch)
            gone = connection.execute(delete(table).where(key.in_(some))).rowcount
        removed += gone
        if gone < batch:
            return removed
