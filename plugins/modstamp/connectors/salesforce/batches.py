"""Actions cut into the collections that carry them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from modstamp.connectors.salesforce.composite import LARGE_PARTS, Part
from modstamp.model import Action, Operation

SIZE = 200  # records of one collection
# Fields by which records share a parent, of actions that do not say it. Salesforce locks the parent while it writes a
# child, so children of one parent belong into one batch.
_PARENTS = ("AccountId", "WhatId", "WhoId", "ParentId", "OwnerId")
_METHODS = {Operation.UPDATE: "PATCH", Operation.CREATE: "POST", Operation.DELETE: "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Up to 200 actions of one operation, each with its place in the push."""

    operation: Operation
    actions: Sequence[tuple[int, Action]]
    alone: bool = False  # may not travel in a composite

    @property
    def per_call(self) -> int:
        """Batches that one call takes: with updates travels the retrieve that shows what they left (G19)."""
        return LARGE_PARTS - 1 if self.operation is Operation.UPDATE else LARGE_PARTS

    def travels_with(self, other: Batch) -> bool:
        return self.operation is other.operation and not (self.alone or other.alone)

    def halves(self) -> list[Batch]:
        middle = len(self.actions) // 2
        return [replace(self, actions=self.actions[:middle]), replace(self, actions=self.actions[middle:])]


def cut(actions: Iterable[tuple[int, Action]]) -> Iterator[Batch]:
    """Batches, updates first and deletes last (G24)."""
    groups: dict[tuple[Operation, bool], list[tuple[int, Action]]] = {}
    for entry in actions:
        groups.setdefault((entry[1].operation, _refers(entry[1])), []).append(entry)
    order = list(_METHODS)
    for (operation, alone), found in sorted(groups.items(), key=lambda group: order.index(group[0][0])):
        ordered = sorted(found, key=lambda entry: _parents(entry[1]))
        for start in range(0, len(ordered), SIZE):
            yield Batch(operation=operation, actions=ordered[start : start + SIZE], alone=alone)


def _refers(action: Action) -> bool:
    """A composite takes ``@{…}`` for a reference to another part's answer, without quotes: such a text goes alone."""
    return any(isinstance(value, str) and "@{" in value for value in action.values.values())


def _parents(action: Action) -> tuple[str, ...]:
    return action.parents or tuple(str(action.values.get(name) or "") for name in _PARENTS)


def part(type_name: str, batch: Batch, *, auto_assign: bool, lists: Collection[str] = ()) -> Part:
    """The request that carries a batch. Unless told otherwise, assignment rules and their mails stay asleep (G32).

    `lists`: fields whose values are lists of ids.
    """
    method, path, body = _METHODS[batch.operation], "composite/sobjects", None
    if batch.operation is Operation.DELETE:
        path += f"?allOrNone=false&ids={','.join(str(action.id) for _, action in batch.actions)}"
    else:
        body = {"allOrNone": False, "records": [_record(type_name, action, lists) for _, action in batch.actions]}
    headers = {} if auto_assign else {"Sforce-Auto-Assign": "FALSE"}
    return Part(method=method, path=path, body=body, headers=headers)


def _record(type_name: str, action: Action, lists: Collection[str]) -> dict[str, object]:
    identity = {} if action.id is None else {"id": action.id}
    key = {action.own_key.field: action.own_key.value} if action.own_key else {}
    listed = {name: json.loads(str(action.values[name])) for name in lists if action.values.get(name)}
    return {"attributes": {"type": type_name}, **identity, **key, **action.values, **listed}
