"""Hearing of internal changes without triggers, by a column that holds the time of the last change (G31).

Slower, and blind to deletes. A record is looked at once per value of that column, or again while its second lasts:
whoever sets it may commit late, so that rows come up behind the time that was read before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, left_over
from modstamp.instants import from_text
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Side
from modstamp.ports import ChangeColumn, Transaction

_PAGE = 10_000  # records of the first look at a time
_SECOND = timedelta(seconds=2)  # a second, and what clocks may differ by


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
    """Pushing entries for records that changed since the last look, where triggers do not tell.

    The first look goes through the whole table, page by page, each with its own transaction. A record without a time
    is looked at while it is new; that it was edited is found by comparing both sides, as at night.
    """
    mapping = environment.mapping
    now, lookback = environment.store.now(), environment.settings.lookback
    with environment.store.begin(read_only=True) as tx:
        read = tx.watches.change_column(mapping.name)
    if read is None:
        return
    if read.read_until is None:
        seen = _first_look(environment, read.name)
    else:
        seen = _changed_since(environment, read, read.read_until - lookback)
    recent = {
        record: stamp
        for record, stamp in seen.items()
        if from_text(stamp) >= now - lookback and not _may_recur(stamp, now)
    }
    with environment.store.begin() as tx:
        tx.watches.keep(mapping.name, ChangeColumn(name=read.name, read_until=now, seen=recent))


def _may_recur(stamp: str, now: datetime) -> bool:
    """Whether another edit may show the same time: a column of whole seconds tells two of one second alike (G1)."""
    return "." not in stamp and from_text(stamp) >= now - _SECOND


def _first_look(environment: Environment, name: str) -> dict[str, str]:
    """Returns the times of what was changed within the lookback: record id → change time."""
    mapping, after, seen = environment.mapping, None, dict[str, str]()
    begin = environment.store.now() - environment.settings.lookback
    while True:
        with environment.store.begin() as tx:
            page = tx.records.scan(mapping.internal, [name], after, _PAGE)
            ids = column(page, Column.ID).tolist()
            _leave(tx, mapping.name, name, ids)
        stamps = zip(ids, column(page, name), strict=True)
        seen |= {record: stamp for record, stamp in stamps if stamp is not None and from_text(stamp) >= begin}
        if len(page) < _PAGE:
            return seen
        after = ids[-1]


def _changed_since(environment: Environment, read: ChangeColumn, since: datetime) -> dict[str, str]:
    mapping = environment.mapping
    with environment.store.begin() as tx:
        found = tx.records.changed(mapping.internal, read.name, since)
        stamps = dict(zip(column(found, Column.ID), column(found, read.name), strict=True))
        timeless = [record for record, stamp in stamps.items() if stamp is None]
        seen = {record: stamp for record, stamp in stamps.items() if stamp is not None}
        fresh = [record for record, stamp in seen.items() if read.seen.get(record) != stamp]
        _leave(tx, mapping.name, read.name, [*fresh, *_new(tx, mapping, timeless)])
    return seen


def _new(tx: Transaction, mapping: TypeMapping, ids: list[str]) -> list[str]:
    """Those that nothing is known of: neither linked nor waiting."""
    known = {*column(tx.links.in_family(mapping, ids), "internal_id")}
    known |= {*column(tx.links.of(mapping.name, Side.INTERNAL, ids), "internal_id")}
    known |= {*column(tx.quarantine.waiting(mapping.name, Direction.PUSHING, ids), "record_id")}
    return [record for record in ids if record not in known]


def _leave(tx: Transaction, mapping: str, name: str, ids: list[str]) -> None:
    tx.pending.leave(mapping, Direction.PUSHING, left_over(ids, f"{name} shows a change"))
