"""Running queries: which records a query has found is frozen in a cursor; a page reads them as they are by then."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np

from sandbox.salesforce import ids
from sandbox.salesforce.access import Access
from sandbox.salesforce.children import Children, prepared
from sandbox.salesforce.clock import Clock
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.soql.parse import parse
from sandbox.salesforce.soql.translate import Statement, translate
from sandbox.salesforce.store import Store

LOCATOR_PREFIX = "0r8"
MOST_GROUPS = 2_000
CURSOR_LIFE = 2 * 24 * 60 * 60.0
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query that has run: its statement and the row numbers that it found."""

    locator: str
    statement: Statement
    found: array[int]
    opened: float
    children: tuple[Children, ...] = ()

    @property
    def counting(self) -> bool:
        """Whether the query was `SELECT COUNT()`, which has a size and no records."""
        return self.statement.columns is None


@dataclass(slots=True)
class Cursors:
    """The open cursors of the server."""

    store: Store
    access: Access
    clock: Clock
    open: dict[str, Cursor] = field(default_factory=dict)
    _opened: int = 0
    _lock: Lock = field(default_factory=Lock)

    def run(self, soql: str, *, with_deleted: bool = False) -> Cursor:
        """Parse, check and run a query.

        Raises:
            Refusal: what Salesforce would say to this query.
        """
        query, schema = parse(soql), self.access.shown
        seen = self.access.condition(str(query.source))
        statement = translate(query, schema, self.clock, with_deleted=with_deleted, seen=seen)
        children = prepared(query, self.access, self.clock, with_deleted=with_deleted)
        found = array("q") if statement.groups else self._numbers(statement)
        with self._lock:
            self._opened += 1
            return Cursor(ids.make(LOCATOR_PREFIX, self._opened), statement, found, self.clock.seconds(), children)

    def groups(self, statement: Statement) -> list[Record]:
        """The answer to a query that groups, which has no pages.

        Raises:
            Refusal: there are more groups than one answer may have.
        """
        rows = self.store.reader().execute(statement.groups or "", statement.parameters).fetchall()
        if len(rows) > MOST_GROUPS:
            message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to one batch"
            raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
        names = [column.path[0] for column in statement.columns or ()]
        return [{"attributes": {"type": "AggregateResult"}} | dict(zip(names, row, strict=True)) for row in rows]

    def _numbers(self, statement: Statement) -> array[int]:
        """All row numbers as one text: for a million of them this takes a third of the time of as many rows."""
        # SQLite puts together the rows of a subquery in the order that the subquery asks for.
        sql = f"SELECT group_concat(_row) FROM ({statement.find})"  # noqa: S608 - made by `translate`
        (text,) = self.store.reader().execute(sql, statement.parameters).fetchone()
        numbers = array("q")
        if text is not None:
            numbers.frombytes(np.fromstring(str(text), dtype=np.int64, sep=",").tobytes())
        return numbers

    def keep(self, cursor: Cursor) -> None:
        """Let the cursor be found by its locator for two days."""
        with self._lock:
            horizon = self.clock.seconds() - CURSOR_LIFE
            for locator in [each.locator for each in self.open.values() if each.opened < horizon]:
                del self.open[locator]
            self.open[cursor.locator] = cursor

    def find(self, locator: str) -> Cursor:
        cursor = self.open.get(locator)
        if cursor is None or cursor.opened < self.clock.seconds() - CURSOR_LIFE:
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor

    def forget(self, locator: str) -> None:
        with self._lock:
            self.open.pop(locator, None)

    def page(self, cursor: Cursor, start: int, size: int) -> Iterator[Sequence[Any]]:
        """The rows of a page as they are now: Id, (id, type) per parent, then the selected columns.

        A record that has been purged since is left out.
        """
        numbers = json.dumps(cursor.found[start : start + size].tolist())
        return self.store.reader().execute(cursor.statement.read, (numbers,))


def record_maker(statement: Statement, base: str) -> Callable[[Sequence[Any]], Record]:
    """Return the function that turns a row of `Cursors.page` into the API's nested record.

    `base` is the path of the sobjects resource, used in `attributes.url`.
    """
    parents = list(statement.parents)
    first = 1 + 2 * len(parents)
    converters = [CONVERTERS.get(column.field.kind) for column in statement.columns or ()]
    paths = [column.path for column in statement.columns or ()]
    if not parents:
        names = [path[0] for path in paths]
        return _flat_maker(statement.source.name, base, names, converters)

    def make(row: Sequence[Any]) -> Record:
        nested: dict[tuple[str, ...], Record | None] = {
            (): {"attributes": _attributes(base, statement.source.name, row[0])}
        }
        for place, key in enumerate(parents):
            parent_id, parent_type = row[1 + 2 * place], row[2 + 2 * place]
            nested[key] = {"attributes": _attributes(base, parent_type, parent_id)} if parent_id else None
        for path, convert, value in zip(paths, converters, row[first:], strict=True):
            _attach(nested, path[:-1])
            holder = nested[path[:-1]]
            if holder is not None:
                holder[path[-1]] = convert(value) if convert and value is not None else value
        return nested[()] or {}

    return make


def _attach(nested: dict[tuple[str, ...], Record | None], key: tuple[str, ...]) -> None:
    """Hang a parent, and its own parents before it, into the record at the place where it is first selected."""
    for depth in range(1, len(key) + 1):
        holder = nested[key[: depth - 1]]
        if holder is not None:
            holder.setdefault(key[depth - 1], nested[key[:depth]])


def _flat_maker(
    type_name: str, base: str, names: list[str], converters: list[Callable[[Any], Any] | None]
) -> Callable[[Sequence[Any]], Record]:
    special = [(name, convert) for name, convert in zip(names, converters, strict=True) if convert]
    url = f"{base}/{type_name}/"

    def make(row: Sequence[Any]) -> Record:
        record: Record = {"attributes": {"type": type_name, "url": url + row[0]}}
        record.update(zip(names, row[1:], strict=True))
        for name, convert in special:
            if record[name] is not None:
                record[name] = convert(record[name])
        return record

    return make


def _attributes(base: str, type_name: str, record_id: str) -> Record:
    return {"type": type_name, "url": f"{base}/{type_name}/{record_id}"}


CONVERTERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"boolean": bool, "address": json.loads, "list": json.loads}
)
