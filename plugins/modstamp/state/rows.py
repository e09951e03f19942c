"""Between frames and statements, where PostgreSQL and SQLite differ least when most is said in one place.

Many rows are written by one statement: on PostgreSQL from one document (see `rowset`), on SQLite by a prepared
statement that is executed for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    any_,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from modstamp import instants
from modstamp.frames import object_frame
from modstamp.rowset import NUMBER, rowset
from modstamp.sqltypes import Instant

Row = dict[str, Any]


def read(connection: Connection, query: Select[*tuple[Any, ...]]) -> pd.DataFrame:
    """The answer as object columns; instants are aware datetimes, JSON is plain dicts."""
    result = connection.execute(query)
    names = list(result.keys())
    rows = result.all()
    return object_frame(dict(zip(names, _transposed(rows, names), strict=True)))


def parameters(table: Table, frame: pd.DataFrame, names: Iterable[str]) -> list[Row]:
    """One dict per row of the frame. Instants may be given as canonical text. Raises KeyError for a missing column."""
    columns = {name: _bindable(table, name, frame[name].tolist()) for name in names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def add(connection: Connection, table: Table, frame: pd.DataFrame, names: Sequence[str], common: Row) -> None:
    """Insert the rows of the frame in their order. `common`: what all of them share."""
    if frame.empty:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), [{**common, **row} for row in parameters(table, frame, names)])
        return
    given = _given(connection, table, frame, names)
    rows = select(*(given.c[name] for name in names), *_literals(table, common).values()).order_by(given.c[NUMBER])
    connection.execute(insert(table).from_select([*names, *common], rows))


def change(connection: Connection, table: Table, frame: pd.DataFrame, names: Sequence[str], common: Row) -> None:
    """Set these columns of the rows with the frame's ``id``. `common`: what all of them are set to."""
    if frame.empty:
        return
    if connection.dialect.name != "postgresql":
        statement = update(table).where(table.c.id == bindparam("own id"))
        statement = statement.values({name: bindparam(name) for name in (*names, *common)})
        rows = zip(frame["id"].tolist(), parameters(table, frame, names), strict=True)
        connection.execute(statement, [{"own id": own, **common, **row} for own, row in rows])
        return
    given = _given(connection, table, frame, ["id", *names])
    values = {**{name: given.c[name] for name in names}, **_literals(table, common)}
    connection.execute(update(table).where(table.c.id == given.c.id).values(values))


def _given(connection: Connection, table: Table, frame: pd.DataFrame, names: Sequence[str]) -> FromClause:
    types = {name: table.c[name].type for name in names}
    return rowset(connection.dialect, types, {name: frame[name].tolist() for name in names})


def _literals(table: Table, common: Row) -> dict[str, ColumnElement[Any]]:
    return {name: literal(value, table.c[name].type) for name, value in common.items()}


def among(connection: Connection, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN values`` with one parameter, however many values there are; None is never among them."""
    listed = [value for value in values if value is not None]
    if connection.dialect.name == "postgresql":
        return column == any_(literal(listed, ARRAY(column.type)))
    elements = func.json_each(json.dumps(listed)).table_valued("value")
    return column.in_(select(elements.c.value))


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], changes: Mapping[str, ColumnElement[Any]] | None = None
) -> None:
    """Insert rows; those whose primary key exists are changed: to the new values, or as `changes` says of a column."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = insertion(connection, table)
    new = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={**new, **(changes or {})}), rows)


def insertion(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can be told what to do on conflict; its ``excluded`` are the new values."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _bindable(table: Table, name: str, values: list[Any]) -> list[Any]:
    if not isinstance(table.c[name].type, Instant):
        return values
    return [instants.from_text(value) if isinstance(value, str) else value for value in values]


def _transposed(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * len(names)
