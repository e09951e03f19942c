"""Links, and what is under way or still to be done for records.

Frames passed here have object columns, None for missing, ids as text. JSON columns hold plain dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import pandas as pd

from modstamp.mapping.changes import Affected
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side

LINK_COLUMNS = (
    "link_id",
    "internal_id",
    "external_id",
    "state",
    "deleted_side",
    "internal_base",
    "external_base",
    "stamp",
    "hash",
    "read_at",
    "unconfirmed",
    "decisions",
    "mapping_hash",
)

NamesOf = Callable[[Sequence[str]], Sequence[str]]  # external types → the names of their mappings


class Links(Protocol):
    """Pairs of ids with their bases."""

    def of(self, mapping: str, side: Side, ids: Sequence[str], *, lock: bool = False) -> pd.DataFrame:
        """Every link of these records, tombstones included: `LINK_COLUMNS`."""
        ...

    def by_id(self, link_ids: Sequence[int], *, lock: bool = False) -> pd.DataFrame:
        """`LINK_COLUMNS` of the links that exist, whatever their state."""
        ...

    def living(self, mapping: str, after: int, limit: int) -> pd.DataFrame:
        """`LINK_COLUMNS` of the next live links behind this link id, in order."""
        ...

    def in_family(self, mapping: TypeMapping, internal_ids: Sequence[str]) -> pd.DataFrame:
        """Links but tombstones, of any mapping of the family: link_id, mapping, internal_id, external_id (G20)."""
        ...

    def add(self, mapping: TypeMapping, rows: pd.DataFrame) -> list[int]:
        """New links: `LINK_COLUMNS` without link_id. Raises `RejectedRecordError` when a record is linked already."""
        ...

    def save(self, rows: pd.DataFrame) -> None:
        """Write every one of `LINK_COLUMNS` of links that exist."""
        ...

    def discard(self, link_ids: Sequence[int]) -> None:
        """Remove provisional links whose create did not happen."""
        ...

    def purge_tombstones(self, until: datetime) -> int:
        """Remove tombstones that were last changed before `until` and no longer speak for a living record (G13)."""
        ...

    def translate(
        self, connection: str, internal_type: str, side: Side, ids: Sequence[str], mappings: Sequence[str] = ()
    ) -> dict[str, str]:
        """Id on `side` → id on the other, through live links of that type on that connection (G16).

        `mappings`: only through their links; none named: through those of every mapping of the type.
        """
        ...

    def count(self, mapping: str) -> int:
        """How many live links there are."""
        ...

    def last_reads(self, mapping: str, external_ids: Sequence[str]) -> pd.DataFrame:
        """external_id, stamp and hash of the last read: of the live link, else of the polling quarantine (G1)."""
        ...


class Pendings(Protocol):
    """Records that a mapping still has to look at (G4, G6)."""

    def wake(self, mapping: TypeMapping, direction: Direction, names_of: NamesOf) -> int:
        """Make entries due whose awaited parent is linked by now; returns how many (G16)."""
        ...

    def due(self, mapping: str, direction: Direction, limit: int | None) -> pd.DataFrame:
        """Oldest first: record_id, counter, columns (dict), deleted, reason. Entries that wait are not due."""
        ...

    def lock(self, mapping: str, direction: Direction, ids: Sequence[str], *, lock: bool = True) -> pd.DataFrame:
        """record_id, counter, columns (dict) of the entries that exist, locked."""
        ...

    def drop(self, mapping: str, direction: Direction, entries: pd.DataFrame) -> None:
        """Remove entries (record_id, counter) whose counter is still the one given (G4)."""
        ...

    def leave(self, mapping: str, direction: Direction, entries: pd.DataFrame) -> None:
        """Store left-over work: record_id, reason, waits_for (None, or as `model.awaited` says); raises the counter.

        An entry that waits for a parent keeps waiting unless the new one waits too (G6).
        """
        ...

    def postpone(
        self, mapping: str, direction: Direction, entries: pd.DataFrame, least: timedelta, longest: timedelta
    ) -> None:
        """Store work that can be done later only: record_id, reason. It is due after `least`, then ever less often."""
        ...


class Missing(Protocol):
    """What internal records name and what has no link: they were sent without it. Named as `model.awaited` says."""

    def keep(self, mapping: str, found: Mapping[str, Sequence[str]]) -> None:
        """Record → what it misses now, in place of what it missed before."""
        ...

    def since(self, mapping: str, ids: Sequence[str]) -> dict[str, datetime]:
        """Record → since when it misses something."""
        ...

    def linked_by_now(self, mapping: TypeMapping, names_of: NamesOf) -> list[str]:
        """Records of which something that they miss has a link by now."""
        ...


class Intents(Protocol):
    """Writes on their way: columns as in `state.tables.intents`."""

    def open(self, rows: pd.DataFrame) -> None: ...

    def all_open(self, mapping: str) -> pd.DataFrame: ...

    def links_with_open(self, link_ids: Sequence[int]) -> set[int]: ...

    def open_create_keys(self, mapping: TypeMapping, keys: Sequence[str]) -> set[str]:
        """Which of these match keys are being created right now by a mapping of the family (G20)."""
        ...

    def open_creates(self, mapping: str) -> pd.DataFrame:
        """When each create without an outcome began, by the target's clock, and its own key: began_at, key_value."""
        ...

    def postpone(self, link_ids: Sequence[int], until: datetime) -> None:
        """Not before `until` can it be told what became of them: they have been sent again, or are held."""
        ...

    def close(self, link_ids: Sequence[int]) -> None: ...


class Adoption(Protocol):
    """What a mapping said when a run last began, and what its changes concern (G30)."""

    def known(self, mapping: str) -> dict[str, Any] | None:
        """None: no run ever began. Who asks next waits for this transaction's end."""
        ...

    def kept(self, mapping: str) -> dict[str, Any] | None:
        """The same, for those who only look: nobody waits."""
        ...

    def keep(self, mapping: str, document: Mapping[str, Any]) -> None: ...

    def lock_links(self, mapping: str) -> None: ...

    def forget(self, mapping: str, affected: Affected) -> int:
        """Drop the bases of one field; returns of how many links."""
        ...

    def look_at_linked(
        self, mapping: str, direction: Direction, reason: str, affected: Affected | None = None
    ) -> int: ...

    def look_at_quarantined(self, mapping: str, direction: Direction, reason: str) -> int: ...

    def stop_waiting(self, mapping: str) -> None:
        """Nothing of the mapping waits for a parent any more; who still has to will wait anew."""
        ...

    def unsettle(self, mapping: str, internal_names: Sequence[str], *, rekeyed: bool) -> None:
        """Writes that are under way shall move no base of these fields; `rekeyed`: their match keys mean nothing."""
        ...

    def note(self, actor: str, entries: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Entries of Activity: verb, object, detail."""
        ...
