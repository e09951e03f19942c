"""What must be linked before anything people did can be told: without a user, say, each meeting waits (OMS-003)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modstamp.mapping.catalog import linking
from modstamp.mapping.schema import TypeMapping
from modstamp.ports import Transaction


def lacking(tx: Transaction, mapping: TypeMapping, every: Sequence[TypeMapping]) -> Mapping[str, tuple[str, ...]]:
    """Types of people nobody of whom is linked yet → the mappings that link them. Nothing for what is switched off.

    `every`: the mappings of the connection, this one or not.
    """
    if not (mapping.pushing.on and mapping.outbound.create.on):
        return {}
    makers = linking(mapping, every)
    return {
        kind: tuple(each.name for each in found)
        for kind, found in makers.items()
        if not any(tx.links.count(each.name) for each in found)
    }


def told(mapping: TypeMapping, kind: str) -> str:
    """For people."""
    return f"no {kind} is linked on connection '{mapping.connection}' yet, so that each {mapping.internal} waits"


def remedy(names: Sequence[str]) -> str:
    """What to do about it."""
    return f"run first: python -m modstamp sync {' '.join(names)}"
