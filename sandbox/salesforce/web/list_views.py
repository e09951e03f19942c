"""List views of an object type: which there are, how they are made, and what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.salesforce import ids
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, not_found
from sandbox.salesforce.query import record_maker
from sandbox.salesforce.views import ListView
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import object_of

USUAL: Final = 25
MOST: Final = 2_000
# Every view has them, without showing them.
HIDDEN: Final = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp")


def list_views(org: Org, call: Call) -> Answer:
    name = object_of(org, call).name
    rows = {row["DeveloperName"]: row for row in org.store.rows("ListView", "SobjectType = ?", (name,))}
    listed = [_summary(call, rows[each.developer_name]) for each in org.views.list_views if each.object == name]
    return Answer(
        body={"done": True, "listviews": listed, "nextRecordsUrl": None, "size": len(listed), "sobjectType": name}
    )


def list_view(org: Org, call: Call) -> Answer:
    return Answer(body=_summary(call, _found(org, call)[0]))


def describe(org: Org, call: Call) -> Answer:
    row, view = _found(org, call)
    shown = [_column(org, view, name, hidden=name in HIDDEN) for name in _columns(view)]
    return Answer(
        body={
            "columns": shown,
            "id": row["Id"],
            "orderBy": [],
            "query": view.soql(_columns(view)),
            "relatedEntityId": None,
            "scope": "everything",
            "scopeEntityId": None,
            "sobjectType": view.object,
            "whereCondition": {"conditions": [], "conjunction": "and"},
        }
    )


def results(org: Org, call: Call) -> Answer:
    """One page of what the view shows, by `limit` and `offset`; every value is a text."""
    row, view = _found(org, call)
    limit, offset = _number(call, "limit", USUAL, MOST), _number(call, "offset", 0, MOST)
    columns = _columns(view)
    cursor = org.cursors.run(view.soql(columns))
    make = record_maker(cursor.statement, f"{call.data_path}/sobjects")
    page = [make(found) for found in org.cursors.page(cursor, offset, limit)]
    records = [
        {"columns": [{"fieldNameOrPath": name, "value": _text(record, name)} for name in columns]} for record in page
    ]
    body = {
        "columns": [_column(org, view, name, hidden=name in HIDDEN) for name in columns],
        "developerName": view.developer_name,
        "done": offset + limit >= len(cursor.found),
        "id": row["Id"],
        "label": view.name,
        "records": records,
        "size": len(records),
    }
    return Answer(body=body)


def _columns(view: ListView) -> tuple[str, ...]:
    return (*view.columns, *(name for name in HIDDEN if name not in view.columns))


def _found(org: Org, call: Call) -> tuple[Mapping[str, Any], ListView]:
    name = object_of(org, call).name
    row = org.store.get("ListView", ids.normalise(call.parameters["id"]) or "")
    for view in org.views.list_views:
        if row and row["SobjectType"] == name == view.object and view.developer_name == row["DeveloperName"]:
            return row, view
    raise not_found()


def _summary(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{call.data_path}/sobjects/{row['SobjectType']}/listviews/{row['Id']}"
    return {
        "describeUrl": f"{url}/describe",
        "developerName": row["DeveloperName"],
        "id": row["Id"],
        "label": row["Name"],
        "resultsUrl": f"{url}/results",
        "soqlCompatible": True,
        "url": url,
    }


def _column(org: Org, view: ListView, path: str, *, hidden: bool) -> dict[str, Any]:
    *_, name = path.split(".")
    field = org.access.shown[view.object].field_named(name)
    return {
        "ascendingLabel": None,
        "descendingLabel": None,
        "fieldNameOrPath": path,
        "hidden": hidden,
        "label": field.label if field else name,
        "searchable": False,
        "selectListItem": path,
        "sortDirection": None,
        "sortIndex": None,
        "sortable": bool(field and "sortable" in field.flags),
        "type": field.type if field else "string",
    }


def _number(call: Call, name: str, usual: int, most: int) -> int:
    text = call.query.get(name, str(usual))
    if not text.isdigit() or int(text) > most:
        raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"{name} must be a number of at most {most}: {text}")
    return int(text)


def _text(record: Mapping[str, Any], path: str) -> str | None:
    value: Any = record
    for name in path.split("."):
        value = None if value is None else value[name]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
