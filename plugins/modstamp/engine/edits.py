"""What counts as blank, and what counts as an edit that may travel (G11)."""

from __future__ import annotations

from modstamp.engine.frames import Mask, Objects, blank, differs, objects
from modstamp.mapping.field import FieldMapping
from modstamp.model import Direction, Side


def outgoing(side: Side) -> Direction:
    """The direction in which a side's values travel."""
    return Direction.POLLING if side is Side.EXTERNAL else Direction.PUSHING


def means_blank(field: FieldMapping, side: Side, values: Objects) -> Mask:
    """Rows that hold nothing, or the placeholder that stands for nothing on this side."""
    placeholder = field.placeholder(side)
    return blank(values) if placeholder is None else blank(values) | stands_for_blank(values, placeholder)


def stands_for_blank(values: Objects, placeholder: str) -> Mask:
    """Rows that hold just this text."""
    return ~differs(values, objects([placeholder] * len(values)))


def edited(field: FieldMapping, side: Side, values: Objects, bases: Objects) -> Mask:
    """Rows that differ from their base in a field that this side may send; a skipped blank is the same (G11)."""
    way = outgoing(side)
    if not field.updates(way):
        return blank(values) & False
    result = differs(values, bases)
    return result & ~means_blank(field, side, values) if field.skips_empty(way) else result
