"""Queries of children inside a query: `SELECT Name, (SELECT Email FROM Contacts) FROM Account`."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.salesforce.access import Access
from sandbox.salesforce.clock import Clock
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.schema import ObjectType
from sandbox.salesforce.soql.parse import at
from sandbox.salesforce.soql.syntax import Path, Query
from sandbox.salesforce.soql.translate import Statement, translate
from sandbox.salesforce.tables import quoted

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Children:
    """One such query; the first parameter of its statement is a JSON list of the parents' ids."""

    name: str
    link: str
    statement: Statement
    limit: int | None

    def rows_by_parent(self, connection: sqlite3.Connection, parents: Sequence[str]) -> dict[str, list[Row]]:
        """The children's rows, as `Statement.read` gives them, by the id of their parent."""
        parameters = (json.dumps(list(parents)), *self.statement.parameters[1:])
        found = [number for (number,) in connection.execute(self.statement.find, parameters)]
        numbers, table, link = json.dumps(found), quoted(self.statement.source.name), quoted(self.link)
        sql = f"SELECT Id, {link} FROM {table} WHERE _row IN (SELECT value FROM json_each(?))"
        parent_of = dict(connection.execute(sql, (numbers,)))
        by_parent: dict[str, list[Row]] = {}
        for row in connection.execute(self.statement.read, (numbers,)):
            by_parent.setdefault(parent_of[row[0]], []).append(row)
        return {parent: rows[: self.limit] for parent, rows in by_parent.items()}


def prepared(query: Query, access: Access, clock: Clock, *, with_deleted: bool) -> tuple[Children, ...]:
    """Check the queries of children that a query holds and write their SQL."""
    parent = access.shown.object_named(str(query.source))
    if parent is None:
        return ()
    return tuple(_prepared(each, parent, access, clock, with_deleted=with_deleted) for each in query.children)


def _prepared(query: Query, parent: ObjectType, access: Access, clock: Clock, *, with_deleted: bool) -> Children:
    found = access.shown.children_of(parent, str(query.source))
    if found is None:
        raise _unknown(query)
    child, link = found
    hidden, hidden_parameters = access.condition(child.name)
    condition = f"t.{quoted(link.name)} IN (SELECT value FROM json_each(?))" + (f" AND {hidden}" if hidden else "")
    place = Path((child.name,), query.source.column, query.source.line)
    whole = replace(query, source=place, limit=None)
    seen = (condition, ("[]", *hidden_parameters))
    statement = translate(whole, access.shown, clock, with_deleted=with_deleted, seen=seen)
    return Children(str(link.children), link.name, statement, query.limit)


def _unknown(query: Query) -> Refusal:
    message = (
        f"Didn't understand relationship '{query.source}' in FROM part of query call. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your "
        "WSDL or the describe call for the appropriate names."
    )
    return at(query.text, query.source.column, message, "INVALID_TYPE", query.source.line)
