"""The texts of our queries. Field and type names come from describe; values are always quoted by simple-salesforce."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

import pandas as pd
from simple_salesforce.format import quote_soql_value

from modstamp.mapping.conditions import moment_of
from modstamp.model import Field, Value, Window

# URI and headers together may have 16,384 bytes; a session's token takes up to two thousand of them.
_QUERY_BYTES = 11_000
_BARE = {"integer", "number", "date", "instant"}  # kinds whose literals stand without quotes
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)
_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(  # kind → how its values are written
    {
        "boolean": re.compile("true|false", re.IGNORECASE),
        "integer": _NUMBER,
        "number": _NUMBER,
        "date": re.compile(r"[-\d]{10}"),
        "instant": re.compile(r"[-\d]{10}T.*Z"),
        "reference": re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?"),
    }
)
_SHORT = {"date", "instant", "reference"}
_COMPARED = _SHORT | {"text", "choice"}
_FEW = 4  # rows on the average that share a value which is asked for besides
ORDER = "SystemModstamp, Id"
# Every user who is invited to an Event has a copy of it, which our user has made if it has made the Event.
_NO_COPIES: Mapping[str, str] = MappingProxyType({"Event": "IsChild = false"})


def select(names: Iterable[str], type_name: str, where: str = "", order: str = "", at_most: int | None = None) -> str:
    """The records of a type that are records of their own."""
    text = f"SELECT {', '.join(names)} FROM {type_name}"  # noqa: S608 - names of describe, see the module's docstring
    if own := _NO_COPIES.get(type_name):
        where = f"{own} AND ({where})" if where else own
    text += f" WHERE {where}" if where else ""
    text += f" ORDER BY {order}" if order else ""
    return text + (f" LIMIT {at_most}" if at_most else "")


def in_window(window: Window) -> str:
    """Both ends belong to the window; Salesforce compares whole seconds (G1). `after` is the keyset of G3."""
    terms = [f"SystemModstamp <= {_instant(window.upper)}"]
    if window.lower is not None:
        terms.insert(0, f"SystemModstamp >= {_instant(window.lower)}")
    if window.after is not None:
        stamp, record_id = window.after
        same = f"SystemModstamp = {_instant(stamp)} AND Id > {quote_soql_value(record_id)}"
        terms.append(f"(({same}) OR SystemModstamp > {_instant(stamp)})")
    return " AND ".join(terms)


def created_by(user: str, since: datetime, until: datetime) -> str:
    """Both ends belong to it. An empty `user` stands for anybody."""
    terms = [f"CreatedDate >= {_instant(since)}", f"CreatedDate <= {_instant(until)}"]
    return " AND ".join([*([f"CreatedById = {quote_soql_value(user)}"] if user else []), *terms])


def in_list(name: str, values: Iterable[str], *, beside: int) -> Iterator[str]:
    """``name IN (…)``, as often as the length of a query allows; `beside` is the length of the rest of the query."""
    for part in _cut([quote_soql_value(value) for value in values], ",", beside):
        yield f"{name} IN ({part})"


def matching(keys: pd.DataFrame, fields: Mapping[str, Field], *, beside: int) -> Iterator[str]:
    """Conditions that together find the records equal to a row of `keys`.

    A row with an empty value finds nothing, nor does one whose value no field of its kind can hold: it may come from a
    text, and would be part of the query, or have the whole query refused. They may find
    more: of several columns two short ones are asked for, which takes far fewer queries than all.
    """
    present = (keys.notna() & (keys != "")).all(axis=1)
    for name in keys.columns:
        present &= keys[name].map(lambda value, field=fields[str(name)]: _may_hold(field, value))
    rows = keys[present].drop_duplicates()
    literals = [[_literal(value, fields[str(name)].kind) for value in rows[name]] for name in rows.columns]
    if len(literals) == 1:
        for part in _cut(literals[0], ",", beside):
            yield f"{rows.columns[0]} IN ({part})"
        return
    if short := _short_columns(rows, fields):
        yield from _in_lists([(name, literals[list(rows.columns).index(name)]) for name in short], beside)
        return
    terms = [
        "(" + " AND ".join(f"{name} = {literal}" for name, literal in zip(rows.columns, row, strict=True)) + ")"
        for row in zip(*literals, strict=True)
    ]
    for part in _cut(terms, " OR ", beside):
        yield f"({part})"


def _may_hold(field: Field, value: Value) -> bool:
    form = _FORMS.get("reference" if field.native == "id" else field.kind)
    if form is None:
        return True
    suits = form.fullmatch(str(value)) is not None
    return suits and (field.kind not in ("date", "instant") or moment_of(str(value)) is not None)


def _short_columns(rows: pd.DataFrame, fields: Mapping[str, Field]) -> list[str]:
    """What tells most rows apart of what is short to write, and another one that is the same in many rows."""
    if any(fields[str(name)].kind not in _COMPARED for name in rows.columns):
        return []
    short = [str(name) for name in rows.columns if fields[str(name)].kind in _SHORT]
    values = {name: rows[name].nunique() for name in short}
    short.sort(key=lambda name: -values[name])
    few = [name for name in short[1:] if values[name] * _FEW <= len(rows)]
    return [*short[:1], *few[-1:]]


def _in_lists(columns: Sequence[tuple[str, Sequence[str]]], beside: int) -> Iterator[str]:
    """``a IN (…) AND b IN (…)`` over as many rows at a time as a query has room for."""
    room, taken = _QUERY_BYTES - beside, [dict[str, None]() for _ in columns]
    used = 0
    for literals in zip(*(values for _, values in columns), strict=True):
        size = sum(len(quote(f"{each},")) for each, known in zip(literals, taken, strict=True) if each not in known)
        if used and used + size > room:
            yield _both(columns, taken)
            taken, used = [{} for _ in columns], 0
            size = sum(len(quote(f"{each},")) for each in literals)
        for each, known in zip(literals, taken, strict=True):
            known[each] = None
        used += size
    if used:
        yield _both(columns, taken)


def _both(columns: Sequence[tuple[str, Sequence[str]]], taken: Sequence[Mapping[str, None]]) -> str:
    return " AND ".join(f"{name} IN ({','.join(known)})" for (name, _), known in zip(columns, taken, strict=True))


def _cut(terms: Sequence[str], separator: str, beside: int) -> Iterator[str]:
    """Join terms into texts that are short enough when they are percent-encoded."""
    room, taken, used = _QUERY_BYTES - beside, list[str](), 0
    for term in terms:
        size = len(quote(term + separator))
        if taken and used + size > room:
            yield separator.join(taken)
            taken, used = [], 0
        taken.append(term)
        used += size
    if taken:
        yield separator.join(taken)


def _literal(value: Value, kind: str) -> str:
    if kind == "boolean":
        return str(value).lower()
    return str(value) if kind in _BARE else quote_soql_value(str(value))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
