"""The plan of a batch: what is to be done about every record and every field, as data to be shown, counted and stored.

Nothing here writes. A polling run plans under lock and writes the plan in the same transaction (G17); a pushing run
stores it as intents before it sends (G18); the dry run only shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.engine.batch import Batch
from modstamp.engine.frames import (
    ABSENT,
    Mask,
    Objects,
    choose,
    column,
    differs,
    expand,
    fingerprints,
    objects,
    present,
)
from modstamp.engine.judge import FIELDWISE, Kind, is_kind, kinds
from modstamp.engine.merge import Cell, Cells, Merged, merge
from modstamp.instants import epochs
from modstamp.mapping.conditions import fields as looked_at
from modstamp.mapping.evaluation import failing
from modstamp.mapping.schema import FieldMapping, TypeMapping
from modstamp.model import Column, Direction, Operation, Presence, Side, Value

DELETES_LAST = "records are deleted last, after another look at them"
_UNKNOWN = "what it held when it was deleted is not known, so that the condition cannot be judged"
_OPERATIONS = {Kind.CREATE: Operation.CREATE, Kind.RECREATE: Operation.CREATE, Kind.DELETE: Operation.DELETE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a plan depends on besides its batch.

    `clock_offset`: seconds that the external clock is ahead of the internal one; `tolerance`: how exact that is.
    `creates_allowed`: False until the type's first complete match (G20). `deletes_allowed`: False in a poll until all
    other rows have landed and the deleted ones were read again (G24). `same_read`: the batch is the second look at
    rows that were just landed, so that a link as old as the read is no reason to hold back.
    """

    clock_offset: float = 0.0
    tolerance: float = 2.0
    creates_allowed: bool = True
    deletes_allowed: bool = True
    same_read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One entry per row of the batch, at the same position.

    `kinds`, `reasons`: what is to be done and why it is not. `cells`: field (internal name) → a `Cell` per row.
    `rules`: field → which rule decided, per row. `conflicts`: field → rows where both sides had edited it. `shown`: the
    target's records after writing, where they were read back: databases rewrite values too (G9).
    """

    batch: Batch
    kinds: Objects
    reasons: Objects
    cells: Mapping[str, npt.NDArray[np.int8]]
    rules: Mapping[str, Objects]
    conflicts: Mapping[str, Mask]
    shown: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.kinds)

    def rows(self, *wanted: Kind) -> Mask:
        """Rows of these kinds."""
        return is_kind(self.kinds, *wanted)

    def having(self, *wanted: Cell) -> Mask:
        """Rows of which some field has one of these cells."""
        result = np.zeros(len(self), dtype=bool)
        for cells in self.cells.values():
            result |= np.isin(cells, wanted)
        return result

    def bases(self, side: Side) -> Objects:
        """The bases that this plan goes by; None for a record that is linked only now."""
        return _bases(self.batch, self.kinds, side)

    @property
    def withheld_updates(self) -> Mask:
        """Linked rows whose fields a toggle or condition holds back."""
        return np.asarray(self.rows(*FIELDWISE) & (self.reasons != ""))

    @property
    def writes(self) -> Mask:
        """Rows whose target record is updated or created."""
        fieldwise = self.rows(*FIELDWISE) & self.having(Cell.WRITE)
        return np.asarray(fieldwise | self.rows(Kind.CREATE, Kind.RECREATE))

    @property
    def merged(self) -> Mask:
        """Rows where both sides had something new."""
        both = self.having(Cell.WRITE, Cell.IN_STEP) & self.having(Cell.LEAVE)
        for conflict in self.conflicts.values():
            both |= conflict
        return np.asarray(self.rows(Kind.MERGE) & both)

    @property
    def values_of_both(self) -> Objects:
        """A hash of what both sides hold: work that was refused is not offered again for the same values (G6)."""
        mapping = self.batch.mapping
        internal = fingerprints(self.batch.internal, mapping.field_names(Side.INTERNAL))
        both: Objects = internal + fingerprints(self.batch.external, mapping.field_names(Side.EXTERNAL))
        return both

    def counts(self) -> Counter[str]:
        """Records by what is to be done about them."""
        result: Counter[str] = Counter(str(kind) for kind in self.kinds)
        result["update"] = int((self.rows(*FIELDWISE) & self.having(Cell.WRITE)).sum())
        result["merged"] = int(self.merged.sum())
        return result

    def differences(self) -> Iterator[dict[str, Any]]:
        """Every field that would be written, for people: one dict per cell. Row by row, as it is read by people."""
        for field in self.batch.mapping.fields:
            target = field.name(self.batch.direction.target)
            cells = self.cells.get(field.internal)
            if cells is None:
                continue
            old, new = column(self.batch.target, target), column(self.batch.source.converted, target)
            for position in np.flatnonzero((cells == Cell.WRITE) & self.writes):
                yield {
                    "source_id": column(self.batch.source.records, Column.ID)[position],
                    "target_id": self.batch.target_ids[position],
                    "operation": str(self.kinds[position]),
                    "field": target,
                    "old": old[position],
                    "new": new[position],
                    "rule": self.rules[field.internal][position],
                }


def plan(batch: Batch, context: Context) -> Plan:
    """Judge a batch: records first, then fields, then toggles and conditions, then the verdicts of validation."""
    judged, reasons = kinds(batch, same_read=context.same_read)
    fields = [field for field in batch.mapping.fields if _known(field, batch)]
    view = _view(batch, judged, context)
    merged = {field.internal: _as_decided(field, batch, _merge(field, batch, view, context)) for field in fields}
    fieldwise = is_kind(judged, *FIELDWISE)
    cells = {name: np.where(fieldwise, each.cells, Cell.SAME) for name, each in merged.items()}
    _fill_creates(batch, judged, cells)
    _withhold(batch, context, judged, reasons, cells)
    _wait_for_parents(batch, judged, reasons)
    _reject(batch, judged, reasons, cells)
    fieldwise = is_kind(judged, *FIELDWISE)
    return Plan(
        batch=batch,
        kinds=judged,
        reasons=reasons,
        cells=cells,
        rules={name: each.rule for name, each in merged.items()},
        conflicts={name: each.conflict & fieldwise for name, each in merged.items()},
    )


def _known(field: FieldMapping, batch: Batch) -> bool:
    """A field that one side no longer shows is unknown: nothing is written from it and its bases stay (G8)."""
    there = field.external in batch.external or not len(batch.around.target)
    return field.name(batch.direction.source) in batch.source.records and there


def _bases(batch: Batch, judged: Objects, side: Side) -> Objects:
    """A match, a create and a re-creation begin without bases, whatever a tombstone remembers."""
    fresh = is_kind(judged, Kind.LINK, Kind.CREATE, Kind.RECREATE)
    return choose(fresh, None, batch.bases(side))


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What all fields of a batch share, by side. `times`: of each row's last edit, by the internal clock."""

    bases: Mapping[Side, Objects]
    times: Mapping[Side, npt.NDArray[np.float64]]


def _view(batch: Batch, judged: Objects, context: Context) -> _View:
    external, internal = (epochs(column(each, Column.MODIFIED_AT)) for each in (batch.external, batch.internal))
    return _View(
        bases={side: _bases(batch, judged, side) for side in Side},
        times={Side.EXTERNAL: external - context.clock_offset, Side.INTERNAL: internal},
    )


def _merge(field: FieldMapping, batch: Batch, view: _View, context: Context) -> Merged:
    direction = batch.direction
    source, target = field.name(direction.source), field.name(direction.target)
    times = {**view.times, Side.INTERNAL: _internal_times(field, batch, view.times[Side.INTERNAL])}
    cells = Cells(
        source=column(batch.source.records, source),
        target=column(batch.target, target),
        converted=column(batch.source.converted, target),
        source_base=expand(view.bases[direction.source], [source])[source],
        target_base=expand(view.bases[direction.target], [target])[target],
        waiting=_waiting(field, batch),
        unconfirmed=np.fromiter(
            (field.external in (sent or {}) for sent in column(batch.link, "unconfirmed")), bool, len(batch.source)
        ),
        kept=_kept(field, batch),
        source_time=times[direction.source],
        target_time=times[direction.target],
    )
    return merge(field, batch.mapping, direction, cells, context.tolerance)


def _waiting(field: FieldMapping, batch: Batch) -> Mask:
    return np.fromiter((field.internal in (waits or {}) for waits in batch.source.waits), bool, len(batch.source))


def _internal_times(field: FieldMapping, batch: Batch, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """When this column was edited, from the change log; else when the row was (G14)."""
    edits = batch.around.edits
    found = [edits.get(record, {}).get(field.internal) or None for record in column(batch.internal, Column.ID)]
    return np.where([each is not None for each in found], epochs(found), rows)


def _kept(field: FieldMapping, batch: Batch) -> Objects:
    """Who won this very conflict before, as long as neither value has changed since (G14)."""
    decisions = column(batch.link, "decisions")
    internal, external = column(batch.internal, field.internal), column(batch.external, field.external)
    return objects(
        [
            kept["winner"]
            if (kept := (made or {}).get(field.internal)) and (kept["internal"], kept["external"]) == (mine, theirs)
            else None
            for made, mine, theirs in zip(decisions, internal, external, strict=True)
        ]
    )


def _as_decided(field: FieldMapping, batch: Batch, merged: Merged) -> Merged:
    """Where an earlier decision was kept, the rule that made it."""
    if not merged.conflict.any():
        return merged
    kept = present(_kept(field, batch)) & merged.conflict
    rules = objects([(made or {}).get(field.internal, {}).get("rule") for made in column(batch.link, "decisions")])
    return replace(merged, rule=choose(kept & present(rules), rules, merged.rule))


def _fill_creates(batch: Batch, judged: Objects, cells: dict[str, npt.NDArray[np.int8]]) -> None:
    """A new record takes every field that may travel; what may not keeps each side's own value as its base."""
    creates = is_kind(judged, Kind.CREATE, Kind.RECREATE)
    for field in batch.mapping.fields:
        if field.internal in cells:
            cells[field.internal][creates] = Cell.WRITE if field.travels(batch.direction) else Cell.OWN
            cells[field.internal][creates & _waiting(field, batch)] = (
                Cell.WAIT if field.travels(batch.direction) else Cell.OWN
            )


def _withhold(
    batch: Batch, context: Context, judged: Objects, reasons: Objects, cells: dict[str, npt.NDArray[np.int8]]
) -> None:
    """Toggles and conditions: creates, deletes and updates each have their own."""
    toggles, direction = batch.mapping.toggles(batch.direction), batch.direction
    for kind, operation in _OPERATIONS.items():
        for position, reason in _withheld(toggles.of(operation).on, toggles.of(operation).when, batch, judged == kind):
            # A record that is gone on one side ends its link, whatever may travel; a first create is withheld.
            judged[position] = Kind.WITHHELD if kind is Kind.CREATE else Kind.BURY
            reasons[position] = reason or f"{_word(direction)} {operation} is off"
    early = is_kind(judged, Kind.CREATE, Kind.RECREATE) & (not context.creates_allowed)
    judged[early] = Kind.AGAIN
    reasons[early] = "the first complete match of this type is not done"
    late = is_kind(judged, Kind.DELETE) & (not context.deletes_allowed)
    judged[late] = Kind.AGAIN
    reasons[late] = DELETES_LAST
    writing = np.logical_or.reduce([each == Cell.WRITE for each in cells.values()])
    writing &= is_kind(judged, *FIELDWISE)
    for position, reason in _withheld(toggles.update.on, toggles.update.when, batch, writing):
        reasons[position] = reason or f"{_word(direction)} update is off"
        for each in cells.values():
            each[position] = Cell.SAME if each[position] in (Cell.WRITE, Cell.WAIT) else each[position]


def _word(direction: Direction) -> str:
    return "inbound" if direction is Direction.POLLING else "outbound"


def _withheld(toggle_on: bool, when: Any, batch: Batch, rows: Mask) -> Iterator[tuple[int, str]]:  # noqa: FBT001
    """Positions of the rows that may not, with the condition that says so ("" for the toggle)."""
    if not rows.any():
        return
    if not toggle_on:
        yield from ((int(position), "") for position in np.flatnonzero(rows))
    elif when is not None:
        view, unknown = _condition_view(batch, looked_at(when))
        words = choose(unknown, objects([_UNKNOWN] * len(batch.source)), failing(when, view).to_numpy(dtype=object))
        yield from ((int(position), words[position]) for position in np.flatnonzero(rows & (words != "")))


def _condition_view(batch: Batch, names: Sequence[str]) -> tuple[pd.DataFrame, Mask]:
    """What conditions look at, and the rows of which that is not known.

    A deleted record that shows nothing is judged by the bases of its link: empty, it might pass a condition that
    protects it.
    """
    records, side = batch.source.records, batch.direction.source
    bare = np.asarray(column(records, Column.STATE) == Presence.DELETED)
    for name in batch.mapping.field_names(side):
        bare &= ~present(column(records, name))
    if not bare.any():
        return records, bare
    bases = expand(batch.bases(side), names)
    known = {name: choose(bare, bases[name], column(records, name)) for name in names if name in records}
    absent = objects([ABSENT] * len(records))
    unknown = np.zeros(len(records), dtype=bool)
    for values in known.values():
        unknown |= ~differs(values, absent)
    return records.assign(**{name: pd.Series(values, dtype=object) for name, values in known.items()}), unknown


def _wait_for_parents(batch: Batch, judged: Objects, reasons: Objects) -> None:
    """A create whose parent has no link waits as a whole; a parent of the own type follows in the second pass (G16)."""
    own = own_references(batch.mapping)
    for position in np.flatnonzero((judged == Kind.CREATE) | (judged == Kind.RECREATE)):
        foreign = {name: parent for name, parent in (batch.source.waits[position] or {}).items() if name not in own}
        if foreign:
            judged[position] = Kind.WAIT
            reasons[position] = "waits for " + ", ".join(sorted(set(foreign.values())))


def own_references(mapping: TypeMapping) -> set[str]:
    """Internal names of fields that refer to the mapping's own type."""
    return {field.internal for field in mapping.fields if field.reference and field.reference.type == mapping.internal}


def _reject(batch: Batch, judged: Objects, reasons: Objects, cells: dict[str, npt.NDArray[np.int8]]) -> None:
    """Validation speaks only where something would be written."""
    writing = np.logical_or.reduce([each == Cell.WRITE for each in cells.values()])
    may_write = is_kind(judged, *FIELDWISE, Kind.CREATE, Kind.RECREATE)
    rejected = present(batch.source.rejected) & writing & may_write
    judged[rejected] = Kind.REJECTED
    reasons[rejected] = batch.source.rejected[rejected]
    for each in cells.values():
        each[rejected] = Cell.SAME


def new_bases(plan: Plan, side: Side, settled: tuple[Cell, ...]) -> list[dict[str, Value]]:
    """Per row the base of one side after the cells `settled` were done; all others keep theirs (G10).

    Where a value was written the target's base is what the target shows for it, else what it was given (G9).
    """
    batch = plan.batch
    shown = batch.source.converted if plan.shown is None else plan.shown
    fields = [field for field in batch.mapping.fields if field.internal in plan.cells]
    names = [field.name(side) for field in fields]
    old = [dict(base or {}) for base in plan.bases(side)]
    for field, name in zip(fields, names, strict=True):
        cells = plan.cells[field.internal]
        own = column(batch.external if side is Side.EXTERNAL else batch.internal, name)
        written = column(shown, name) if side is batch.direction.target else own
        value = np.where(cells == Cell.WRITE, written, own)
        for position in np.flatnonzero(np.isin(cells, settled)):
            old[position][name] = value[position]
    return old
