"""A connector that cannot write, whichever it stands in front of: for dry runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import pandas as pd

from modstamp.errors import FatalError
from modstamp.mapping.conditions import Criteria
from modstamp.model import Abilities, Action, Budget, Outcome, TypeDescription, Window
from modstamp.ports import Connector, Page


class ReadOnlyConnector:
    """Passes every question on and refuses every action before it leaves."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def abilities(self) -> Abilities:
        return self._connector.abilities()

    def now(self) -> datetime:
        return self._connector.now()

    def user(self) -> str:
        return self._connector.user()

    def describe(self, type_name: str) -> TypeDescription:
        return self._connector.describe(type_name)

    def count(self, type_name: str, window: Window) -> int:
        return self._connector.count(type_name, window)

    def calls_to_read(self, rows: int) -> int:
        return self._connector.calls_to_read(rows)

    def calls_to_find(self, type_name: str, fields: Sequence[str], keys: pd.DataFrame) -> int:
        return self._connector.calls_to_find(type_name, fields, keys)

    def pull(self, type_name: str, fields: Sequence[str], window: Window) -> Iterator[Page]:
        return self._connector.pull(type_name, fields, window)

    def get(self, type_name: str, fields: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
        return self._connector.get(type_name, fields, ids)

    def find(
        self,
        type_name: str,
        fields: Sequence[str],
        keys: pd.DataFrame,
        *,
        including_deleted: bool = False,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        return self._connector.find(type_name, fields, keys, including_deleted=including_deleted, criteria=criteria)

    def ids(self, type_name: str, texts: Sequence[str]) -> list[str | None]:
        return self._connector.ids(type_name, texts)

    def listed(self, type_name: str, kind: Literal["list view", "report"], name: str) -> list[str]:
        return self._connector.listed(type_name, kind, name)

    def created(self, type_name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        return self._connector.created(type_name, fields, since, until)

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        """Raises `FatalError`, always."""
        del read_back
        raise FatalError(f"a dry run was about to write {len(actions)} records of {type_name}; nothing was sent")

    def budget(self) -> Budget:
        return self._connector.budget()
