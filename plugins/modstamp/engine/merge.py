"""One field of linked records: who edited it, and what follows (guarantees.md, section 2).

Everything is seen from the direction of the run: *source* is where it reads, *target* where it may write.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from modstamp.engine.frames import ABSENT, Mask, Objects, blank, differs, objects
from modstamp.mapping.schema import FieldMapping, TypeMapping
from modstamp.model import Direction, Side


class Cell(IntEnum):
    """What is to be done about one field of one record."""

    SAME = 0  # nothing happened
    IN_STEP = 1  # both sides agree: their values become the bases
    WRITE = 2  # the target takes the source's value
    LEAVE = 3  # the source has to take the target's value: the other direction's work (G6)
    HOLD = 4  # first link, both differ: shown to a person; each side's own value becomes its base
    OWN = 5  # nothing may travel, or nothing does yet: each side's own value becomes its base
    WAIT = 6  # the value names a record that has no link yet (G16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The values of one field over the rows of a batch: object arrays of one length, instants as epoch seconds.

    `converted` is the source's value as the target would hold it. Bases are ABSENT where the field was never in step.
    `unconfirmed` marks cells whose external base was sent but never shown (G19). `kept` is the side that won this very
    conflict before: "internal", "external" or None (G14).
    """

    source: Objects
    target: Objects
    converted: Objects
    source_base: Objects
    target_base: Objects
    waiting: Mask
    unconfirmed: Mask
    kept: Objects
    source_time: npt.NDArray[np.float64]
    target_time: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`cells`: a `Cell` per row. `conflict`: rows where both sides had edited it. `rule`: what decided, per row."""

    cells: npt.NDArray[np.int8]
    conflict: Mask
    rule: Objects


def merge(field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, tolerance: float) -> Merged:
    """Judge one field of a whole batch. `tolerance`: seconds within which two clocks cannot be told apart."""
    size = len(cells.source)
    never = ~differs(cells.source_base, objects([ABSENT] * size)) | ~differs(
        cells.target_base, objects([ABSENT] * size)
    )
    in_step = ~differs(cells.converted, cells.target) & ~cells.waiting
    forward, backward = field.travels(direction), field.travels(direction.other)
    source_edited = differs(cells.source, cells.source_base) & forward  # G11: else it never counts as edited
    target_edited = differs(cells.target, cells.target_base) & backward

    result = np.full(size, Cell.SAME, dtype=np.int8)
    rule = objects(["edit"] * size)
    result[source_edited] = Cell.WRITE
    result[target_edited] = Cell.LEAVE
    conflict = source_edited & target_edited & ~never & ~in_step
    source_wins, decided_by = _conflicts(field, mapping, direction, cells, tolerance)
    result[conflict] = np.where(source_wins[conflict], Cell.WRITE, Cell.LEAVE)
    rule[conflict] = decided_by[conflict]
    result[(source_edited | target_edited) & in_step] = Cell.IN_STEP

    first, first_rule = _first_link(field, mapping, direction, cells, in_step=in_step)
    result[never] = first[never]
    rule[never] = first_rule[never]
    result[cells.waiting & (result == Cell.WRITE)] = Cell.WAIT
    return Merged(cells=result, conflict=conflict, rule=rule)


def _conflicts(
    field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, tolerance: float
) -> tuple[Mask, Objects]:
    """Does the source win, were every row a conflict; and by which rule."""
    size = len(cells.source)
    policy = field.conflict or mapping.conflict
    external_is_source = direction.source is Side.EXTERNAL
    if policy == "newest":
        external_time, internal_time = (
            (cells.source_time, cells.target_time) if external_is_source else (cells.target_time, cells.source_time)
        )
        external_wins = external_time >= internal_time - tolerance  # G14: equal, or closer than the clocks' error
    else:
        external_wins = np.ones(size, bool) if policy == "crm" else np.zeros(size, bool)
    rule = objects([policy] * size)
    was_kept = differs(cells.kept, objects([None] * size))
    external_wins = np.where(was_kept, ~differs(cells.kept, objects([Side.EXTERNAL] * size)), external_wins)
    external_wins = external_wins & ~cells.unconfirmed
    rule[cells.unconfirmed] = "unconfirmed"
    return (external_wins if external_is_source else ~external_wins), rule


def _first_link(
    field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, *, in_step: Mask
) -> tuple[npt.NDArray[np.int8], Objects]:
    """A field that was never in step: equal, blank on one side, or different."""
    size = len(cells.source)
    forward, backward = field.travels(direction), field.travels(direction.other)
    source_blank, target_blank = blank(cells.source), blank(cells.target)
    policy = mapping.first_link
    winner = {"crm": Side.EXTERNAL, "engagement": Side.INTERNAL}.get(policy)
    differ = Cell.HOLD
    if winner is not None:
        travels, cell = (forward, Cell.WRITE) if winner is direction.source else (backward, Cell.LEAVE)
        differ = cell if travels else Cell.OWN
    result = np.full(size, differ, dtype=np.int8)
    rule = objects([f"first_link: {policy}"] * size)
    result[target_blank] = Cell.WRITE if forward else Cell.OWN
    result[source_blank] = Cell.LEAVE if backward else Cell.OWN
    rule[target_blank | source_blank] = "fill_blank"
    result[in_step | (source_blank & target_blank)] = Cell.IN_STEP
    return result, rule
