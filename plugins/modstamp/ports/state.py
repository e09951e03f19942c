"""The state and the internal records, reached through one transaction, so that they commit together (G17).

Frames passed here have object columns, None for missing, ids as text. JSON columns hold plain dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import pandas as pd

from modstamp import instants
from modstamp.mapping.changes import Affected
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side, TypeDescription

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write for one mapping and direction, until another run is granted a higher token (G22)."""

    mapping: str
    direction: Direction
    holder: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a mapping has been read. `upper` not None: a window is open, to be gone on with from `after` (G3).

    `done`: what the runs of that window have done so far: create, update, delete or emptied → records (G28).
    """

    cursor: datetime | None = None
    lower: datetime | None = None
    upper: datetime | None = None
    after: tuple[datetime, str] | None = None
    done: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is kept of one run. `reasons`: kind → reason → number of records."""

    id: str
    mapping: str
    direction: Direction
    status: str  # running, completed, paused, held, failed
    started_at: datetime
    ended_at: datetime | None = None
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    calls: int = 0
    document_calls: int = 0
    seconds: float = 0.0
    kind: str = "sync"  # or reconcile, undo

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        moments = {
            "started_at": instants.to_text(self.started_at),
            "ended_at": self.ended_at and instants.to_text(self.ended_at),
        }
        return asdict(self) | moments | {"direction": str(self.direction)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run that asks before it writes, and the answer (G28). One per mapping and direction.

    `counts`: what is asked for: create, update, delete or emptied → records. `counted_at`: when they were last counted.
    `decision`: approved or rejected; None while nobody has answered.
    """

    mapping: str
    direction: Direction
    run_id: str
    message: str
    counts: Mapping[str, int]
    asked_at: datetime
    counted_at: datetime
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        moments = {name: getattr(self, name) for name in ("asked_at", "counted_at", "decided_at")}
        texts = {name: moment and instants.to_text(moment) for name, moment in moments.items()}
        return asdict(self) | texts | {"direction": str(self.direction), "counts": dict(self.counts)}


class Records(Protocol):
    """The internal side, inside the transaction. Types and fields as the engagement database names them."""

    def describe(self, type_name: str) -> TypeDescription: ...

    def read(self, type_name: str, fields: Sequence[str], ids: Sequence[str], *, lock: bool = False) -> pd.DataFrame:
        """A frame of records, one row per id in the order asked; an id without a row is DELETED."""
        ...

    def match(
        self, type_name: str, fields: Sequence[str], keys: pd.DataFrame, *, criteria: Criteria | None = None
    ) -> pd.DataFrame:
        """Records equal to a row of `keys` in all of its columns (text without case), and that meet the criteria.

        A frame of records that holds `fields` and the key columns.
        """
        ...

    def lookup(self, type_name: str, column: str, values: Sequence[str]) -> dict[str, str]:
        """Exact value of `column` → id, for a reference `by` a column; values that several share are left out."""
        ...

    def names(self, type_name: str, column: str, ids: Sequence[str]) -> dict[str, str]:
        """The reverse of `lookup`: id → value of `column`."""
        ...

    def scan(
        self,
        type_name: str,
        fields: Sequence[str],
        after_id: str | None,
        limit: int,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        """The next `limit` records in the order of their ids; fewer when there are no more.

        Of these, the ones that meet the criteria, as far as SQL can tell.
        """
        ...

    def count(self, type_name: str) -> int: ...

    def changed(self, type_name: str, column: str, since: datetime | None) -> pd.DataFrame:
        """`_id` and the column, as text, of records changed since, or for which it shows nothing (G31)."""
        ...

    def insert(self, type_name: str, values: pd.DataFrame) -> list[str]:
        """Ids in the order of the rows. A row the database refuses raises `RejectedRecordError`."""
        ...

    def update(self, type_name: str, values: pd.DataFrame, changed: pd.DataFrame) -> None:
        """`values`: `_id` and fields; `changed`: booleans of the same shape but `_id`: those cells are written."""
        ...

    def delete(self, type_name: str, ids: Sequence[str]) -> None: ...


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


class Quarantine(Protocol):
    """Where records wait with a reason. One entry per mapping, direction and record: a newer one replaces it (G26)."""

    def put(self, mapping: str, direction: Direction, rows: pd.DataFrame) -> None:
        """record_id, kind, code, reason, detail (dict), stamp, hash, mapping_hash, run_id."""
        ...

    def release(self, mapping: str, direction: Direction, ids: Sequence[str]) -> int: ...

    def held_for(self, mapping: str, direction: Direction) -> dict[str, list[str]]:
        """Ambiguous records → the ids that they matched; none for one that had a twin in its batch."""
        ...

    def became(self, mapping: str) -> dict[str, str]:
        """Held internal records → ``Type:id`` of what their counterpart became (G12)."""
        ...

    def lacking(self, mapping: str, direction: Direction) -> dict[str, dict[str, str]]:
        """Rejected records → internal field → the value that named no record (G16)."""
        ...

    def release_linked_elsewhere(self, mapping: TypeMapping) -> int:
        """Let go of records that another mapping of the family has linked: they are not pushed here (G20)."""
        ...

    def of_cause(self, mapping: str, direction: Direction, code: str | None, after: str, limit: int) -> list[str]:
        """The next ids behind `after`, in order, of records that wait for this cause; None: for any."""
        ...

    def withheld(self, mapping: str, direction: Direction, after: str, limit: int) -> list[str]:
        """The next ids behind `after`, in order, of records that a condition withholds (G7)."""
        ...

    def unmatched(self, mapping: str, direction: Direction, after: str, limit: int) -> pd.DataFrame:
        """The same as `waiting`, of the next records behind `after` that are ambiguous or held."""
        ...

    def waiting(self, mapping: str, direction: Direction, ids: Sequence[str]) -> pd.DataFrame:
        """record_id, kind, code, reason, detail (dict), stamp, hash."""
        ...


class Journal(Protocol):
    """What is written down. No run reads it; undoing one does."""

    def log(self, rows: pd.DataFrame) -> None:
        """run_id, mapping, direction, status, code, message, internal_type, internal_id, external_type, external_id."""
        ...

    def history(self, rows: pd.DataFrame) -> None:
        """run_id, mapping, link_id, side, field, old, new, rule."""
        ...

    def writes_of(self, run_id: str, mapping: str, side: str, after: int, links: int) -> pd.DataFrame:
        """link_id, field, old, new of what a run wrote on one side, oldest first, of the next links behind `after`."""
        ...

    def count_writes(self, run_id: str) -> int:
        """How many fields a run has written."""
        ...

    def count_done(self, run_id: str, statuses: Sequence[str]) -> dict[str, int]:
        """Status → rows of the log, of those statuses that the run has any of."""
        ...

    def validation(self, run_id: str, mapping: str, direction: Direction, document: Mapping[str, Any]) -> None: ...


class Choices(Protocol):
    """Records of which a person has said that they match nothing that is there."""

    def put(self, mapping: str, direction: Direction, record_id: str, who: str) -> None: ...

    def among(self, mapping: str, direction: Direction, ids: Sequence[str]) -> set[str]:
        """Those of these records that are to be made anew."""
        ...

    def drop(self, mapping: str, direction: Direction, ids: Sequence[str]) -> None: ...


class Holds(Protocol):
    """Runs that wait for an answer (G28)."""

    def get(self, mapping: str, direction: Direction) -> Hold | None: ...

    def put(self, hold: Hold) -> None:
        """Insert or replace."""
        ...

    def drop(self, mapping: str, direction: Direction) -> None: ...


class Cursors(Protocol):
    def get(self, mapping: str) -> Cursor: ...

    def put(self, mapping: str, cursor: Cursor) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumn:
    """How a mapping hears of changes without triggers (G31). `seen`: record id → change time, within the lookback."""

    name: str
    read_until: datetime | None
    seen: Mapping[str, str]


class Watches(Protocol):
    """Which mappings hear of which table, and how."""

    def change_column(self, mapping: str) -> ChangeColumn | None:
        """None: triggers tell."""
        ...

    def keep(self, mapping: str, read: ChangeColumn) -> None: ...


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


class Leases(Protocol):
    def check(self, lease: Lease) -> None:
        """Raise `LeaseLostError` unless the token is the newest; lock the lease row and renew it (G22)."""
        ...

    def revoke(self, mapping: str, direction: Direction) -> None:
        """End the lease of whoever holds it: it may neither send nor commit any more."""
        ...


class Runs(Protocol):
    def put(self, run: RunRecord) -> None:
        """Insert or replace."""
        ...

    def get(self, run_id: str) -> RunRecord | None: ...

    def rows_per_second(self, mapping: str, direction: Direction) -> float | None:
        """Of the last runs that read enough to tell; None: there were none."""
        ...


class Transaction(Protocol):
    """One transaction of the internal database: all or nothing."""

    @property
    def records(self) -> Records: ...
    @property
    def links(self) -> Links: ...
    @property
    def pending(self) -> Pendings: ...
    @property
    def missing(self) -> Missing: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def quarantine(self) -> Quarantine: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def watches(self) -> Watches: ...
    @property
    def adoption(self) -> Adoption: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def choices(self) -> Choices: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """An inner transaction: an exception that leaves it undoes only what was done inside."""
        ...


class Store(Protocol):
    """The internal database."""

    def now(self) -> datetime:
        """Its clock, UTC."""
        ...

    def begin(self, *, writer: str | None = None, read_only: bool = False) -> AbstractContextManager[Transaction]:
        """`writer`: the mapping on whose behalf internal rows are written; its own pushing hears nothing of them (G5).

        `read_only`: the database itself refuses every write and lock, and nothing is committed (dry run).
        """
        ...

    def grant(self, mapping: str, direction: Direction, holder: str) -> Lease:
        """Take the lease if it is free, expired or the holder's own. Raises `LeaseHeldError`."""
        ...

    def give_back(self, lease: Lease) -> None: ...
