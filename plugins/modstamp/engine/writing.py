"""Writing a plan's rows inside: all of them, or, where the database refuses some, the others (G17).

What is refused because another record has its value is tried again when the rest is written, as that may have freed it
(G26). Values that change places are taken off their records first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import pandas as pd

from modstamp.engine import settle
from modstamp.engine.frames import Mask, Objects, column, frame
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan
from modstamp.engine.taken import is_duplicate, named
from modstamp.errors import RejectedRecordError
from modstamp.frames import object_frame
from modstamp.model import Column
from modstamp.ports import Transaction

_Write = Callable[[list[int]], None]
_Work = list[tuple[list[int], _Write]]


class _StillTakenError(Exception):
    """Undoes a try. `positions`: what was refused again."""

    def __init__(self, positions: Collection[int]) -> None:
        self.positions = positions
        super().__init__()


def carry_out(tx: Transaction, planned: Plan, target_ids: Objects) -> Plan:
    """Update, create, delete. Returns the plan with what was refused; ids of new records are put into `target_ids`."""
    updates = _positions(planned.rows(*FIELDWISE) & planned.having(Cell.WRITE))
    work = [
        (updates, _updating(tx, planned)),
        (_positions(planned.rows(Kind.CREATE)), _creating(tx, planned, target_ids)),
        (_positions(planned.rows(Kind.DELETE)), _deleting(tx, planned)),
    ]
    refused = _tried(tx, work)
    while again := {position for position, reason in refused.items() if is_duplicate(reason)}:
        still = _tried(tx, [([each for each in positions if each in again], write) for positions, write in work])
        if still.keys() == again:
            done = _exchanged(tx, planned, {each: refused[each] for each in updates if each in again})
            refused = {position: reason for position, reason in refused.items() if position not in done}
            break
        refused = {position: reason for position, reason in refused.items() if position not in again} | still
    return settle.refuse(planned, refused)


def _exchanged(tx: Transaction, planned: Plan, refused: Mapping[int, str]) -> set[int]:
    """Those of the refused updates that pass when they give up their own values all at once."""
    while len(refused) > 1:
        try:
            with tx.savepoint():
                _exchange(tx, planned, refused)
        except _StillTakenError as still:
            refused = {position: reason for position, reason in refused.items() if position not in still.positions}
        except RejectedRecordError:
            break  # a value is required
        else:
            return set(refused)
    return set()


def _exchange(tx: Transaction, planned: Plan, refused: Mapping[int, str]) -> None:
    taken = [named(planned, position, reason) for position, reason in refused.items()]
    names = list(dict.fromkeys(name for values in taken for name in values))
    values = {Column.ID: planned.batch.target_ids[list(refused)], **{name: [None] * len(taken) for name in names}}
    changed = pd.DataFrame({name: [name in values for values in taken] for name in names})
    tx.records.update(planned.batch.mapping.internal, object_frame(values), changed)
    if still := _bisect(tx, list(refused), _updating(tx, planned)):
        raise _StillTakenError(still)


def _tried(tx: Transaction, work: _Work) -> dict[int, str]:
    refused: dict[int, str] = {}
    for positions, write in work:
        refused |= _bisect(tx, positions, write)
    return refused


def _updating(tx: Transaction, planned: Plan) -> _Write:
    def write(some: list[int]) -> None:
        values, changed = _written(planned, _mask(planned, some))
        values.insert(0, Column.ID, pd.Series(planned.batch.target_ids[some], dtype=object))
        tx.records.update(planned.batch.mapping.internal, values, changed)

    return write


def _creating(tx: Transaction, planned: Plan, target_ids: Objects) -> _Write:
    mapping = planned.batch.mapping

    def write(some: list[int]) -> None:
        values, changed = _written(planned, _mask(planned, some))
        # A column that no row writes keeps the table's own default; within one that some write, None is the value.
        wanted = [name for name in values.columns if changed[name].any()]
        new = values[wanted].assign(**{name: [value] * len(some) for name, value in mapping.defaults.items()})
        target_ids[some] = tx.records.insert(mapping.internal, new.astype(object))

    return write


def _deleting(tx: Transaction, planned: Plan) -> _Write:
    def write(some: list[int]) -> None:
        tx.records.delete(planned.batch.mapping.internal, planned.batch.target_ids[some].tolist())

    return write


def _written(planned: Plan, rows: Mask) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values and the mask of the cells to be written, for these rows, in internal field names."""
    values, changed = {}, {}
    for field in planned.batch.mapping.fields:
        if field.internal in planned.cells and field.internal in planned.batch.source.converted:
            values[field.internal] = column(planned.batch.source.converted, field.internal)[rows]
            changed[field.internal] = (planned.cells[field.internal] == Cell.WRITE)[rows]
    return frame(values), pd.DataFrame(changed)


def _positions(rows: Mask) -> list[int]:
    return [int(each) for each in np.flatnonzero(rows)]


def _mask(planned: Plan, positions: list[int]) -> Mask:
    rows = np.zeros(len(planned), dtype=bool)
    rows[positions] = True
    return rows


def _bisect(tx: Transaction, positions: list[int], write: _Write) -> dict[int, str]:
    """Write all, or find the rows that the database refuses by halving; the others are written."""
    if not positions:
        return {}
    try:
        with tx.savepoint():
            write(positions)
    except RejectedRecordError as refused:
        if len(positions) == 1:
            return {positions[0]: f"{refused.code}: {refused.reason}"}
        half = len(positions) // 2
        return _bisect(tx, positions[:half], write) | _bisect(tx, positions[half:], write)
    return {}
