"""From a literal in a query to the value that the store holds for a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.clock import Clock, parse_stamp, stamp
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.schema import Field
from sandbox.salesforce.soql.dates import span
from sandbox.salesforce.soql.parse import at
from sandbox.salesforce.soql.syntax import Literal

ACCEPTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "id": frozenset({"STRING"}),
        "text": frozenset({"STRING"}),
        "boolean": frozenset({"BOOLEAN"}),
        "integer": frozenset({"NUMBER"}),
        "number": frozenset({"NUMBER"}),
        "date": frozenset({"DATE", "DATE_LITERAL"}),
        "datetime": frozenset({"DATETIME", "DATE_LITERAL"}),
    }
)
SPOKEN = MappingProxyType({"id": "id", "text": "string", "integer": "int", "number": "double", "datetime": "dateTime"})
ESCAPES = MappingProxyType({"n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "f": "\f"})


@dataclass(frozen=True, slots=True)
class Span:
    """A date literal: from the first instant to the one after the last, as the store writes them."""

    first: str
    after: str


def value_of(literal: Literal, field: Field, *, query: str, clock: Clock, pattern: bool = False) -> Any:
    """Return None for null and '', a Span for a date literal, else what the column holds.

    With `pattern`, backslashes before the wildcards of LIKE are kept for SQL.
    """
    if literal.kind == "NULL":
        return None
    if literal.kind == "DATE_LITERAL" and span(literal.text, clock.now().date()) is None:
        raise at(query, literal.column, f"unexpected token: '{literal.text}'", "MALFORMED_QUERY")
    if literal.kind not in ACCEPTED[field.kind]:
        raise _wrong_type(literal, field, query)
    match literal.kind:
        case "STRING":
            return _text(literal, field, pattern=pattern)
        case "BOOLEAN":
            return literal.text.lower() == "true"
        case "NUMBER":
            return float(literal.text)
        case "DATE_LITERAL":
            return _span(literal, field, clock)
        case _:
            return _moment(literal, field, query)


def _text(literal: Literal, field: Field, *, pattern: bool) -> str | None:
    text = _unescape(literal.text[1:-1], pattern=pattern)
    if field.kind != "id" or not text:
        return text or None
    full = ids.normalise(text)
    if full is None:
        raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return full


def _unescape(text: str, *, pattern: bool) -> str:
    def one(found: re.Match[str]) -> str:
        letter = found[1]
        if pattern and letter in "%_\\":
            return found[0]
        return ESCAPES.get(letter, letter)

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)


def _span(literal: Literal, field: Field, clock: Clock) -> Span | None:
    days = span(literal.text, clock.now().date())
    if days is None or field.kind == "date":
        return Span(days[0].isoformat(), days[1].isoformat()) if days else None
    return Span(*(stamp(datetime.combine(day, time(), UTC)) for day in days))


def _moment(literal: Literal, field: Field, query: str) -> str:
    try:
        if field.kind == "date":
            return date.fromisoformat(literal.text).isoformat()
        return stamp(parse_stamp(literal.text))
    except (ValueError, OverflowError) as fault:
        raise at(query, literal.column, f"Invalid {field.kind}: {literal.text}", "INVALID_FIELD") from fault


def _wrong_type(literal: Literal, field: Field, query: str) -> Refusal:
    quotes = "should be" if field.kind in {"id", "text"} else "should not be"
    kind = SPOKEN.get(field.kind, field.kind)
    message = (
        f"value of filter criterion for field '{field.name}' must be of type {kind} and {quotes} enclosed in quotes"
    )
    return at(query, literal.column, message, "INVALID_FIELD")
