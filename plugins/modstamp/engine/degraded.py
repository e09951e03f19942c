"""Hearing of internal changes without triggers, by a column that holds the time of the last change (G31).

Slower, and blind to deletes. A record is looked at once per value of that column: whoever sets it may commit late, so
that rows come up behind the time that was read before.
"""

from __future__ import annotations

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame
from modstamp.instants import from_text
from modstamp.model import Column, Direction
from modstamp.ports import ChangeColumn


def message(environment: Environment) -> str:
    """What people are told of a push that hears by a column; empty where triggers tell."""
    with environment.store.begin(read_only=True) as tx:
        read = tx.watches.change_column(environment.mapping.name)
    if read is None:
        return ""
    return (
        f"degraded: no triggers on {environment.mapping.internal}, changes are read from {read.name}; "
        "deletes are not noticed"
    )


def look(environment: Environment) -> None:
    """Pushing entries for records that changed since the last look, where triggers do not tell."""
    mapping = environment.mapping
    now, lookback = environment.store.now(), environment.settings.lookback
    with environment.store.begin() as tx:
        read = tx.watches.change_column(mapping.name)
        if read is None:
            return
        since = read.read_until and read.read_until - lookback
        found = tx.records.changed(mapping.internal, read.name, since)
        stamps = dict(zip(column(found, Column.ID), column(found, read.name), strict=True))
        fresh = [record for record, stamp in stamps.items() if stamp is None or read.seen.get(record) != stamp]
        reasons = [f"{read.name} shows a change"] * len(fresh)
        entries = {"record_id": fresh, "reason": reasons, "waits_for": [None] * len(fresh)}
        tx.pending.leave(mapping.name, Direction.PUSHING, frame(entries))
        seen = {
            record: stamp
            for record, stamp in stamps.items()
            if stamp is not None and from_text(stamp) >= now - lookback
        }
        tx.watches.keep(mapping.name, ChangeColumn(name=read.name, read_until=now, seen=seen))
