"""Queries that group: the SQL of what they select, by which they group, and which groups they keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from sandbox.salesforce.schema import Field
from sandbox.salesforce.soql.names import Column, Names
from sandbox.salesforce.soql.parse import at
from sandbox.salesforce.soql.syntax import Aggregate, Named, Path, Query

SQL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "count": "count({})",
        "count_distinct": "count(DISTINCT {})",
        "sum": "sum({})",
        "avg": "avg({})",
        "min": "min({})",
        "max": "max({})",
    }
)
NUMBERS: Final = frozenset({"integer", "number"})
COUNTED: Final = Field(name="expr", label="", type="int", flags=frozenset({"filterable", "sortable"}))
AVERAGED: Final = replace(COUNTED, type="double")


def column_of(names: Names, aggregate: Aggregate) -> Column:
    """What a function makes of a field.

    Raises:
        Refusal: MALFORMED_QUERY, when the function does not fit the field.
    """
    column = names.column(aggregate.path)
    function, kind = aggregate.function, column.field.kind
    numeric = function in {"sum", "avg"}
    if (numeric and kind not in NUMBERS) or (not numeric and kind in {"boolean", "address"}):
        message = f"field {column.field.name} does not support aggregate operator {function.upper()}"
        raise at(names.query, aggregate.path.column, message, "MALFORMED_QUERY", aggregate.path.line)
    result = COUNTED if function.startswith("count") else AVERAGED if function == "avg" else column.field
    return Column((aggregate.alias or "",), result, SQL[function].format(column.sql))


def columns_of(query: Query, names: Names) -> tuple[Column, ...]:
    """The selected columns under the names of the answer: an alias, else the field's own, else expr0 and on.

    Raises:
        Refusal: MALFORMED_QUERY, for a field that is neither grouped nor aggregated.
    """
    grouped = {_grouped(path, names).sql for path in query.group}
    columns: list[Column] = []
    unnamed = 0
    for each in query.fields or ():
        if isinstance(each, Aggregate):
            column = column_of(names, each)
            if each.alias is None:
                column, unnamed = replace(column, path=(f"expr{unnamed}",)), unnamed + 1
        else:
            column = _of_field(each, names, grouped)
        columns.append(column)
    return tuple(columns)


def group_clause(query: Query, names: Names) -> str:
    return f" GROUP BY {', '.join(_grouped(path, names).sql for path in query.group)}" if query.group else ""


def _of_field(selected: Path | Named, names: Names, grouped: set[str]) -> Column:
    path = selected.path if isinstance(selected, Named) else selected
    column = names.column(path)
    if column.sql not in grouped:
        message = f"Field must be grouped or aggregated: {path}"
        raise at(names.query, path.column, message, "MALFORMED_QUERY", path.line)
    # A field of a parent stands under its own name alone.
    return replace(column, path=(selected.alias if isinstance(selected, Named) else column.path[-1],))


def _grouped(path: Path, names: Names) -> Column:
    column = names.column(path)
    if "groupable" not in column.field.flags:
        message = f"field '{column.field.name}' can not be grouped in a query call"
        raise at(names.query, path.column, message, "MALFORMED_QUERY", path.line)
    return column
