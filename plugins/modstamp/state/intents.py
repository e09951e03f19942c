"""Intents: what is about to be sent, committed before it is sent (G18, G20, G21)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, select, update

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Operation
from modstamp.state.links import family_key
from modstamp.state.rows import among, parameters, read
from modstamp.state.tables import intents, links

_STORED = tuple(column.name for column in intents.columns if column.name != "id")


class Intents:
    """Of one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, rows: pd.DataFrame) -> None:
        """Every column but the id. A link has one open intent at most; a second is an error in the caller."""
        if values := parameters(intents, rows, _STORED):
            self._connection.execute(insert(intents), values)

    def all_open(self, mapping: str) -> pd.DataFrame:
        """Every column, oldest first."""
        return read(self._connection, select(intents).where(intents.c.mapping == mapping).order_by(intents.c.id))

    def links_with_open(self, link_ids: Sequence[int]) -> set[int]:
        """Which of these links have an intent whose outcome is open (G23)."""
        query = select(intents.c.link_id).where(among(self._connection, intents.c.link_id, link_ids))
        return set(self._connection.scalars(query))

    def open_create_keys(self, mapping: TypeMapping, keys: Sequence[str]) -> set[str]:
        """An intent belongs to the family of its link."""
        query = (
            select(intents.c.match_key)
            .join(links, links.c.id == intents.c.link_id)
            .where(
                links.c.family == family_key(*mapping.family),
                intents.c.operation == str(Operation.CREATE),
                among(self._connection, intents.c.match_key, keys),
            )
        )
        return {key for key in self._connection.scalars(query) if key is not None}

    def open_creates(self, mapping: str) -> pd.DataFrame:
        """Columns began_at, key_value."""
        began = func.coalesce(intents.c.began_at, intents.c.created_at)
        query = select(began.label("began_at"), intents.c.key_value).where(
            intents.c.mapping == mapping, intents.c.operation == str(Operation.CREATE)
        )
        return read(self._connection, query)

    def postpone(self, link_ids: Sequence[int], until: datetime) -> None:
        chosen = update(intents).where(among(self._connection, intents.c.link_id, link_ids))
        self._connection.execute(chosen.values(recover_after=until))

    def close(self, link_ids: Sequence[int]) -> None:
        """The outcome is known and has been written down in the same transaction."""
        self._connection.execute(delete(intents).where(among(self._connection, intents.c.link_id, link_ids)))
