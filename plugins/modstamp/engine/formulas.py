"""Fields that change while their record does not: formulas are read again on a schedule (G7).

Only the ids and those fields are read, 2,000 records per call, and compared with what the link remembers; a record
that differs is put on the list of the next poll, which judges it as always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from modstamp.engine.derive import computed
from modstamp.engine.edits import edited
from modstamp.engine.environment import Environment
from modstamp.engine.frames import ABSENT, column, differs, expand, left_over, objects
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.traits import calculated
from modstamp.model import Column, Direction, Presence, Side

_REASON = "a calculated field shows another value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """`fields` that were read of linked `records`; `queued`: those that differ. `skipped`: why nothing was read."""

    fields: tuple[str, ...]
    records: int = 0
    queued: int = 0
    skipped: str = ""


def reread(environment: Environment) -> Reread | None:
    """None: no calculated field comes in. Raises `LimitReachedError` (what was found before is queued)."""
    mapping, connector = environment.mapping, environment.connector
    names = tuple(field.name for field in calculated(mapping, connector.describe(mapping.external_type)))
    fields = _made_of(mapping, names)
    if not names or not mapping.polling.on:
        return None
    size, most = connector.abilities().read_size, environment.settings.formula_calls
    with environment.store.begin(read_only=True) as tx:
        linked = tx.links.count(mapping.name)
    if linked > size * most:
        words = (
            f"{linked:,} linked records take {-(-linked // size):,} calls, and MODSTAMP_FORMULA_CALLS allows {most:,}"
        )
        return Reread(fields=names, skipped=words)
    after = records = queued = 0
    while True:
        with environment.store.begin(read_only=True) as tx:
            links = tx.links.living(mapping.name, after, size)
        if not len(links):
            return Reread(fields=names, records=records, queued=queued)
        after, records = int(column(links, "link_id")[-1]), records + len(links)
        queued += _compare(environment, links, fields)


def _made_of(mapping: TypeMapping, names: tuple[str, ...]) -> list[FieldMapping]:
    """The field mappings that such a field is, or goes into."""
    coming = (field for field in mapping.fields if field.updates(Direction.POLLING) and field.lookup is None)
    return [field for field in coming if not set(names).isdisjoint(field.read_names(Side.EXTERNAL))]


def _compare(environment: Environment, links: pd.DataFrame, fields: Sequence[FieldMapping]) -> int:
    """A field without a base was never in step: the first-link rule holds it."""
    mapping = environment.mapping
    ids, bases = column(links, "external_id"), column(links, "external_base")
    names = list(dict.fromkeys(name for field in fields for name in field.read_names(Side.EXTERNAL)))
    found = environment.connector.get(mapping.external_type, names, ids.tolist())
    changed = np.zeros(len(found), dtype=bool)
    for field in (field for field in fields if set(field.read_names(Side.EXTERNAL)) <= set(found.columns)):
        shown = computed(environment, field, found)[0] if field.is_derived else column(found, field.external)
        base = expand(bases, [field.external])[field.external]
        changed |= edited(field, Side.EXTERNAL, shown, base) & differs(base, objects([ABSENT] * len(base)))
    changed &= np.asarray(column(found, Column.STATE) == Presence.FOUND)
    listed = ids[changed].tolist()
    if listed:
        with environment.store.begin() as tx:
            tx.pending.leave(mapping.name, Direction.POLLING, left_over(listed, _REASON))
    return len(listed)
