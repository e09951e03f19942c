"""Fields that a record cannot be made without, and that no field mapping writes."""

from __future__ import annotations

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, TypeDescription


def unmet(mapping: TypeMapping, direction: Direction, target: TypeDescription) -> tuple[str, ...]:
    """Their names on the target's side; with one of them, every create would be refused."""
    written = {row.name(direction.target) for row in mapping.fields if row.travels(direction)}
    if direction is Direction.POLLING:
        written |= mapping.defaults.keys()
    fields = target.fields.values()
    return tuple(each.name for each in fields if each.required and each.createable and each.name not in written)
