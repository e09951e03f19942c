"""Records as Salesforce's JSON shows them, turned into columns of our own values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from modstamp.connectors.frames import instant, object_frame
from modstamp.model import Column, Presence, TypeDescription, Value, Values

Record = Mapping[str, Any]

_ID, _STAMP, _MODIFIED_AT, _MODIFIED_BY, _DELETED = (
    "Id",
    "SystemModstamp",
    "LastModifiedDate",
    "LastModifiedById",
    "IsDeleted",
)
_ZERO = ".000+0000"


def selected(description: TypeDescription, names: Sequence[str]) -> list[str]:
    """What must be read to fill a frame with these fields. Not every type has all of the version fields."""
    version = [name for name in (_STAMP, _MODIFIED_AT, _MODIFIED_BY, _DELETED) if name in description.fields]
    return list(dict.fromkeys([_ID, *names, *version]))


def has_delete_flag(description: TypeDescription) -> bool:
    return _DELETED in description.fields


def columns(
    description: TypeDescription,
    names: Sequence[str],
    ids: Sequence[str],
    records: Sequence[Record | None],
    read_at: datetime,
) -> dict[str, list[Value]]:
    """The columns of a frame of records. `records` stands in the order of `ids`, None where a record is not visible."""
    rows = [record or {} for record in records]
    stamps = _converted(rows, _STAMP, "instant")
    modified = _converted(rows, _MODIFIED_AT, "instant") if _MODIFIED_AT in description.fields else stamps
    return {
        **{name: _converted(rows, name, description.fields[name].kind) for name in names},
        Column.ID.value: list(ids),
        Column.STATE.value: [_presence(record) for record in records],
        Column.STAMP.value: stamps,
        Column.MODIFIED_AT.value: modified,
        Column.MODIFIED_BY.value: [row.get(_MODIFIED_BY) for row in rows],
        Column.READ_AT.value: [instant(read_at.replace(microsecond=0))] * len(rows),
    }


def frame(
    description: TypeDescription, names: Sequence[str], records: Sequence[Record], read_at: datetime
) -> pd.DataFrame:
    """A frame of the records that a query found."""
    return object_frame(columns(description, names, [record[_ID] for record in records], records, read_at))


def as_rows(found: Mapping[str, Sequence[Value]]) -> list[Values]:
    """Columns as one mapping per record, for the read-back of outcomes."""
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def parse_instant(text: str) -> str:
    """REST writes ``.000+0000`` and Bulk 2.0 ``.000Z`` behind whole seconds."""
    if text.endswith(_ZERO):
        return text[: -len(_ZERO)] + "Z"
    return instant(datetime.fromisoformat(text))


def _presence(record: Record | None) -> str:
    if record is None:
        return Presence.HIDDEN.value
    return Presence.DELETED.value if record.get(_DELETED) else Presence.FOUND.value


_CONVERTERS: Mapping[str, Callable[[Any], Value]] = {"instant": parse_instant, "integer": int, "number": float}


def _converted(rows: Sequence[Record], name: str, kind: str) -> list[Value]:
    """One column. JSON brings records one by one, so that this is where they become columns."""
    values = [row.get(name) for row in rows]
    convert = _CONVERTERS.get(kind)
    return [None if value is None else convert(value) for value in values] if convert else values
