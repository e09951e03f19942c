"""The plan of a batch: what is to be done about every record and every field, as data to be shown, counted and stored.

Nothing here writes. A polling run plans under lock and writes the plan in the same transaction (G17); a pushing run
stores it as intents before it sends (G18); the dry run only shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.engine import permit
from modstamp.engine.batch import Batch
from modstamp.engine.context import Context
from modstamp.engine.frames import (
    Mask,
    Objects,
    choose,
    column,
    expand,
    fingerprints,
    naming,
    objects,
    present,
)
from modstamp.engine.judge import FIELDWISE, Kind, is_kind, is_to_be_flagged, kinds
from modstamp.engine.merge import MANUAL, Cell, Cells, Merged, merge
from modstamp.engine.shorten import is_shortened
from modstamp.instants import epochs
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side, Value

GONE = "deleted at the source"


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
        return np.asarray(fieldwise | self.rows(Kind.CREATE))

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

    def told_rules(self, name: str) -> Objects:
        """Why each row of a field is written; "lost: " before it where that replaces an edit of the target (G14)."""
        rules = self.rules[name]
        return choose(self.conflicts[name], objects([f"lost: {rule}" for rule in rules]), rules)

    def counts(self) -> Counter[str]:
        """Records by what is to be done about them; besides, linked ones whose source is gone."""
        result: Counter[str] = Counter(str(kind) for kind in self.kinds)
        result["update"] = int((self.rows(*FIELDWISE) & self.having(Cell.WRITE)).sum())
        result["merged"] = int(self.merged.sum())
        if self.batch.direction is Direction.PUSHING:
            # The run that flags them deletes them as well.
            result[str(Kind.DELETE)] += int((self.rows(Kind.MERGE) & is_to_be_flagged(self.batch)).sum())
        gone = column(self.batch.source.records, Column.STATE) == Presence.DELETED
        result[GONE] = int((gone & self.batch.linked & ~self.rows(Kind.AGAIN)).sum())
        return result

    def differences(self) -> Iterator[dict[str, Any]]:
        """Every field that would be written, for people: one dict per cell. Row by row, as it is read by people."""
        for field in self.batch.mapping.fields:
            target = field.name(self.batch.direction.target)
            cells = self.cells.get(field.internal)
            if cells is None:
                continue
            old, new = column(self.batch.target, target), column(self.batch.source.converted, target)
            rules = self.told_rules(field.internal)
            for position in np.flatnonzero((cells == Cell.WRITE) & self.writes):
                yield {
                    "source_id": column(self.batch.source.records, Column.ID)[position],
                    "target_id": self.batch.target_ids[position],
                    "operation": str(self.kinds[position]),
                    "field": target,
                    "old": old[position],
                    "new": new[position],
                    "rule": rules[position],
                }


def plan(batch: Batch, context: Context) -> Plan:
    """Judge a batch: records first, then fields, then toggles and conditions, then the verdicts of validation."""
    judged, reasons = kinds(batch, same_read=context.same_read)
    fields = [field for field in batch.mapping.fields if _known(field, batch)]
    view = _view(batch, judged, context)
    merged = {field.internal: _as_decided(field, batch, _merge(field, batch, view, context)) for field in fields}
    fieldwise = is_kind(judged, *FIELDWISE)
    cells = {name: np.where(fieldwise, each.cells, Cell.SAME) for name, each in merged.items()}
    permit.fill_creates(batch, judged, cells)
    permit.withhold(batch, context, judged, reasons, cells)
    permit.wait_for_parents(batch, judged, reasons)
    permit.wait_for_hopes(batch, judged, reasons)
    permit.send_along(batch, judged, cells)
    permit.reject(batch, judged, reasons, cells)
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
    if (field.is_derived or field.is_partial) and not field.travels(batch.direction):
        return False  # who derives it alone knows what it was
    there = field.external in batch.external or not len(batch.around.target)
    return field.name(batch.direction.source) in batch.source.records and there


def _bases(batch: Batch, judged: Objects, side: Side) -> Objects:
    """A match and a create begin without bases, whatever a tombstone remembers."""
    fresh = is_kind(judged, Kind.LINK, Kind.CREATE)
    return choose(fresh, None, batch.bases(side))


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What all fields of a batch share, by side. `times`: of each row's last edit, by the internal clock.

    `bases`: by field of the side, then per row. `manual`: rows that a push links, and whose internal record was made
    by hand.
    """

    bases: Mapping[Side, Mapping[str, Objects]]
    manual: Mask
    times: Mapping[Side, npt.NDArray[np.float64]]


def _view(batch: Batch, judged: Objects, context: Context) -> _View:
    external, internal = (epochs(column(each, Column.MODIFIED_AT)) for each in (batch.external, batch.internal))
    down = batch.direction is Direction.PUSHING and batch.mapping.inbound.create.after_manual_create
    return _View(
        bases={side: expand(_bases(batch, judged, side), _names(batch.mapping, side)) for side in Side},
        # Before the first complete match, what is linked was there already, and not made by hand just now.
        manual=is_kind(judged, Kind.LINK) & (down and context.creates_allowed),
        times={Side.EXTERNAL: external - context.clock_offset, Side.INTERNAL: internal},
    )


def _names(mapping: TypeMapping, side: Side) -> list[str]:
    """Of all fields that have bases, derived ones among them."""
    return [field.name(side) for field in mapping.fields]


def _merge(field: FieldMapping, batch: Batch, view: _View, context: Context) -> Merged:
    direction = batch.direction
    source, target = field.name(direction.source), field.name(direction.target)
    converted, held = column(batch.source.converted, target), column(batch.target, target)
    if field.too_long == "shorten" and direction is Direction.POLLING:
        cut = np.fromiter(map(is_shortened, column(batch.source.records, source), held), bool, len(held))
        converted = choose(cut, held, converted)  # what was shortened on the way out never comes back
    times = {**view.times, Side.INTERNAL: _internal_times(field, batch, view.times[Side.INTERNAL])}
    cells = Cells(
        source=column(batch.source.records, source),
        target=held,
        converted=converted,
        source_base=view.bases[direction.source][source],
        target_base=view.bases[direction.target][target],
        waiting=batch.waiting(field),
        unconfirmed=naming(column(batch.link, "unconfirmed"), field.external),
        kept=_kept(field, batch),
        manual=view.manual | _is_manual(field, batch),
        source_time=times[direction.source],
        target_time=times[direction.target],
    )
    return merge(field, batch.mapping, direction, cells, context.tolerance)


def _internal_times(field: FieldMapping, batch: Batch, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """When this column was edited, from the change log; else when the row was (G14)."""
    edits = batch.around.edits
    if not edits:
        return rows
    found = [edits.get(record, {}).get(field.internal) or None for record in column(batch.internal, Column.ID)]
    return np.where([each is not None for each in found], epochs(found), rows)


def _kept(field: FieldMapping, batch: Batch) -> Objects:
    """Who won this very conflict before, as long as neither value has changed since (G14)."""
    decisions = column(batch.link, "decisions")
    if not naming(decisions, field.internal).any():
        return objects([None] * len(decisions))
    internal, external = column(batch.internal, field.internal), column(batch.external, field.external)
    return objects(
        [
            kept["winner"]
            if (kept := (made or {}).get(field.internal)) and (kept["internal"], kept["external"]) == (mine, theirs)
            else None
            for made, mine, theirs in zip(decisions, internal, external, strict=True)
        ]
    )


def _is_manual(field: FieldMapping, batch: Batch) -> Mask:
    """Rows of which a push left this field to a poll because their record was made by hand."""
    decisions = column(batch.link, "decisions")
    if not naming(decisions, field.internal).any():
        return np.zeros(len(decisions), dtype=bool)
    rules = [(made or {}).get(field.internal, {}).get("rule") for made in decisions]
    return np.asarray(present(_kept(field, batch)) & np.fromiter((rule == MANUAL for rule in rules), bool, len(rules)))


def _as_decided(field: FieldMapping, batch: Batch, merged: Merged) -> Merged:
    """Where an earlier decision was kept, the rule that made it."""
    if not merged.conflict.any():
        return merged
    kept = present(_kept(field, batch)) & merged.conflict
    rules = objects([(made or {}).get(field.internal, {}).get("rule") for made in column(batch.link, "decisions")])
    return replace(merged, rule=choose(kept & present(rules), rules, merged.rule))


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
