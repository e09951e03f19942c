"""Mappings of one internal type that create records of one external type, each of its own kind: mails sent, received.

One record is created by one of them only (G20), which is so when their conditions ask one field for different values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modstamp.mapping.conditions import AllOf, Condition, Row, members
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation, Value


def told_apart(one: TypeMapping, other: TypeMapping) -> bool:
    """Whether no record can meet both conditions for creating it outside."""
    mine, theirs = _asked(one), _asked(other)
    return any(not values & theirs[name] for name, values in mine.items() if name in theirs)


def kinds_of_others(mapping: TypeMapping, others: Iterable[TypeMapping]) -> dict[str, frozenset[Value]]:
    """Field → the values with which a record is of another one's kind: nothing of it is this mapping's to do."""
    mine, found = _asked(mapping), dict[str, frozenset[Value]]()
    for other in others:
        for name, values in _asked(other).items():
            if name in mine and not values & mine[name]:
                found[name] = found.get(name, frozenset()) | values
    return found


def _asked(mapping: TypeMapping) -> dict[str, frozenset[Value]]:
    """Field → the only values with which a record is created."""
    condition = mapping.condition(Direction.PUSHING, Operation.CREATE)
    found: dict[str, frozenset[Value]] = {}
    for row in _needed(condition) if condition else ():
        if row.on and row.operator in ("is", "in"):
            values = frozenset(row.value if isinstance(row.value, tuple) else (row.value,))
            found[row.field] = found.get(row.field, values) & values
    return found


def _needed(condition: Condition) -> Iterator[Row]:
    """Rows that hold whenever the condition does."""
    if isinstance(condition, Row):
        yield condition
    elif isinstance(condition, AllOf):
        for member in members(condition):
            yield from _needed(member)
