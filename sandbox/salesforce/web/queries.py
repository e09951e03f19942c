"""Queries and their pages."""

from __future__ import annotations

import re
from typing import Any, Final

from sandbox.salesforce.children import Children
from sandbox.salesforce.faults import Fault
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import perform
from sandbox.salesforce.problems import Refusal, unsupported
from sandbox.salesforce.query import Cursor, record_maker
from sandbox.salesforce.soql.names import Column
from sandbox.salesforce.web.call import Answer, Call

LARGEST_PAGE: Final = 2_000
SMALLEST_PAGE: Final = 200
BATCH_SIZE: Final = re.compile(r"batchsize\s*=\s*(\d+)", re.IGNORECASE)


def query(org: Org, call: Call) -> Answer:
    return _first(org, call, with_deleted=False)


def query_all(org: Org, call: Call) -> Answer:
    return _first(org, call, with_deleted=True)


def more(org: Org, call: Call) -> Answer:
    """The page behind a locator; a `q=` that is sent along is ignored."""
    locator, _, position = call.parameters["locator"].partition("-")
    if not position.isdigit():
        raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    cursor, place = org.cursors.find(locator), {"method": call.method, "path": call.path}
    if org.faults.take("expired_locator", **place):
        org.cursors.forget(locator)
        cursor = org.cursors.find(locator)
    if fault := org.faults.take("edit_between_pages", **place):
        _edit(org, cursor, int(position), fault)
    return _page(org, call, cursor, int(position))


def _edit(org: Org, cursor: Cursor, position: int, fault: Fault) -> None:
    """Let a person change the last of the records that the cursor has not shown yet."""
    name = cursor.statement.source.name
    for number in cursor.found[position:][-fault["rows"] :]:
        for row in list(org.store.rows(name, "_row = ?", (number,))):
            perform(org, {"object": name, "id": row["Id"], "values": fault["values"]})


def _first(org: Org, call: Call, *, with_deleted: bool) -> Answer:
    soql = call.query.get("q")
    if soql is None:
        if "explain" in call.query:
            raise unsupported("explaining a query")
        raise Refusal(400, "MALFORMED_QUERY", "SOQL queries must be passed in the parameter q")
    if org.faults.take("query_timeout", method=call.method, path=call.path):
        raise Refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
    cursor = org.cursors.run(soql, with_deleted=with_deleted)
    if call.query.get("columns") == "true":
        return Answer(body=_columns(cursor))
    if cursor.counting:
        return Answer(body={"totalSize": len(cursor.found), "done": True, "records": []})
    if cursor.statement.groups:
        groups = org.cursors.groups(cursor.statement)
        return Answer(body={"totalSize": len(groups), "done": True, "records": groups})
    return _page(org, call, cursor, 0)


def _page(org: Org, call: Call, cursor: Cursor, start: int) -> Answer:
    size = _size(org, call)
    make = record_maker(cursor.statement, f"{call.data_path}/sobjects")
    rows = list(org.cursors.page(cursor, start, size))
    records = [make(row) for row in rows]
    for each in cursor.children:
        nested = _nested(org, each, [row[0] for row in rows], f"{call.data_path}/sobjects")
        for record, row in zip(records, rows, strict=True):
            record[each.name] = nested.get(row[0])
    total, following = len(cursor.found), start + size
    if start and start >= total:
        raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    body: dict[str, Any] = {"totalSize": total, "done": following >= total}
    if following < total:
        org.cursors.keep(cursor)
        body["nextRecordsUrl"] = f"{call.data_path}/query/{cursor.locator}-{following}"
    return Answer(body=body | {"records": records})


def _nested(org: Org, children: Children, parents: list[str], base: str) -> dict[str, dict[str, Any]]:
    """The answer for each parent that has children."""
    make = record_maker(children.statement, base)
    found = children.rows_by_parent(org.store.reader(), parents)
    return {
        parent: {"totalSize": len(rows), "done": True, "records": [make(row) for row in rows]}
        for parent, rows in found.items()
    }


def _size(org: Org, call: Call) -> int:
    found = BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    size = max(SMALLEST_PAGE, min(LARGEST_PAGE, int(found[1]))) if found else LARGEST_PAGE
    fault = org.faults.take("shrinking_pages", method=call.method, path=call.path)
    return min(size, int(fault["size"])) if fault else size


def _columns(cursor: Cursor) -> dict[str, Any]:
    """What `columns=true` answers: the meaning of the selected columns, parents nested."""
    tops: dict[str, dict[str, Any]] = {}
    for column in cursor.statement.columns or ():
        _place(tops, column)
    return {
        "columnMetadata": list(tops.values()),
        "entityName": cursor.statement.source.name,
        "groupBy": bool(cursor.statement.groups),
        "idSelected": "Id" in tops,
        "keyPrefix": cursor.statement.source.prefix,
    }


def _place(tops: dict[str, dict[str, Any]], column: Column) -> None:
    metadata = _metadata(column.path[-1], column)
    if len(column.path) == 1:
        tops[column.path[0]] = metadata
        return
    holder = tops.setdefault(column.path[0], _metadata(column.path[0], None))
    for name in column.path[1:-1]:
        inner = [each for each in holder["joinColumns"] if each["columnName"] == name]
        if not inner:
            inner = [_metadata(name, None)]
            holder["joinColumns"] += inner
        holder = inner[0]
    holder["joinColumns"].append(metadata)


def _metadata(name: str, column: Column | None) -> dict[str, Any]:
    kind = column.field.type if column else ""
    return {
        "aggregate": False,
        "apexType": kind.capitalize() or None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith(("__c", "__r")),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": column is not None and "createable" in column.field.flags,
        "joinColumns": [],
        "numberType": column is not None and column.field.kind in {"integer", "number"},
        "textType": column is not None and column.field.kind in {"text", "id"},
        "updatable": column is not None and "updateable" in column.field.flags,
    }
