"""Records as Salesforce's JSON shows them, turned into columns of our own values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from modstamp import members
from modstamp.frames import object_frame
from modstamp.instants import to_text
from modstamp.model import Column, Presence, TypeDescription, Value, Values

Record = Mapping[str, Any]

_ID, _STAMP, _DELETED = "Id", "SystemModstamp", "IsDeleted"
_MODIFIED_AT, _MODIFIED_BY = "LastModifiedDate", "LastModifiedById"
_CREATED_AT, _CREATED_BY = "CreatedDate", "CreatedById"
_MASTER, _CONTACT = "MasterRecordId", "ConvertedContactId"
_VERSION = (_STAMP, _MODIFIED_AT, _MODIFIED_BY, _CREATED_AT, _CREATED_BY, _DELETED, _MASTER, _CONTACT)
_ZERO = ".000+0000"


def selected(description: TypeDescription, names: Sequence[str]) -> list[str]:
    """What must be read to fill a frame with these fields. Not every type has all of the version fields."""
    version = [name for name in _VERSION if name in description.fields]
    return list(dict.fromkeys([_ID, *names, *version]))


def has_delete_flag(description: TypeDescription) -> bool:
    return _DELETED in description.fields


def deleted(record_id: str, at: str) -> Record:
    """What an entry of the delete log tells of a record."""
    return {_ID: record_id, _STAMP: at, _DELETED: True}


def columns(
    description: TypeDescription,
    names: Sequence[str],
    ids: Sequence[str],
    records: Sequence[Record | None],
    read_at: datetime,
) -> dict[str, list[Value]]:
    """The columns of a frame of records. `records` stands in the order of `ids`, None where a record is not visible."""
    rows = [record or {} for record in records]
    raw = {name: [row.get(name) for row in rows] for name in selected(description, names)}
    raw[_ID] = list(ids)
    states = [_presence(record) for record in records]
    return _assembled(description, names, raw, states, read_at)


def from_text(
    description: TypeDescription, names: Sequence[str], cells: Mapping[str, Sequence[str]], read_at: datetime
) -> pd.DataFrame:
    """A frame of the records of a CSV, whose cells are all text."""
    raw = {name: _parsed(cells[name], description.fields[name].kind) for name in selected(description, names)}
    states = [_presence({_DELETED: deleted}) for deleted in raw.get(_DELETED) or [False] * len(raw[_ID])]
    return object_frame(_assembled(description, names, raw, states, read_at))


def _assembled(
    description: TypeDescription,
    names: Sequence[str],
    raw: Mapping[str, list[Any]],
    states: list[Value],
    read_at: datetime,
) -> dict[str, list[Value]]:
    nothing: list[Value] = [None] * len(states)
    stamps = _converted(raw.get(_STAMP, nothing), "instant")
    return {
        **{name: _converted(raw[name], description.fields[name].kind) for name in names},
        Column.ID.value: raw[_ID],
        Column.STATE.value: states,
        Column.STAMP.value: stamps,
        Column.MODIFIED_AT.value: _converted(raw[_MODIFIED_AT], "instant") if _MODIFIED_AT in raw else stamps,
        Column.MODIFIED_BY.value: raw.get(_MODIFIED_BY, nothing),
        Column.CREATED_AT.value: _converted(raw.get(_CREATED_AT, nothing), "instant"),
        Column.CREATED_BY.value: raw.get(_CREATED_BY, nothing),
        Column.READ_AT.value: [to_text(read_at.replace(microsecond=0))] * len(states),
        Column.MOVED_TO.value: _moved_to(description.name, raw, states),
    }


def _moved_to(type_name: str, raw: Mapping[str, list[Any]], states: Sequence[Value]) -> list[Value]:
    """The loser of a merge names its master, a converted Lead its Contact (G12)."""
    moved: list[Value] = [contact and f"Contact:{contact}" for contact in raw.get(_CONTACT, [None] * len(states))]
    for row, (state, master) in enumerate(zip(states, raw.get(_MASTER, ()), strict=False)):
        if master and state == Presence.DELETED:
            moved[row] = f"{type_name}:{master}"
    return moved


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
    return to_text(datetime.fromisoformat(text))


def _presence(record: Record | None) -> Value:
    if record is None:
        return Presence.HIDDEN.value
    return Presence.DELETED.value if record.get(_DELETED) else Presence.FOUND.value


_CONVERTERS: Mapping[str, Callable[[Any], Value]] = {
    "instant": parse_instant,
    "integer": int,
    "number": float,
    "list": members.to_text,
}
_PARSERS: Mapping[str, Callable[[str], Value]] = {"boolean": "true".__eq__, "integer": float, "number": float}


def _converted(values: list[Any], kind: str) -> list[Value]:
    convert = _CONVERTERS.get(kind)
    return [None if value is None else convert(value) for value in values] if convert else values


def _parsed(cells: Sequence[str], kind: str) -> list[Value]:
    """Salesforce stores no empty text, so that an empty cell is null."""
    parse = _PARSERS.get(kind, str)
    return [parse(cell) if cell else None for cell in cells]
