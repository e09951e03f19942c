"""Reports, as far as a client reads their rows: tabular ones, run at once, with at most 2,000 rows of detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.salesforce import ids
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import not_found, unsupported
from sandbox.salesforce.query import Cursor
from sandbox.salesforce.schema import Field
from sandbox.salesforce.views import Report
from sandbox.salesforce.web.call import Answer, Call

MOST_ROWS: Final = 2_000
SHORT_ID: Final = 15
WHOLE: Final = "T!T"


def list_reports(org: Org, call: Call) -> Answer:
    return Answer(body=[_links(call, row) | {"id": row["Id"], "name": row["Name"]} for row in org.store.rows("Report")])


def describe(org: Org, call: Call) -> Answer:
    row, report = _found(org, call)
    fields = _fields(org, report)
    return Answer(
        body={
            "attributes": _attributes(call, row),
            "reportExtendedMetadata": _extended(fields),
            "reportMetadata": _metadata(row, report),
            "reportTypeMetadata": {"categories": []},
        }
    )


def run(org: Org, call: Call) -> Answer:
    """Run a report. A POST may bring other metadata, which is not served."""
    row, report = _found(org, call)
    if call.method == "POST" and call.body and call.json_object.get("reportMetadata"):
        raise unsupported("running a report with other metadata than its own")
    cursor = org.cursors.run(report.soql)
    fields = _fields(org, report)
    total: dict[str, Any] = {"aggregates": [{"label": str(len(cursor.found)), "value": len(cursor.found)}]}
    detailed = call.query.get("includeDetails", "false") == "true"
    if detailed:
        total["rows"] = [{"dataCells": cells} for cells in _rows(org, cursor, list(fields.values()))]
    return Answer(
        body={
            "allData": len(cursor.found) <= MOST_ROWS,
            "attributes": _attributes(call, row),
            "factMap": {WHOLE: total},
            "groupingsAcross": {"groupings": []},
            "groupingsDown": {"groupings": []},
            "hasDetailRows": detailed,
            "picklistColors": {},
            "reportExtendedMetadata": _extended(fields),
            "reportMetadata": _metadata(row, report),
        }
    )


def _rows(org: Org, cursor: Cursor, fields: Sequence[Field]) -> list[list[dict[str, Any]]]:
    first = 1 + 2 * len(cursor.statement.parents)
    return [
        [_cell(field, value) for field, value in zip(fields, found[first:], strict=True)]
        for found in org.cursors.page(cursor, 0, MOST_ROWS)
    ]


def _cell(field: Field, value: Any) -> dict[str, Any]:
    if value is None:
        return {"label": "-", "value": None}
    if field.kind == "id":
        return {"label": value[:SHORT_ID], "value": value[:SHORT_ID]}
    if field.kind == "boolean":
        return {"label": str(bool(value)).lower(), "value": bool(value)}
    return {"label": field.labels.get(value, str(value)), "value": value}


def _found(org: Org, call: Call) -> tuple[Mapping[str, Any], Report]:
    row = org.store.get("Report", ids.normalise(call.parameters["id"]) or "")
    for report in org.views.reports:
        if row and report.developer_name == row["DeveloperName"]:
            return row, report
    raise not_found()


def _fields(org: Org, report: Report) -> dict[str, Field]:
    """The report's own names of its columns → the fields that they show."""
    columns = org.cursors.run(report.soql).statement.columns or ()
    return {name: column.field for name, column in zip(report.columns, columns, strict=True)}


def _extended(fields: Mapping[str, Field]) -> dict[str, Any]:
    described = {
        name: {
            "allowedInCustomDetailFormula": True,
            "dataType": each.type,
            "entityColumnName": each.name,
            "label": each.label,
        }
        for name, each in fields.items()
    }
    counted = {"acrossGroupingContext": None, "dataType": "int", "downGroupingContext": None, "label": "Record Count"}
    return {"aggregateColumnInfo": {"RowCount": counted}, "detailColumnInfo": described, "groupingColumnInfo": {}}


def _metadata(row: Mapping[str, Any], report: Report) -> dict[str, Any]:
    return {
        "aggregates": ["RowCount"],
        "detailColumns": list(report.columns),
        "developerName": report.developer_name,
        "groupingsAcross": [],
        "groupingsDown": [],
        "hasDetailRows": True,
        "id": row["Id"],
        "name": report.name,
        "reportBooleanFilter": None,
        "reportFilters": [],
        "reportFormat": "TABULAR",
        "reportType": dict(report.type),
        "sortBy": [],
    }


def _attributes(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**_links(call, row), "reportId": row["Id"], "reportName": row["Name"], "type": "Report"}


def _links(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{call.data_path}/analytics/reports/{row['Id']}"
    return {"describeUrl": f"{url}/describe", "instancesUrl": f"{url}/instances", "url": url}
