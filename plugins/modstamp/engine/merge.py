"""One field of linked records: who edited it, and what follows (guarantees.md, section 2).

Everything is seen from the direction of the run: *source* is where it reads, *target* where it may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from modstamp.engine.edits import edited, means_blank
from modstamp.engine.frames import ABSENT, Mask, Objects, differs, objects
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side

MANUAL = "after_manual_create"


class Cell(IntEnum):
    """What is to be done about one field of one record."""

    SAME = 0  # nothing happened
    IN_STEP = 1  # both sides agree: their values become the bases
    WRITE = 2  # the target takes the source's value
    LEAVE = 3  # the source has to take the target's value: the other direction's work (G6)
    HOLD = 4  # first link, both differ: shown to a person; each side's own value becomes its base
    OWN = 5  # nothing may travel, or nothing does yet: each side's own value becomes its base
    WAIT = 6  # the value names a record that has no link yet (G16)
    ASK = 7  # both sides changed it, and a person is to say which value stays; until then nothing moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The values of one field over the rows of a batch: object arrays of one length, instants as epoch seconds.

    `converted` is the source's value as the target would hold it. Bases are ABSENT where the field was never in step.
    `unconfirmed` marks cells whose external base was sent but never shown (G19). `kept` is the side that won this very
    conflict before: "internal", "external" or None (G14). `manual`: rows made by hand inside, which take what the other
    side has.
    """

    source: Objects
    target: Objects
    converted: Objects
    source_base: Objects
    target_base: Objects
    waiting: Mask
    unconfirmed: Mask
    kept: Objects
    manual: Mask
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
    source_edited = edited(field, direction.source, cells.source, cells.source_base)
    target_edited = edited(field, direction.target, cells.target, cells.target_base)

    result = np.full(size, Cell.SAME, dtype=np.int8)
    rule = objects(["edit"] * size)
    result[source_edited] = Cell.WRITE
    result[target_edited] = Cell.LEAVE
    conflict = source_edited & target_edited & ~never & ~in_step
    verdict = _conflicts(field, mapping, direction, cells, tolerance)
    result[conflict] = np.where(verdict.source_wins[conflict], Cell.WRITE, Cell.LEAVE)
    result[conflict & verdict.open] = Cell.ASK
    rule[conflict] = verdict.rule[conflict]
    result[(source_edited | target_edited) & in_step] = Cell.IN_STEP

    first, first_rule = _first_link(field, mapping, direction, cells, in_step=in_step)
    result[never] = first[never]
    rule[never] = first_rule[never]
    moved = np.isin(result, (Cell.WRITE, Cell.LEAVE))
    conflict |= (
        never & moved & ~differs(rule, objects([MANUAL] * size))
    )  # what was written by hand is lost, and told so
    result[cells.waiting & (result == Cell.WRITE)] = Cell.WAIT
    return Merged(cells=result, conflict=conflict, rule=rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """Were every row a conflict: does the source win, is that for a person to say, and by which rule."""

    source_wins: Mask
    open: Mask
    rule: Objects


def _conflicts(
    field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, tolerance: float
) -> _Verdict:
    size = len(cells.source)
    policy = field.conflict or mapping.conflict
    external_is_source = direction.source is Side.EXTERNAL
    external_wins = _external_wins(policy, _Sides.of(field, direction, cells), tolerance)
    rule = objects([policy] * size)
    was_kept = differs(cells.kept, objects([None] * size))
    external_wins = np.where(was_kept, ~differs(cells.kept, objects([Side.EXTERNAL] * size)), external_wins)
    external_wins = external_wins & ~cells.unconfirmed
    rule[cells.unconfirmed] = "unconfirmed"
    return _Verdict(
        source_wins=external_wins if external_is_source else ~external_wins,
        open=~was_kept & ~cells.unconfirmed & (policy == "ask"),
        rule=rule,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """The same cells by side."""

    values: Mapping[Side, Objects]
    blank: Mapping[Side, Mask]
    times: Mapping[Side, npt.NDArray[np.float64]]

    @classmethod
    def of(cls, field: FieldMapping, direction: Direction, cells: Cells) -> _Sides:
        values = {direction.source: cells.source, direction.target: cells.target}
        return cls(
            values=values,
            blank={side: means_blank(field, side, held) for side, held in values.items()},
            times={direction.source: cells.source_time, direction.target: cells.target_time},
        )


def _external_wins(policy: str, sides: _Sides, tolerance: float) -> Mask:
    if policy == "newest":
        # G14: equal, or closer than the clocks' error
        return sides.times[Side.EXTERNAL] >= sides.times[Side.INTERNAL] - tolerance
    if policy == "strictest":
        return _is_true(sides.values[Side.EXTERNAL])
    if policy == "crm_unless_blank":
        return ~sides.blank[Side.EXTERNAL]
    if policy == "engagement_unless_blank":
        return sides.blank[Side.INTERNAL]
    return np.full(len(sides.values[Side.EXTERNAL]), policy == "crm")


def _is_true(values: Objects) -> Mask:
    return ~differs(values, objects([True] * len(values)))


def _first_link(
    field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, *, in_step: Mask
) -> tuple[npt.NDArray[np.int8], Objects]:
    """A field that was never in step: equal, blank on one side, or different."""
    write = np.int8(Cell.WRITE if field.updates(direction) else Cell.OWN)
    leave = np.int8(Cell.LEAVE if field.updates(direction.other) else Cell.OWN)
    source_blank = means_blank(field, direction.source, cells.source)
    target_blank = means_blank(field, direction.target, cells.target)
    result, rule = _differing(field, mapping, direction, cells, (write, leave))
    if field.conflict != "strictest" and field.only_on is None and field.travels(Direction.POLLING):
        result[cells.manual] = write if direction is Direction.POLLING else leave
        rule[cells.manual] = MANUAL
    result[target_blank] = write
    result[source_blank] = leave
    rule[target_blank | source_blank] = "fill_blank"
    result[in_step | (source_blank & target_blank)] = Cell.IN_STEP
    return result, rule


def _differing(
    field: FieldMapping, mapping: TypeMapping, direction: Direction, cells: Cells, moves: tuple[np.int8, np.int8]
) -> tuple[npt.NDArray[np.int8], Objects]:
    """Were every row different at the first link. `moves`: what it means that the source wins, and that it loses."""
    size, policy = len(cells.source), mapping.first_link
    winner = {"crm": Side.EXTERNAL, "engagement": Side.INTERNAL}.get(policy)
    if field.conflict == "strictest":  # for a pair of yes and no, whichever way they came to differ
        wins = np.where(_is_true(cells.source), moves[0], moves[1]).astype(np.int8)
        return wins, objects(["strictest"] * size)
    rule = objects([f"first_link: {policy}"] * size)
    if field.only_on is not None:
        return np.full(size, Cell.OWN, dtype=np.int8), rule
    if field.is_derived or field.references:  # read-only: there is nothing to choose from
        return np.full(size, moves[0], dtype=np.int8), objects(["derived"] * size)
    if winner is None:
        return np.full(size, Cell.HOLD, dtype=np.int8), rule
    return np.full(size, moves[0] if winner is direction.source else moves[1], dtype=np.int8), rule
