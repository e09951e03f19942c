"""One record on its way into the store, as the rules of its type see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.salesforce.store import Store

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What is saved: the checked `values`, in place of those of `before` (None: a new record).

    `features` are what of `features.yaml` the org has switched on.
    """

    store: Store
    name: str
    values: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    moment: datetime
    by: str
    features: Collection[str] = ()

    @property
    def known(self) -> Values:
        """The record as it will be, with defaults for what a new one does not name."""
        if self.before is not None:
            return dict(self.before) | dict(self.values)
        return dict(self.store.schema[self.name].defaults) | dict(self.values)

    def touches(self, *names: str) -> bool:
        """Whether it is a new record, or one of these fields is among the values."""
        return self.before is None or any(name in self.values for name in names)

    def changes(self, *names: str) -> bool:
        """Whether a record that was there before gets another value in one of these fields."""
        before = self.before
        return before is not None and any(before[name] != self.values.get(name, before[name]) for name in names)
