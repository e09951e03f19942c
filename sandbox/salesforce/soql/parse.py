"""From the text of a query to its parts, by the grammar beside this file."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from sandbox.salesforce.problems import Refusal, unsupported
from sandbox.salesforce.soql.syntax import (
    Aggregate,
    All,
    Comparison,
    Condition,
    Either,
    Literal,
    Membership,
    Named,
    Negation,
    Ordering,
    Path,
    Query,
)

MAXIMUM_LENGTH = 100_000
# Real SOQL that the grammar leaves out: said plainly, instead of being called malformed. Only the text at the point
# where the grammar gave up is looked at.
UNSERVED = re.compile(
    r"(group\s+by\s+(?:rollup|cube)|typeof|fields\s*\(|tolabel|format\s*\(|convertcurrency|convertTimezone|distance\s*\(|using\s+scope"
    r"|with\s+\w+|for\s+(?:view|reference|update)|includes|excludes|all\s+rows|select"
    r"|calendar_\w+|day_\w+|hour_in_day|week_in_\w+|fiscal_\w+|update\s+\w+)\b",
    re.IGNORECASE,
)


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        Refusal: MALFORMED_QUERY as Salesforce words it, or 501 for SOQL that is real and not served here.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise Refusal(
            400, "QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {MAXIMUM_LENGTH} characters."
        )
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as fault:
        raise _refusal(text, fault) from fault
    found: Query = Parts(text).transform(tree)
    return found


def at(text: str, column: int, message: str, code: str, line: int = 1) -> Refusal:
    """A refusal that points at a place in the query, laid out as Salesforce does."""
    context = text.splitlines()[line - 1] if text else ""
    head = f"\n{context}\n{' ' * (column - 1)}^\n"
    return Refusal(400, code, f"{head}ERROR at Row:{line}:Column:{column}\n{message}")


class Parts(Transformer[Token, Query]):
    """Builds `syntax` from the parser's tree; one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def query(self, children: list[Any]) -> Query:
        selection, source, *clauses = children
        return Query(text=self.text, source=_path(source), **selection, **dict(clauses))

    def count(self, _children: list[Token]) -> dict[str, Any]:
        return {"fields": None}

    def fields(self, children: list[Any]) -> dict[str, Any]:
        fields = tuple(each if not isinstance(each, Token) else _path(each) for each in children)
        nested = tuple(each for each in fields if isinstance(each, Query))
        return {"fields": tuple(each for each in fields if not isinstance(each, Query)), "children": nested}

    def named(self, children: list[Token]) -> Named:
        return Named(_path(children[0]), str(children[1]))

    def aggregate(self, children: list[Token]) -> Aggregate:
        function, path, *alias = children
        return Aggregate(function.rstrip("( \t\r\n").lower(), _path(path), str(alias[0]) if alias else None)

    total = aggregate

    def child(self, children: list[Any]) -> Query:
        *fields, source = (_path(each) for each in children if isinstance(each, Token))
        clauses = dict(each for each in children if not isinstance(each, Token))
        return Query(text=self.text, fields=tuple(fields), source=source, **clauses)

    def group(self, children: list[Token]) -> tuple[str, tuple[Path, ...]]:
        return "group", tuple(map(_path, children))

    def having(self, children: list[Condition]) -> tuple[str, Condition]:
        return "having", children[0]

    def where(self, children: list[Condition]) -> tuple[str, Condition]:
        return "where", children[0]

    def all_of(self, children: list[Condition]) -> All:
        return All(tuple(children))

    def any_of(self, children: list[Condition]) -> Either:
        return Either(tuple(children))

    def none_of(self, children: list[Condition]) -> Negation:
        return Negation(children[0])

    def comparison(self, children: list[Token]) -> Comparison:
        path, operator, value = children
        return Comparison(_compared(path), operator.lower().replace("<>", "!="), _literal(value))

    def membership(self, children: list[Token]) -> Membership:
        path, operator, *values = children
        return Membership(_path(path), operator.type == "NOT_IN", tuple(map(_literal, values)))

    def order(self, children: list[Ordering]) -> tuple[str, tuple[Ordering, ...]]:
        return "order", tuple(children)

    def ordering(self, children: list[Token]) -> Ordering:
        kinds = {token.type for token in children[1:]}
        return Ordering(_compared(children[0]), "DESC" in kinds, "NULLS_LAST" in kinds)

    def limit(self, children: list[Token]) -> tuple[str, int]:
        return "limit", int(children[0])

    def offset(self, children: list[Token]) -> tuple[str, int]:
        return "offset", int(children[0])


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = FilePath(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start="query", maybe_placeholders=False)


def _path(token: Token) -> Path:
    names = tuple(part.strip() for part in token.split("."))
    return Path(names, token.column or 1, token.line or 1)


def _compared(part: Token | Aggregate) -> Path | Aggregate:
    return part if isinstance(part, Aggregate) else _path(part)


def _literal(token: Token) -> Literal:
    return Literal(token.type, str(token), token.column or 1)


def _refusal(text: str, fault: UnexpectedInput) -> Refusal:
    ended = isinstance(fault, UnexpectedEOF) or (isinstance(fault, UnexpectedToken) and fault.token.type == "$END")
    if ended:
        return Refusal(400, "MALFORMED_QUERY", "unexpected token: '<EOF>'")
    position = fault.pos_in_stream or 0
    for start in _places(text, position):
        if found := UNSERVED.match(text, start):
            return unsupported(f"SOQL {found[1].upper()}")
    shown = fault.token if isinstance(fault, UnexpectedToken) else text[position : position + 1]
    if isinstance(fault, UnexpectedCharacters) and (word := re.match(r"\w+", text[position:])):
        shown = word[0]
    return at(text, fault.column, f"unexpected token: '{shown}'", "MALFORMED_QUERY", fault.line)


def _places(text: str, position: int) -> tuple[int, ...]:
    """Where a word may stand that explains the fault: at it, behind its parenthesis, before it."""
    before = re.search(r"\w+\s*$", text[:position])
    behind = re.match(r"\(\s*", text[position:])
    return (
        position,
        position + behind.end() if behind else position,
        before.start() if before else position,
    )
