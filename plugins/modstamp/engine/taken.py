"""Records that the database refused because another one has a value that only one may have (G26).

Nothing of the record itself need change for it to pass: the other may be given another value, or go.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np

from modstamp.engine import look
from modstamp.engine.frames import Mask, column
from modstamp.engine.held import matches_by_now, unlinked
from modstamp.engine.plan import Plan
from modstamp.frames import object_frame
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.ports import Transaction

_DUPLICATE = "duplicate"
_Key = TypeVar("_Key", bound=Hashable)


def is_duplicate(reason: str) -> bool:
    """Of a refusal: another record has the value."""
    return reason.startswith(f"{_DUPLICATE}: ")


def taken(tx: Transaction, plan: Plan, rows: Mask) -> list[dict[str, Any]]:
    """Per row internal field → its value, if the record was refused because another one has that."""
    refused = {
        int(position): named(plan, int(position), str(plan.reasons[position])) for position in np.flatnonzero(rows)
    }
    occupied = _occupied(tx, plan.batch.mapping, {position: values for position, values in refused.items() if values})
    return [values if position in occupied else {} for position, values in refused.items()]


def free_by_now(tx: Transaction, mapping: TypeMapping) -> list[str]:
    """Refused external records whose values no other record has any longer, or one that they can be linked to."""
    refused = tx.quarantine.taken(mapping.name)
    occupied = _occupied(tx, mapping, refused)
    blocked = occupied - _to_be_linked(tx, mapping, {record: refused[record] for record in occupied})
    return [record for record in refused if record not in blocked]


def _to_be_linked(tx: Transaction, mapping: TypeMapping, refused: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The other one has lost its link since, and they match it."""
    linked = look.linked_by(tx, (mapping,), list(refused))
    matches = matches_by_now(tx, mapping, {record: refused[record] for record in refused if record not in linked})
    single = {record: found for record, found in matches.items() if len(found) == 1}
    return set(unlinked(tx, mapping, Direction.POLLING, single))


def named(plan: Plan, position: int, reason: str) -> dict[str, Any]:
    """Internal field → the value that another record has, by the reason, which begins with what is wrong and where."""
    converted = plan.batch.source.converted
    name = reason.removeprefix(f"{_DUPLICATE}: ").partition(": ")[0]
    if plan.batch.direction is not Direction.POLLING or not is_duplicate(reason) or name not in converted:
        return {}
    value = column(converted, name)[position]
    return {name: value} if isinstance(value, str | int) else {}  # what is not, JSON may not keep


def _occupied(tx: Transaction, mapping: TypeMapping, wanted: Mapping[_Key, Mapping[str, Any]]) -> set[_Key]:
    """Those of which a value is in the table."""
    result = set()
    for name in {name for values in wanted.values() for name in values}:
        asked = {key: values[name] for key, values in wanted.items() if name in values}
        found = tx.records.match(mapping.internal, [], object_frame({name: list(asked.values())}))
        there = {_folded(value) for value in column(found, name)}
        result |= {key for key, value in asked.items() if _folded(value) in there}
    return result


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
