"""Records that are held for what they match: the match is free by now, or they match something else (G13, G26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modstamp.engine import look
from modstamp.engine.frames import Mask, column
from modstamp.engine.judge import Kind
from modstamp.engine.plan import Plan
from modstamp.frames import object_frame
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.ports import Transaction


def match_values(plan: Plan, rows: Mask) -> list[dict[str, Any]]:
    """Per row internal field → the value by which it was matched, if it is ambiguous.

    Of polls: for what a push matched the other system would have to be asked.
    """
    mapping, converted = plan.batch.mapping, plan.batch.source.converted
    polling = plan.batch.direction is Direction.POLLING
    cells = {name: column(converted, name) for name in mapping.match_fields if polling and name in converted}
    ambiguous = plan.rows(Kind.AMBIGUOUS)
    return [
        {name: values[position] for name, values in cells.items() if isinstance(values[position], str | int)}
        if ambiguous[position]
        else {}
        for position in map(int, np.flatnonzero(rows))
    ]


def free_by_now(tx: Transaction, mapping: TypeMapping, direction: Direction) -> list[str]:
    """Held records with at most one match, which nothing is linked to."""
    held: Mapping[str, Sequence[str]] = tx.quarantine.held_for(mapping.name, direction)
    if held and direction is Direction.POLLING:
        held = {**held, **matches_by_now(tx, mapping, tx.quarantine.matched_by(mapping.name))}
    return unlinked(tx, mapping, direction, {record: found for record, found in held.items() if len(found) <= 1})


def unlinked(
    tx: Transaction, mapping: TypeMapping, direction: Direction, matches: Mapping[str, Sequence[str]]
) -> list[str]:
    """Those of the records to none of whose matches anything is linked."""
    wanted = [each for found in matches.values() for each in found]
    if not wanted:
        return list(matches)
    if direction is Direction.POLLING:
        linked = set(column(tx.links.in_family(mapping, wanted), "internal_id"))
    else:
        linked = look.linked_by(tx, (mapping,), wanted)
    return [record for record, found in matches.items() if linked.isdisjoint(found)]


def matches_by_now(
    tx: Transaction, mapping: TypeMapping, known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Sequence[str]]:
    """External records with values of internal fields → the internal records that they match by these alone."""
    if not known:
        return {}
    values = object_frame({name: [each.get(name) for each in known.values()] for name in mapping.match_fields})
    found = look.inside_matches(tx, mapping, values, np.ones(len(known), dtype=bool))
    return dict(zip(known, found, strict=True))
