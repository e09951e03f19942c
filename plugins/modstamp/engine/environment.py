"""What every step of a run works with: one mapping, its two sides, the state and the settings; and the run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from modstamp.engine.context import Context
from modstamp.engine.handoff import Tally
from modstamp.mapping.schema import TypeMapping, mapping_name
from modstamp.mapping.values import ValueTable
from modstamp.ports import Connector, Lease, Staging, Store
from modstamp.settings import Settings


def _uncounted(run_id: str) -> int:
    """For a connector that charges nothing."""
    del run_id
    return 0


def _random_key() -> str:
    """An own key that no other record has ever had, so that no write of ours can meet somebody else's (G21)."""
    return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`tables`: internal field → its value table. `mapping_hash`: of the mapping file, kept on links (G30).

    `calls_of`: run id → calls that its steps were charged so far. `new_key`: gives a fresh own key. `others`: the other
    mappings of the connection.
    """

    mapping: TypeMapping
    tables: Mapping[str, ValueTable]
    mapping_hash: str
    store: Store
    connector: Connector
    staging: Staging
    settings: Settings
    calls_of: Callable[[str], int] = _uncounted
    new_key: Callable[[], str] = _random_key
    others: tuple[TypeMapping, ...] = ()

    @property
    def relatives(self) -> tuple[TypeMapping, ...]:
        """The other mappings of the family (G20)."""
        return tuple(each for each in self.others if each.family == self.mapping.family)

    @property
    def siblings(self) -> tuple[TypeMapping, ...]:
        """The other mappings of the same external type: what one of them has linked or made is none of ours (G21)."""
        return tuple(each for each in self.others if each.external_type == self.mapping.external_type)

    def names_of(self, external_types: Iterable[str]) -> list[str]:
        """The mappings of these external types; the usual name of one where there is none."""
        every, connection = (self.mapping, *self.others), self.mapping.connection
        found = {each: [known.name for known in every if known.external_type == each] for each in external_types}
        return [name for each, names in found.items() for name in names or [mapping_name(connection, each)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run at work: what its batches share. `tally` is the only thing in it that changes.

    `in_window`: it moves the cursor, and what it does counts for the window that is open (G28).
    """

    environment: Environment
    lease: Lease
    run_id: str
    context: Context
    tally: Tally
    in_window: bool = False
