"""The internal records, and what of them is watched.

Frames passed here have object columns, None for missing, ids as text. JSON columns hold plain dicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pandas as pd

from modstamp.mapping.conditions import Criteria
from modstamp.model import TypeDescription


class Records(Protocol):
    """The internal side, inside the transaction. Types and fields as the engagement database names them."""

    def describe(self, type_name: str) -> TypeDescription: ...

    def read(self, type_name: str, fields: Sequence[str], ids: Sequence[str], *, lock: bool = False) -> pd.DataFrame:
        """A frame of records, one row per id in the order asked; an id without a row is DELETED."""
        ...

    def match(
        self, type_name: str, fields: Sequence[str], keys: pd.DataFrame, *, criteria: Criteria | None = None
    ) -> pd.DataFrame:
        """Records equal to a row of `keys` in all of its columns (text without case), and that meet the criteria.

        A frame of records that holds `fields` and the key columns.
        """
        ...

    def lookup(self, type_name: str, column: str, values: Sequence[str]) -> dict[str, str]:
        """Exact value of `column` → id, for a reference `by` a column; values that several share are left out."""
        ...

    def names(self, type_name: str, column: str, ids: Sequence[str]) -> dict[str, str]:
        """The reverse of `lookup`: id → value of `column`."""
        ...

    def scan(
        self,
        type_name: str,
        fields: Sequence[str],
        after_id: str | None,
        limit: int,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        """The next `limit` records in the order of their ids; fewer when there are no more.

        Of these, the ones that meet the criteria, as far as SQL can tell.
        """
        ...

    def count(self, type_name: str) -> int: ...

    def changed(self, type_name: str, column: str, since: datetime | None) -> pd.DataFrame:
        """`_id` and the column, as text, of records changed since, or for which it shows nothing (G31)."""
        ...

    def insert(self, type_name: str, values: pd.DataFrame) -> list[str]:
        """Ids in the order of the rows. A row the database refuses raises `RejectedRecordError`."""
        ...

    def update(self, type_name: str, values: pd.DataFrame, changed: pd.DataFrame) -> None:
        """`values`: `_id` and fields; `changed`: booleans of the same shape but `_id`: those cells are written."""
        ...

    def delete(self, type_name: str, ids: Sequence[str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumn:
    """How a mapping hears of changes without triggers (G31). `seen`: record id → change time, within the lookback."""

    name: str
    read_until: datetime | None
    seen: Mapping[str, str]


class Watches(Protocol):
    """Which mappings hear of which table, and how."""

    def change_column(self, mapping: str) -> ChangeColumn | None:
        """None: triggers tell."""
        ...

    def keep(self, mapping: str, read: ChangeColumn) -> None: ...
