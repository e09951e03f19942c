"""From a parsed query to SQL: one statement that finds the records, one that reads a page of them."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.clock import Clock
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.schema import ObjectType, Schema
from sandbox.salesforce.soql.groups import column_of, columns_of, group_clause
from sandbox.salesforce.soql.names import Column, Names, Parent
from sandbox.salesforce.soql.parse import at
from sandbox.salesforce.soql.syntax import (
    Aggregate,
    All,
    Comparison,
    Condition,
    Either,
    Literal,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
)
from sandbox.salesforce.soql.values import Span, value_of
from sandbox.salesforce.tables import quoted

MAXIMUM_OFFSET = 2_000
HIDING = ("IsDeleted", "IsArchived")
ORDERED = frozenset({"<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What runs: `find` yields row numbers in the query's order, `read` the columns of given row numbers.

    Of a query that counts, `columns` is None; one that groups has its rows in `groups`, in place of both.
    """

    source: ObjectType
    columns: tuple[Column, ...] | None
    parents: dict[tuple[str, ...], Parent]
    find: str
    parameters: tuple[Any, ...]
    read: str
    groups: str | None = None


def translate(
    query: Query, schema: Schema, clock: Clock, *, with_deleted: bool, seen: tuple[str, tuple[str, ...]] = ("", ())
) -> Statement:
    """Check every name and value of the query against the schema and write the SQL.

    `seen` is a further condition over the table `t` and its parameters. Without `with_deleted`, archived activities
    are left out as well as deleted records.

    Raises:
        Refusal: as Salesforce words it.
    """
    source = schema.object_named(str(query.source))
    if source is None:
        raise _no_such_type(query)
    selection = Names(schema, source, query.text)
    columns = _columns(query, selection) if not query.grouped else None
    conditions = Conditions(Names(schema, source, query.text), clock)
    where = conditions.sql(query.where) if query.where else "1"
    if not with_deleted:
        where = " AND ".join([*(f"t.{name} = 0" for name in HIDING if name in source.fields), where])
    if seen[0]:
        where = f"{seen[0]} AND {where}"
    table = quoted(source.name)
    if query.grouped:
        return _grouped(query, conditions, f"FROM {table} t {{joins}} WHERE {where}", seen[1])
    order = ", ".join(_ordering(each, conditions.names) for each in query.order)
    joins = " ".join(conditions.names.joins)
    return Statement(
        source=source,
        columns=columns,
        parents=selection.parents,
        find=f"SELECT t._row FROM {table} t {joins} WHERE {where}"
        + (f" ORDER BY {order}" if order else "")
        + _bounds(query),
        parameters=(*seen[1], *conditions.parameters),
        read=_read(table, columns or (), selection),
    )


def _grouped(query: Query, conditions: Conditions, source: str, first: tuple[Any, ...]) -> Statement:
    """The statement of a query that groups; all its names join in one place, because it is one statement."""
    names = conditions.names
    columns, grouping = columns_of(query, names), group_clause(query, names)
    having = f" HAVING {conditions.sql(query.having)}" if query.having else ""
    order = ", ".join(_ordering(each, names) for each in query.order)
    selected = ", ".join(column.sql for column in columns)
    rows = f"SELECT {selected} {source.format(joins=' '.join(names.joins))}{grouping}{having}"
    return Statement(
        source=names.source,
        columns=columns,
        parents={},
        find="",
        parameters=(*first, *conditions.parameters),
        read="",
        groups=rows + (f" ORDER BY {order}" if order else "") + _bounds(query),
    )


@dataclass(slots=True)
class Conditions:
    """Writes the WHERE clause and collects its parameters in order.

    SOQL knows no unknown: a comparison with an empty field is false (`!=` and NOT IN: true), and NOT turns it round.
    """

    names: Names
    clock: Clock
    parameters: list[Any] = field(default_factory=list)

    def sql(self, condition: Condition) -> str:
        match condition:
            case All(parts):
                return "(" + " AND ".join(map(self.sql, parts)) + ")"
            case Either(parts):
                return "(" + " OR ".join(map(self.sql, parts)) + ")"
            case Negation(part):
                return f"NOT coalesce({self.sql(part)}, 0)"
            case Membership():
                return self._membership(condition)
            case Comparison():
                return self._comparison(condition)

    def _membership(self, condition: Membership) -> str:
        column = self._filterable(condition.path)
        values = [self._value(literal, column) for literal in condition.values]
        if any(isinstance(value, Span) for value in values):
            raise at(
                self.names.query, condition.path.column, "date literals are not served in lists", "MALFORMED_QUERY"
            )
        given = [value for value in values if value is not None]
        self.parameters += given
        inside = f"{column.sql} IN ({', '.join('?' * len(given))})"
        if len(given) < len(values):
            inside = f"({inside} OR {column.sql} IS NULL)"
        return f"NOT coalesce({inside}, 0)" if condition.negated else inside

    def _comparison(self, condition: Comparison) -> str:
        column = self._filterable(condition.path)
        operator = condition.operator
        self._check_operator(condition, column)
        value = self._value(condition.value, column, pattern=operator == "like")
        if isinstance(value, Span):
            return self._in_span(column.sql, operator, value)
        if value is None:
            return self._with_nothing(condition, column)
        self.parameters.append(value)
        if operator == "like":
            return f"{column.sql} LIKE ? ESCAPE '\\'"
        return f"{column.sql} IS NOT ?" if operator == "!=" else f"{column.sql} {operator} ?"

    def _with_nothing(self, condition: Comparison, column: Column) -> str:
        if condition.operator in {"=", "like"}:
            return f"{column.sql} IS NULL"
        if condition.operator == "!=":
            return f"{column.sql} IS NOT NULL"
        # Id > '' starts a walk over all ids; nothing else is greater or less than nothing.
        return "1" if column.field.kind == "id" and condition.operator.startswith(">") else "0"

    def _in_span(self, sql: str, operator: str, span: Span) -> str:
        match operator:
            case "=" | "!=":
                self.parameters += [span.first, span.after]
                inside = f"({sql} >= ? AND {sql} < ?)"
                return inside if operator == "=" else f"NOT coalesce({inside}, 0)"
            case "<" | ">=":
                self.parameters.append(span.first)
                return f"{sql} {operator} ?"
            case _:
                self.parameters.append(span.after)
                return f"{sql} {'<' if operator == '<=' else '>='} ?"

    def _filterable(self, path: Path | Aggregate) -> Column:
        if isinstance(path, Aggregate):
            return column_of(self.names, path)
        column = self.names.column(path)
        if "filterable" not in column.field.flags or not column.field.stored:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise at(self.names.query, path.column, message, "INVALID_FIELD", path.line)
        return column

    def _check_operator(self, condition: Comparison, column: Column) -> None:
        like_on_other = condition.operator == "like" and column.field.kind != "text"
        if like_on_other or (condition.operator in ORDERED and column.field.kind == "boolean"):
            message = f"invalid operator on {column.field.type} field"
            place = condition.path.path if isinstance(condition.path, Aggregate) else condition.path
            raise at(self.names.query, place.column, message, "INVALID_QUERY_FILTER_OPERATOR", place.line)

    def _value(self, literal: Literal, column: Column, *, pattern: bool = False) -> Any:
        return value_of(literal, column.field, query=self.names.query, clock=self.clock, pattern=pattern)


def _columns(query: Query, names: Names) -> tuple[Column, ...] | None:
    if query.fields is None:
        return None
    columns = tuple(names.column(each) for each in query.fields if isinstance(each, Path))
    seen: set[tuple[str, ...]] = set()
    for column in columns:
        if column.path in seen:
            raise Refusal(400, "INVALID_FIELD", f"duplicate field selected: {'.'.join(column.path)}")
        seen.add(column.path)
    return columns


def _ordering(ordering: Ordering, names: Names) -> str:
    direction = "DESC" if ordering.descending else "ASC"
    if isinstance(ordering.path, Aggregate):
        return f"{column_of(names, ordering.path).sql} {direction}"
    column = names.column(ordering.path)
    if "sortable" not in column.field.flags:
        message = f"field '{column.field.name}' can not be sorted in a query call"
        raise at(names.query, ordering.path.column, message, "MALFORMED_QUERY", ordering.path.line)
    if "nillable" not in column.field.flags and len(column.path) == 1:
        return f"{column.sql} {direction}"
    return f"{column.sql} {direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}"


def _bounds(query: Query) -> str:
    if query.offset > MAXIMUM_OFFSET:
        raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAXIMUM_OFFSET}")
    if query.limit is None and not query.offset:
        return ""
    return f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset}"


def _read(table: str, columns: tuple[Column, ...], names: Names) -> str:
    # Each joined parent also gives its id and type, for the `attributes` of the nested record.
    parents = [sql for parent in names.parents.values() for sql in (parent.id_sql, parent.type_sql)]
    listed = ", ".join(["t.Id", *parents, *(column.sql for column in columns)])
    joins = " ".join(names.joins)
    return f"SELECT {listed} FROM json_each(?) page JOIN {table} t ON t._row = page.value {joins} ORDER BY page.key"


def _no_such_type(query: Query) -> Refusal:
    message = (
        f"sObject type '{query.source}' is not supported. If you are attempting to use a custom object, be sure to "
        "append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate "
        "names."
    )
    return at(query.text, query.source.column, message, "INVALID_TYPE", query.source.line)
