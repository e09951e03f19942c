"""What may be done of what was judged: toggles, conditions, parents, and the verdicts of validation.

Each function changes the judgement of a batch in place: kinds and reasons per row, cells per field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.engine.batch import Batch
from modstamp.engine.context import Context
from modstamp.engine.edits import edited
from modstamp.engine.frames import ABSENT, Mask, Objects, choose, column, differs, expand, objects, present
from modstamp.engine.judge import FIELDWISE, Kind, is_kind
from modstamp.engine.merge import Cell
from modstamp.engine.partial import HOPES, loads
from modstamp.instants import epochs
from modstamp.mapping.conditions import Condition, rows
from modstamp.mapping.conditions import fields as looked_at
from modstamp.mapping.evaluation import Circumstances, failing
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Operation, Presence

DELETES_LAST = "records are deleted last, after another look at them"
AT_BORDER = "it changed in the second in which the slice ended, and may have taken another record's place"
_UNKNOWN = "what it held when it was deleted is not known, so that the condition cannot be judged"
_OPERATIONS = {Kind.CREATE: Operation.CREATE, Kind.DELETE: Operation.DELETE}


def fill_creates(batch: Batch, judged: Objects, cells: dict[str, npt.NDArray[np.int8]]) -> None:
    """A new record takes every field that may travel; what may not keeps each side's own value as its base."""
    creates = is_kind(judged, Kind.CREATE)
    for field in batch.mapping.fields:
        if field.internal in cells:
            cells[field.internal][creates] = Cell.WRITE if field.travels(batch.direction) else Cell.OWN
            cells[field.internal][creates & batch.waiting(field)] = (
                Cell.WAIT if field.travels(batch.direction) else Cell.OWN
            )


def withhold(
    batch: Batch, context: Context, judged: Objects, reasons: Objects, cells: dict[str, npt.NDArray[np.int8]]
) -> None:
    """Toggles and conditions: creates, deletes and updates each have their own."""
    direction = batch.direction
    judged[is_kind(judged, Kind.CREATE) & _of_another_kind(batch, context)] = Kind.NOTHING
    gate = _Gate(
        batch=batch, now=context.now, bases=choose(is_kind(judged, Kind.LINK), None, batch.bases(direction.source))
    )
    for kind, operation in _OPERATIONS.items():
        for position, reason in gate.withheld(operation, judged == kind):
            # A record that is gone on one side ends its link, whatever may travel; what is there stays as it is.
            there = column(batch.source.records, Column.STATE)[position] == Presence.FOUND
            judged[position] = Kind.WITHHELD if kind is Kind.CREATE or there else Kind.BURY
            reasons[position] = reason or f"{_word(direction)} {operation} is off"
    if context.unmet:
        needed = is_kind(judged, Kind.CREATE)
        judged[needed] = Kind.WITHHELD
        reasons[needed] = (
            f"{_word(direction)} create is switched off: no field mapping writes {', '.join(context.unmet)}"
        )
    early = is_kind(judged, Kind.CREATE) & (not context.creates_allowed)
    judged[early] = Kind.AGAIN
    reasons[early] = "the first complete match of this type, with all its mappings, is not done"
    cut_off = is_kind(judged, Kind.CREATE) & _at_border(batch, context)
    judged[cut_off] = Kind.AGAIN
    reasons[cut_off] = AT_BORDER
    late = is_kind(judged, Kind.DELETE) & (not context.deletes_allowed)
    judged[late] = Kind.AGAIN
    reasons[late] = DELETES_LAST
    writing = np.logical_or.reduce([each == Cell.WRITE for each in cells.values()])
    writing &= is_kind(judged, *FIELDWISE)
    for position, reason in gate.withheld(Operation.UPDATE, writing):
        reasons[position] = reason or f"{_word(direction)} update is off"
        for each in cells.values():
            each[position] = Cell.SAME if each[position] in (Cell.WRITE, Cell.WAIT) else each[position]


def _of_another_kind(batch: Batch, context: Context) -> Mask:
    """Rows that another mapping of the family is there for, such as a mail received in the mapping of mails sent."""
    result = np.zeros(len(batch.source), dtype=bool)
    for name, values in context.kinds_of_others.items():
        result |= np.fromiter((each in values for each in column(batch.source.records, name)), bool, len(result))
    return result


def _at_border(batch: Batch, context: Context) -> Mask:
    """Rows of the second in which a slice ended: the rest of it may show whose place they took (G12)."""
    if not context.border:
        return np.zeros(len(batch.source), dtype=bool)
    border = epochs([context.border])[0] // 1
    return np.asarray(epochs(column(batch.source.records, Column.STAMP)) // 1 == border)


def _word(direction: Direction) -> str:
    return "inbound" if direction is Direction.POLLING else "outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """The toggles and conditions of one batch. `bases`: of the source, None for a row that is linked only now."""

    batch: Batch
    now: datetime
    bases: Objects

    def withheld(self, operation: Operation, wanted: Mask) -> Iterator[tuple[int, str]]:
        """Positions of the rows that may not, with the condition that says so ("" for the toggle)."""
        batch = self.batch
        if not wanted.any():
            return
        when = batch.mapping.condition(batch.direction, operation)
        if not batch.mapping.toggles(batch.direction).of(operation).on:
            yield from ((int(position), "") for position in np.flatnonzero(wanted))
        elif when is not None:
            view, unknown = _condition_view(batch, looked_at(when))
            circumstances = Circumstances(now=self.now, changed=self._changed(when))
            why = failing(when, view, circumstances).to_numpy(dtype=object)
            words = choose(unknown, objects([_UNKNOWN] * len(batch.source)), why)
            yield from ((int(position), words[position]) for position in np.flatnonzero(wanted & (words != "")))

    def _changed(self, when: Condition) -> dict[str, Mask]:
        """Field → rows of which the source shows another value than its base."""
        asked = {row.field for row in rows(when) if row.operator == "changed"}
        side, records = self.batch.direction.source, self.batch.source.records
        found = {field.name(side): field for field in self.batch.mapping.fields if field.name(side) in asked}
        bases = expand(self.bases, list(found))
        return {name: edited(field, side, column(records, name), bases[name]) for name, field in found.items()}


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


def wait_for_parents(batch: Batch, judged: Objects, reasons: Objects) -> None:
    """A create whose parent has no link waits as a whole; a parent of the own type follows in the second pass (G16)."""
    own = own_references(batch.mapping)
    for position in np.flatnonzero(judged == Kind.CREATE):
        foreign = {name: parent for name, parent in (batch.source.waits[position] or {}).items() if name not in own}
        if foreign:
            judged[position] = Kind.WAIT
            reasons[position] = "waits for " + ", ".join(sorted(set(foreign.values())))


def wait_for_hopes(batch: Batch, judged: Objects, reasons: Objects) -> None:
    """A create waits a while for those on its lists who are being created themselves, and then goes without (G20)."""
    for position in np.flatnonzero((judged == Kind.CREATE) & present(column(batch.source.records, HOPES))):
        judged[position] = Kind.WAIT
        reasons[position] = "waits for " + ", ".join(sorted(loads(column(batch.source.records, HOPES)[position])))


def send_along(batch: Batch, judged: Objects, cells: dict[str, npt.NDArray[np.int8]]) -> None:
    """Fields that the target empties when others are written are written with those (G25).

    So are empty ones where one of them changes: the target may have put there whom the other lets go.
    """
    along_with = [field for field in batch.mapping.fields if field.resend_with and field.internal in cells]
    changed = np.zeros(len(batch.source), dtype=bool)
    for field in along_with:
        changed |= cells[field.internal] == Cell.WRITE
    for field in along_with:
        written = np.logical_or.reduce([cells[name] == Cell.WRITE for name in field.resend_with if name in cells])
        held = present(column(batch.source.records, field.internal)) | changed
        along = written & held & is_kind(judged, *FIELDWISE) & np.isin(cells[field.internal], (Cell.SAME, Cell.IN_STEP))
        cells[field.internal] = np.where(along, Cell.WRITE, cells[field.internal]).astype(np.int8)


def own_references(mapping: TypeMapping) -> set[str]:
    """Internal names of fields that refer to the mapping's own type."""
    return {field.internal for field in mapping.fields if field.reference and field.reference.type == mapping.internal}


def reject(batch: Batch, judged: Objects, reasons: Objects, cells: dict[str, npt.NDArray[np.int8]]) -> None:
    """Validation speaks only where something would be written."""
    writing = np.logical_or.reduce([each == Cell.WRITE for each in cells.values()])
    may_write = is_kind(judged, *FIELDWISE, Kind.CREATE)
    rejected = present(batch.source.rejected) & writing & may_write
    judged[rejected] = Kind.REJECTED
    reasons[rejected] = batch.source.rejected[rejected]
    for each in cells.values():
        each[rejected] = Cell.SAME
