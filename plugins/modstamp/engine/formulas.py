"""Fields that change while their record does not: formulas are read again on a schedule (G7).

Only the ids and those fields are read, 2,000 records per call, and compared with what the link remembers; a record
that differs is put on the list of the next poll, which judges it as always.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame
from modstamp.mapping.traits import calculated
from modstamp.model import Column, Direction, Presence

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
        queued += _compare(environment, links, names)


def _compare(environment: Environment, links: pd.DataFrame, names: tuple[str, ...]) -> int:
    """A field without a base was never in step: the first-link rule holds it."""
    mapping = environment.mapping
    ids, bases = column(links, "external_id"), column(links, "external_base")
    found = environment.connector.get(mapping.external_type, names, ids.tolist())
    changed = np.zeros(len(found), dtype=bool)
    for name in (name for name in names if name in found):
        pairs = zip(column(found, name), bases, strict=True)
        changed |= np.fromiter(
            (name in (base or {}) and base[name] != value for value, base in pairs), bool, len(found)
        )
    changed &= np.asarray(column(found, Column.STATE) == Presence.FOUND)
    listed = ids[changed].tolist()
    if listed:
        entries = {"record_id": listed, "reason": [_REASON] * len(listed), "waits_for": [None] * len(listed)}
        with environment.store.begin() as tx:
            tx.pending.leave(mapping.name, Direction.POLLING, frame(entries))
    return len(listed)
