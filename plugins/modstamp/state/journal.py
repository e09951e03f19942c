"""What is written down and never read by the engine: the log, the history of values, what validation found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, insert

from modstamp.model import Direction
from modstamp.state.clock import Clock
from modstamp.state.rows import parameters, upsert
from modstamp.state.tables import actions, history, validations

_GIVEN_LATER = {"id", "at"}


class Journal:
    """Of one open transaction: what is rolled back was never done, and is not written down."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def log(self, rows: pd.DataFrame) -> None:
        """One row per record that was written, and one per record that was not done, with its reason (G29)."""
        self._append(actions, rows)

    def history(self, rows: pd.DataFrame) -> None:
        """Every field that was written, and every value that lost (G14)."""
        self._append(history, rows)

    def validation(self, run_id: str, mapping: str, direction: Direction, document: Mapping[str, Any]) -> None:
        """A step that runs again replaces what it had found."""
        row = {"run_id": run_id, "mapping": mapping, "direction": str(direction), "at": self._now()}
        upsert(self._connection, validations, [{**row, "document": dict(document)}])

    def _append(self, table: Table, rows: pd.DataFrame) -> None:
        names = [column.name for column in table.columns if column.name not in _GIVEN_LATER]
        moment = self._now()
        if values := [{"at": moment, **row} for row in parameters(table, rows, names)]:
            self._connection.execute(insert(table), values)
