"""Rows that writes lock: the record itself and its parents. The fault `parent_lock` lets writes hold and miss them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from sandbox.salesforce import ids
from sandbox.salesforce.activities import account_of
from sandbox.salesforce.schema import ACTIVITIES
from sandbox.salesforce.store import Store

ACTIVITY: Final = ("WhoId", "WhatId", "AccountId")
# Type → the fields that name the parents that its writes lock.
PARENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Contact": ("AccountId",),
        "Event": ACTIVITY,
        "EventRelation": ("EventId",),
        "Opportunity": ("AccountId",),
        "OpportunityContactRole": ("OpportunityId", "ContactId"),
        "Task": ACTIVITY,
    }
)


@dataclass(slots=True)
class Locks:
    """Ids of the records that the writes under way have locked."""

    _held: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def taken(self, wanted: Collection[str]) -> Iterator[frozenset[str]]:
        """Lock these records as long as the block runs; it is told which of them others have locked already."""
        with self._lock:
            missed = frozenset(self._held.intersection(wanted))
            ours = set(wanted) - missed
            self._held |= ours
        try:
            yield missed
        finally:
            with self._lock:
                self._held -= ours


def rows_of(store: Store, object_name: str, record_ids: Collection[str], values: Mapping[str, Any]) -> list[str]:
    """What a write of `values` locks: the records, where they are there already, and their parents, old and new."""
    records = [store.get(object_name, ids.normalise(each) or "") or {} for each in record_ids] + [values]
    rows = [record.get(name) for record in records for name in ("Id", *PARENTS.get(object_name, ()))]
    if object_name in ACTIVITIES:
        rows.append(account_of(store, values.get("WhoId"), values.get("WhatId")))
    return [ids.normalise(each) or each for each in rows if each]
