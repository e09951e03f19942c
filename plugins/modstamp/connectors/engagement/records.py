"""Reading and writing internal records inside a transaction that someone else began (`ports.Records`).

Each method is a statement or two, however many records it is given.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, FromClause, Row, Select, Table, func

from modstamp.connectors.engagement import capture
from modstamp.connectors.engagement.catalog import Catalog, columns, key
from modstamp.connectors.engagement.criteria import clause
from modstamp.connectors.engagement.definitions import UPDATED_AT
from modstamp.connectors.engagement.rejections import rejections
from modstamp.connectors.engagement.values import can_hold, check_length, shown, stored
from modstamp.errors import RejectedRecordError
from modstamp.frames import object_frame
from modstamp.instants import to_text
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.evaluation import meeting
from modstamp.mapping.predicates import predicate
from modstamp.model import Column, Presence, TypeDescription
from modstamp.rowset import NUMBER, rowset


class Records:
    """Frames hold ``_id``, ``_state``, ``_modified_at`` and the fields asked for. Values as `modstamp.model` has them.

    Every method raises `ConfigurationError` for a type or field that the database does not have.
    """

    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog

    def describe(self, type_name: str) -> TypeDescription:
        return self._catalog.describe(self._connection, type_name)

    def read(self, type_name: str, fields: Sequence[str], ids: Sequence[str], *, lock: bool = False) -> pd.DataFrame:
        """One row per id in the order asked; an id without a row is DELETED. `lock`: until the transaction ends."""
        table = self._table(type_name)
        query = _select(table, fields).where(key(table).in_(self._ids(table, ids)))
        if lock:
            query = query.order_by(key(table)).with_for_update()  # in one order, so that two readers cannot deadlock
        found = {str(row[0]): row for row in self._connection.execute(query)}
        return _frame(table, fields, ids, [found.get(record_id) for record_id in ids])

    def match(
        self, type_name: str, fields: Sequence[str], keys: pd.DataFrame, *, criteria: Criteria | None = None
    ) -> pd.DataFrame:
        """Records equal to a row of `keys` in all of its columns, text without case. An empty key equals nothing.

        Of these, the ones that meet the criteria.

        On SQLite a letter beyond ASCII in `keys` makes it read the whole table.
        """
        table = self._table(type_name)
        names = [str(name) for name in keys.columns]
        wanted = list(dict.fromkeys([*fields, *names, *(criteria.fields if criteria else ())]))
        full = self._possible(table, keys[(keys.notna() & (keys != "")).all(axis=1)])
        if full.empty:
            return _frame(table, wanted, [], [])
        given, fold = self._given(table, full), self._fold(full)
        mine = sa.tuple_(*(_folded(column, column, fold) for column in columns(table, names)))
        theirs = sa.select(*(_folded(column, given.c[column.name], fold) for column in columns(table, names)))
        query = _select(table, wanted).where(mine.in_(theirs))
        if criteria is None:
            return self._all(table, wanted, query)
        query = query.where(self._meets(type_name, criteria))
        return meeting(criteria, self._all(table, wanted, query))  # SQL cannot tell all of it, see `predicates`

    def lookup(self, type_name: str, column: str, values: Sequence[str]) -> dict[str, str]:
        """Exact value of `column` → id; values that several records share are left out."""
        table = self._table(type_name)
        given = self._given(table, self._possible(table, object_frame({column: values})))
        asked = table.c[column].in_(sa.select(given.c[column]))
        found = self._all(table, [column], _select(table, [column]).where(asked))
        alone = found[~found[column].duplicated(keep=False)]
        return dict(zip(alone[column], alone[Column.ID], strict=True))

    def names(self, type_name: str, column: str, ids: Sequence[str]) -> dict[str, str]:
        """Id → value of `column`, for the records that have one."""
        found = self.read(type_name, [column], list(dict.fromkeys(ids)))
        present = found[found[column].notna()]
        return dict(zip(present[Column.ID], present[column], strict=True))

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
        table = self._table(type_name)
        query = _select(table, fields).order_by(key(table)).limit(limit)
        if criteria is not None:
            query = query.where(self._meets(type_name, criteria))
        if after_id is not None:
            query = query.where(key(table) > self._ids(table, [after_id]).scalar_subquery())
        return self._all(table, fields, query)

    def count(self, type_name: str) -> int:
        """All records of the type."""
        query = sa.select(func.count()).select_from(self._table(type_name))
        return self._connection.execute(query).scalar_one()

    def changed(self, type_name: str, column: str, since: datetime | None) -> pd.DataFrame:
        """``_id`` and, under the column's name, its value as text, of records changed since, or without a time."""
        table = self._table(type_name)
        query = _select(table, [column])
        if since is not None:
            (moment,) = columns(table, [column])
            given = self._given(table, object_frame({column: [to_text(since)]}))
            query = query.where((moment >= sa.select(given.c[column]).scalar_subquery()) | moment.is_(None))
        return self._all(table, [column], query)[[Column.ID, column]]

    def insert(self, type_name: str, values: pd.DataFrame) -> list[str]:
        """Ids in the order of the rows. Raises `RejectedRecordError` when the database refuses one of them."""
        table = self._table(type_name)
        if values.empty:
            return []
        key_name = key(table).name
        if isinstance(key(table).type, sa.Uuid):
            values = values.assign(**{key_name: [str(uuid.uuid4()) for _ in range(len(values))]})
        given = self._given(table, values, writing=True)
        cells = [_or_default(column, given) for column in columns(table, list(values.columns))]
        rows = sa.select(*cells).order_by(given.c[NUMBER])
        statement = sa.insert(table).from_select(list(values.columns), rows).returning(key(table))
        with rejections(table):
            ids = self._connection.scalars(statement).all()
        # Numbers are given out in the order of the rows, though not told in it.
        made = list(values[key_name]) if key_name in values else [str(number) for number in sorted(ids)]
        capture.take_back(self._connection, made)
        return made

    def update(self, type_name: str, values: pd.DataFrame, changed: pd.DataFrame) -> None:
        """`values`: `_id` and fields; `changed`: booleans for the fields: only those cells are written.

        Raises `RejectedRecordError` when the database refuses a row, or has it no more.
        """
        table = self._table(type_name)
        mask = changed.astype(bool).reset_index(drop=True)
        mask = mask.loc[mask.any(axis=1), mask.any(axis=0)]
        if mask.empty:
            return
        rows = values.reset_index(drop=True).loc[mask.index]
        fields = [str(name) for name in mask.columns]
        partly = [name for name in fields if not mask[name].all()]
        given = self._given(
            table,
            rows[fields].assign(**{key(table).name: rows[Column.ID]}),
            flags={_flag(name): mask[name].tolist() for name in partly},
            writing=True,
        )
        cells = {column: _if_flagged(column, given) for column in columns(table, fields)}
        statement = sa.update(table).where(key(table) == given.c[key(table).name]).values(cells)
        capture.announce(self._connection, rows[Column.ID].tolist())
        with rejections(table):
            done = self._connection.execute(statement).rowcount
        if done != len(rows):
            raise RejectedRecordError("missing", "the internal record is no longer there")

    def delete(self, type_name: str, ids: Sequence[str]) -> None:
        """Raises `RejectedRecordError` when a record is still referred to. One that is gone already is no error."""
        table = self._table(type_name)
        capture.announce(self._connection, ids)
        with rejections(table):
            self._connection.execute(sa.delete(table).where(key(table).in_(self._ids(table, ids))))

    def _table(self, type_name: str) -> Table:
        return self._catalog.table(self._connection, type_name)

    def _meets(self, type_name: str, criteria: Criteria) -> sa.ColumnElement[bool]:
        asked = predicate(criteria.condition, self.describe(type_name).fields, criteria.now)
        return clause(asked, self._table(type_name), dialect=self._connection.dialect.name)

    def _all(self, table: Table, fields: Sequence[str], query: Select[Any]) -> pd.DataFrame:
        rows = self._connection.execute(query).all()
        return _frame(table, fields, [str(row[0]) for row in rows], rows)

    def _given(
        self,
        table: Table,
        frame: pd.DataFrame,
        *,
        flags: dict[str, list[bool]] | None = None,
        writing: bool = False,
    ) -> FromClause:
        """The frame's columns, of the types of the table's, and flags beside them."""
        dialect = self._connection.dialect
        given = columns(table, list(frame.columns))
        cells = {column.name: stored(column, frame[column.name], dialect=dialect.name) for column in given}
        if writing:
            for column in given:
                check_length(column, cells[column.name])
        types = {column.name: column.type for column in given} | dict.fromkeys(flags or {}, sa.Boolean())
        return rowset(dialect, types, {**cells, **(flags or {})})

    def _possible(self, table: Table, keys: pd.DataFrame) -> pd.DataFrame:
        """Without rows that no record can equal, such as one that seeks a text in a column of numbers."""
        dialect = self._connection.dialect.name
        fits = [can_hold(each, list(keys[each.name]), dialect=dialect) for each in columns(table, list(keys.columns))]
        return keys[np.array([all(row) for row in zip(*fits, strict=True)], dtype=bool)]

    def _ids(self, table: Table, ids: Sequence[str]) -> Select[Any]:
        """What can be no id of this table is left out: no row has it."""
        numbered = isinstance(key(table).type, sa.Integer)
        possible = [record_id for record_id in ids if not numbered or record_id.isdecimal()]
        given = self._given(table, object_frame({key(table).name: possible}))
        return sa.select(given.c[key(table).name])

    def _fold(self, keys: pd.DataFrame) -> str:
        """SQLite's indexes are made with its own lower(), which knows A-Z only."""
        plain = all(value.isascii() for name in keys for value in keys[name] if isinstance(value, str))
        return "lower" if plain or self._connection.dialect.name == "postgresql" else "unicode_lower"


def _select(table: Table, fields: Sequence[str]) -> Select[Any]:
    """The id, the time of the last edit, and the fields."""
    modified = table.c[UPDATED_AT] if UPDATED_AT in table.c else sa.null()
    return sa.select(
        key(table), modified.label(Column.MODIFIED_AT), *(field.label(None) for field in columns(table, fields))
    )


def _frame(table: Table, fields: Sequence[str], ids: Sequence[str], rows: Sequence[Row[Any] | None]) -> pd.DataFrame:
    """`rows` as `_select` gives them, None for a record that is not there."""
    shape = columns(table, fields)
    blank = (None,) * (2 + len(shape))
    whole = [blank if row is None else row for row in rows]
    _, moments, *cells = zip(*whole, strict=True) if whole else [()] * len(blank)
    modified = moments if UPDATED_AT not in table.c else shown(table.c[UPDATED_AT], moments)
    head: dict[str, Sequence[Any]] = {
        Column.ID: list(ids),
        Column.STATE: [Presence.DELETED if row is None else Presence.FOUND for row in rows],
        Column.MODIFIED_AT: modified,
    }
    body = {field.name: shown(field, values) for field, values in zip(shape, cells, strict=True)}
    return object_frame({**head, **body})


def _folded(column: sa.Column[Any], side: sa.ColumnElement[Any], fold: str) -> sa.ColumnElement[Any]:
    return getattr(func, fold)(side) if isinstance(column.type, sa.String) else side


def _or_default(column: sa.Column[Any], given: FromClause) -> sa.ColumnElement[Any]:
    """A new record's empty value means the column's default, where it must have a value."""
    default = column.server_default
    if column.nullable or not isinstance(default, sa.DefaultClause):
        return given.c[column.name]
    value = sa.literal_column(f"'{default.arg}'") if isinstance(default.arg, str) else default.arg
    return func.coalesce(given.c[column.name], value)


def _flag(name: str) -> str:
    return f"write {name}"


def _if_flagged(column: sa.Column[Any], given: FromClause) -> sa.ColumnElement[Any]:
    """The given value; where only some rows write this column, the present one for the others."""
    if _flag(column.name) not in given.c:
        return given.c[column.name]
    return sa.case((given.c[_flag(column.name)], given.c[column.name]), else_=column)
