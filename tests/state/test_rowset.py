"""Rows that a program gives to a statement."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, Text, select

from modstamp.rowset import NUMBER, rowset


def test_rows_arrive_with_their_numbers(database: Engine) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = rowset(database.dialect, {"name": Text()}, {"name": ["a", None, moment]})
    with database.connect() as connection:
        rows = connection.execute(select(given.c[NUMBER], given.c.name).order_by(given.c[NUMBER]))
        assert [tuple(row) for row in rows] == [(0, "a"), (1, None), (2, "2026-01-02T03:04:05Z")]


def test_a_value_that_is_none_of_ours_is_named(sqlite: Engine) -> None:
    with pytest.raises(TypeError, match="a row cannot hold date"):
        rowset(sqlite.dialect, {"day": Text()}, {"day": [date(2026, 1, 2)]})
