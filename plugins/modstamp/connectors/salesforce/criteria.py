"""A condition as SOQL. Salesforce compares texts without case, so that some questions find more than was meant.

Instants go out as they are, in UTC, and never as date literals: those mean days of the org's or the user's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from simple_salesforce.format import format_soql, quote_soql_value

from modstamp.mapping.predicates import BESIDE, Every, Predicate, Some, Test
from modstamp.model import Field, Value

_SIGNS: Mapping[str, str] = MappingProxyType({"greater than": ">", "at least": ">=", "less than": "<", "at most": "<="})
_TURNED: Mapping[str, str] = MappingProxyType({">": "<=", ">=": "<", "<": ">=", "<=": ">"})
_TEXTS = frozenset({"text", "choice", "reference"})


@dataclass(frozen=True, slots=True)
class Criterion:
    """`where`: SOQL, or True or False where there is nothing to ask. `exact`: it finds no more than was meant."""

    where: str | bool
    exact: bool = True


_ANY = Criterion(where=True, exact=False)


def criterion(predicate: Predicate) -> Criterion:
    """Finds every record for which the predicate holds, and where it is not exact others too."""
    if isinstance(predicate, Every | Some):
        parts = [criterion(member) for member in predicate.members]
        return _joined(parts, "AND" if isinstance(predicate, Every) else "OR")
    if isinstance(predicate, bool):
        return Criterion(where=predicate)
    if not isinstance(predicate, Test) or not predicate.field.filterable:
        return _ANY
    return _boolean(predicate) if predicate.field.kind == "boolean" else _test(predicate)


def _joined(parts: Iterable[Criterion], word: str) -> Criterion:
    """Of members joined by AND, one that always holds says nothing; of those joined by OR, one that never does."""
    listed, idle = list(parts), word == "AND"
    for part in listed:
        if isinstance(part.where, bool) and part.where is not idle:
            return part
    exact = all(part.exact for part in listed)
    texts = [part.where for part in listed if isinstance(part.where, str)]
    if not texts:
        return Criterion(where=idle, exact=exact)
    return Criterion(where=texts[0] if len(texts) == 1 else f"({f' {word} '.join(texts)})", exact=exact)


def _test(test: Test) -> Criterion:
    name, nothing = test.field.name, f"{test.field.name} = null"
    if test.ask == "empty":
        return Criterion(where=f"{name} != null" if test.negated else nothing)
    if test.ask == "among":
        return _among(test)
    if test.ask in _SIGNS:
        sign, literal = _compared(test)
        return Criterion(
            where=f"({name} {_TURNED[sign]} {literal} OR {nothing})" if test.negated else f"{name} {sign} {literal}"
        )
    return _like(test)


def _boolean(test: Test) -> Criterion:
    """A checkbox is never empty."""
    if test.ask == "empty":
        return Criterion(where=test.negated)
    sign, word = ("!=", "AND") if test.negated else ("=", "OR")
    terms = [Criterion(where=f"{test.field.name} {sign} {quote_soql_value(value)}") for value in test.values]
    return _joined(terms, word)


def _among(test: Test) -> Criterion:
    field = test.field
    values = [value for value in test.values if field.kind != "instant" or "." not in str(value)]  # whole seconds
    exact = all(_is_exact(value, field) for value in values)
    if test.negated and not exact:
        return _ANY
    if not values:
        return Criterion(where=test.negated)
    listed = f"({', '.join(_literal(value, field.kind) for value in values)})"
    if test.negated:
        return Criterion(where=f"({field.name} NOT IN {listed} OR {field.name} = null)")
    return Criterion(where=f"{field.name} IN {listed}", exact=exact)


def _is_exact(value: Value, field: Field) -> bool:
    """Whether only this very value is found: it has no case, or no other choice differs from it in case alone."""
    if field.kind not in _TEXTS:
        return True
    text = str(value)
    if field.restricted and field.kind == "choice":
        return [choice for choice in field.choices if choice.lower() == text.lower()] == [text]
    return text.lower() == text.upper() and text == text.strip()


def _like(test: Test) -> Criterion:
    """Letters beyond ASCII stand as wildcards: how they lose their case is the server's own affair."""
    text = str(test.values[0])
    plain = text.isascii()
    if test.negated and not plain:
        return _ANY
    pattern = "".join(format_soql("{:like}", letter) if letter.isascii() else "%" for letter in text) + "%"
    start = "" if test.ask == "starts with" else "%"
    like = f"{test.field.name} LIKE '{start}{pattern}'"
    return Criterion(where=f"((NOT {like}) OR {test.field.name} = null)" if test.negated else like, exact=plain)


def _compared(test: Test) -> tuple[str, str]:
    ask, bound = test.ask, test.values[0]
    if test.field.kind == "instant" and "." in str(bound):
        ask, bound = BESIDE[ask], f"{str(bound).partition('.')[0]}Z"
    return _SIGNS[ask], _literal(bound, test.field.kind)


def _literal(value: Value, kind: str) -> str:
    if kind in _TEXTS:
        return quote_soql_value(str(value))
    return format(Decimal(repr(value)), "f") if isinstance(value, int | float) else str(value)
