"""Rows given by the program as something to select from: one JSON document, one parameter, however many rows.

A statement per row costs the program four to six times the processor, and the database more too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Dialect, FromClause, Integer, Text, bindparam, cast, column, func, select
from sqlalchemy.types import TypeEngine

from modstamp.instants import to_text

NUMBER = "_row"  # the column that counts the rows from 0


def rowset(
    dialect: Dialect,
    types: Mapping[str, TypeEngine[Any]],
    columns: Mapping[str, Sequence[Any]],
) -> FromClause:
    """A table ``given`` with these columns and `NUMBER`. `types`: by column; `columns`: values, of equal length.

    Values are such as JSON has; on PostgreSQL also instants, and whatever JSON can hold for columns of JSON.
    """
    length = max(map(len, columns.values()), default=0)
    names, rows = [NUMBER, *columns], zip(range(length), *columns.values(), strict=True)
    documents = [dict(zip(names, row, strict=True)) for row in rows]
    document = json.dumps(documents, allow_nan=False, default=_instant)
    return _postgresql(document, types) if dialect.name == "postgresql" else _sqlite(document, list(columns))


def _instant(value: object) -> str:
    """Raises `TypeError` for what is no instant and no value of JSON."""
    if not isinstance(value, datetime):
        raise TypeError(f"a row cannot hold {type(value).__name__}: {value!r}")
    return to_text(value)


def _postgresql(document: str, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    given = cast(bindparam(None, document, type_=Text), JSON)
    columns = [column(name, type_) for name, type_ in types.items()]
    rows = func.json_to_recordset(given).table_valued(column(NUMBER, Integer), *columns, name="given")
    return rows.render_derived(with_types=True)


def _sqlite(document: str, names: Sequence[str]) -> FromClause:
    rows = func.json_each(document).table_valued("value", name="document")
    cells = [func.json_extract(rows.c.value, f'$."{name}"').label(name) for name in (NUMBER, *names)]
    return select(*cells).subquery("given")
