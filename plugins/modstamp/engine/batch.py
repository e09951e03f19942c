"""What a plan is made from: the rows of one batch, with everything known of their other side, aligned by position."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.engine.frames import (
    Mask,
    Objects,
    choose,
    column,
    fingerprints,
    frame,
    naming,
    objects,
    positions_of,
    present,
    take,
)
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import LINK_COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows of the source after transforming and validating, aligned by position.

    `records`: a frame of records with raw values. `converted`: target field → value for the target. `waits`: internal
    field → ``type:id`` of a parent without a link, or None. `rejected`: why the row may not be written, or None.
    `counters`: of the pending entry that asked for the row, None for a row of the window.
    """

    records: pd.DataFrame
    converted: pd.DataFrame
    waits: Objects
    rejected: Objects
    counters: Objects

    def __len__(self) -> int:
        return len(self.records)

    def pick(self, positions: npt.NDArray[np.intp]) -> Source:
        """The rows at these positions."""
        return Source(
            records=take(self.records, positions),
            converted=take(self.converted, positions),
            waits=self.waits[positions],
            rejected=self.rejected[positions],
            counters=self.counters[positions],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the state and the target know of the rows of a `Source`; ids as the target names them.

    `links`: `LINK_COLUMNS`, tombstones included. `target`: a frame of records, one row per target id of interest.
    `candidates`: per row the target ids that match its key. `keys`: per row its match key, None when blank. `taken`:
    target ids that are linked already. `busy`: ids of links with an open intent. `creating`: match keys of creates
    whose outcome is open. `unanswered`: rows that one of these may have created. `edits`: internal id → column →
    instant of its last change (G14). `source_now`: when pushing, the source's rows as they are now, locked. `new`: ids
    of rows that match nothing, as a person says. `stand_ins`: per row the copy of it that has the counterpart, or None.
    """

    links: pd.DataFrame
    target: pd.DataFrame
    candidates: Sequence[tuple[str, ...]]
    keys: Objects
    taken: Collection[str]
    busy: Collection[int]
    creating: Collection[str | None]
    edits: Mapping[str, Mapping[str, str]]
    source_now: pd.DataFrame = field(default_factory=pd.DataFrame)
    unanswered: Mask | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    new: Collection[str] = ()
    stand_ins: Objects | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A `Source` with its other side at the same positions.

    `link`: the live or provisional link of each row, a row of None where there is none; `grave` its newest tombstone.
    `target`: the target record of each row's link, else of its grave if it is there and free, else of its single
    candidate, else of its grave.
    """

    mapping: TypeMapping
    direction: Direction
    source: Source
    around: Surroundings
    link: pd.DataFrame
    grave: pd.DataFrame
    target: pd.DataFrame
    target_ids: Objects

    @property
    def linked(self) -> Mask:
        return np.asarray([value is not None for value in column(self.link, "link_id")], dtype=bool)

    @property
    def new(self) -> Mask:
        """Rows without a link that a person wants to be made anew."""
        ids = column(self.source.records, Column.ID)
        return np.asarray(~self.linked & np.fromiter((each in self.around.new for each in ids), bool, len(ids)))

    @property
    def external(self) -> pd.DataFrame:
        return self.source.records if self.direction.source is Side.EXTERNAL else self.target

    @property
    def internal(self) -> pd.DataFrame:
        return self.source.records if self.direction.source is Side.INTERNAL else self.target

    def waiting(self, field: FieldMapping) -> Mask:
        """Rows whose value for this field names a record without a link (G16)."""
        return naming(self.source.waits, field.internal)

    def bases(self, side: Side) -> Objects:
        """The base of that side of each row's link, or of its grave: a dict or None."""
        name = f"{side}_base"
        return np.where(self.linked, column(self.link, name), column(self.grave, name))


def assemble(mapping: TypeMapping, direction: Direction, source: Source, around: Surroundings) -> Batch:
    """Align the surroundings with the rows of the source."""
    source_name, target_name = f"{direction.source}_id", f"{direction.target}_id"
    ids = column(source.records, Column.ID)
    dead = column(around.links, "state") == "tombstone" if len(around.links) else np.zeros(0, dtype=bool)
    link = _of(ids, around.links[~dead], source_name)
    grave = _of(ids, around.links[dead], source_name)
    single = objects([found[0] if len(found) == 1 else None for found in around.candidates])
    there = (column(around.target, Column.STATE) == Presence.FOUND) & ~present(column(around.target, Column.MOVED_TO))
    known = column(around.target, Column.ID)[there]
    buried = column(grave, target_name)
    free = np.fromiter((each not in around.taken for each in buried), bool, len(buried))
    restored = choose((positions_of(buried, known) >= 0) & free, buried, None)
    target_ids = _first(column(link, target_name), restored, single, buried)
    where = positions_of(target_ids, column(around.target, Column.ID))
    return Batch(
        mapping=mapping,
        direction=direction,
        source=source,
        around=around,
        link=link,
        grave=grave,
        target=take(around.target, where),
        target_ids=target_ids,
    )


def versions(records: pd.DataFrame, mapping: TypeMapping, side: Side) -> Objects:
    """A hash per record over what was read of it (G1): whether it is there, what it became, and its values."""
    return fingerprints(records, (Column.STATE, Column.MOVED_TO, *mapping.field_names(side)))


def _of(ids: Objects, links: pd.DataFrame, id_column: str) -> pd.DataFrame:
    """For each id its newest link, a row of None where there is none."""
    if links.empty:
        return frame({name: [None] * len(ids) for name in LINK_COLUMNS})
    return take(links, positions_of(ids, column(links, id_column)))


def _first(*choices: Objects) -> Objects:
    """Element by element, the first that is not None."""
    result = choices[-1]
    for choice in reversed(choices[:-1]):
        result = np.where([value is not None for value in choice], choice, result)
    return result
