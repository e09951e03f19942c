"""Taking up a changed mapping: what it means for records that are known is carried out once, in one transaction (G30).

Whoever comes first does it, polling or pushing, and ends the lease of the other direction: a run that still goes by the
old mapping commits nothing more, else it would set bases that the new one takes for its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, left_over
from modstamp.engine.sight import put_back, shown_to, taken_out, tell, tell_returned
from modstamp.errors import FatalError
from modstamp.mapping import drift, history
from modstamp.mapping.changes import Change, Difference, difference
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.terms import document
from modstamp.model import Column, Direction
from modstamp.ports import Cursor, Lease, Transaction

ACTOR = "mapping file"
_REASON = "the mapping changed"
_PAGE = 10_000  # internal records looked through at a time


def adopt(environment: Environment, lease: Lease) -> None:
    """Compare the mapping and the external type with what runs knew of them, and carry out what changed.

    Raises `LeaseLostError`.
    """
    mapping, shown = environment.mapping, shown_to(environment, lease.direction)
    with environment.store.begin() as tx:
        known = tx.adoption.known(mapping.name)
        tx.leases.check(lease)
        now, retention = environment.store.now(), environment.settings.removed_field_retention
        before, known = taken_out(known)
        found = difference(known, document(mapping, environment.tables), now, retention)
        after, drifted = (before, []) if shown is None else drift.noticed(mapping, before, shown)
        returned = drift.returned(mapping, before, after)
        if returned:
            # What happened to these fields while nobody saw them is found by looking at every record (G8).
            found = replace(found or Difference(document=known or {}), look_at_all=True)
        if found is not None:
            _carry_out(tx, environment, lease, replace(found, document=put_back(found.document, after)))
        elif after != before:
            tx.adoption.keep(mapping.name, put_back(known or {}, after))
        tell(tx, mapping, drifted, lease.holder)
        tell_returned(tx, mapping, returned, lease.holder)


def foretell(environment: Environment) -> str:
    """What a dry run says of a changed mapping: its plans go by what the records were judged by until now."""
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        _, known = taken_out(tx.adoption.kept(mapping.name))
    if known is None:
        return ""
    now, retention = environment.store.now(), environment.settings.removed_field_retention
    found = difference(known, document(mapping, environment.tables), now, retention)
    if found is None:
        return ""
    changes = ", ".join(f"{each.what} {each.verb}" for each in found.changes)
    again = {
        "all linked records": found.look_at_all,
        "linked records that the change concerns": bool(found.look_at),
        "records without a link": found.look_at_unlinked,
        "the external side from the beginning": found.read_again,
    }
    looks = ", ".join(what for what, due in again.items() if due)
    return f"the mapping changed: {changes}" + (f"; the next run looks again at {looks}" if looks else "")


def check_unchanged(environment: Environment, mapping_hash: str) -> None:
    """Steps of one run may be processes of their own. Raises `FatalError` when they read different mappings."""
    if mapping_hash != environment.mapping_hash:
        raise FatalError(
            f"the mapping {environment.mapping.name} changed while this run was under way; "
            "nothing was lost, the next run begins with what it says now"
        )


def _carry_out(tx: Transaction, environment: Environment, lease: Lease, found: Difference) -> None:
    mapping = environment.mapping
    tx.leases.revoke(mapping.name, lease.direction.other)
    tx.adoption.lock_links(mapping.name)
    tx.adoption.stop_waiting(mapping.name)
    looks = Direction.POLLING if mapping.polling.on else Direction.PUSHING
    looked_at = 0
    if found.look_at_all:
        looked_at = tx.adoption.look_at_linked(mapping.name, looks, _REASON)
    for affected in found.look_at:
        looked_at += tx.adoption.look_at_linked(mapping.name, looks, _REASON, affected)
    forgotten = sum(tx.adoption.forget(mapping.name, affected) for affected in found.forget)
    tx.adoption.unsettle(mapping.name, found.unsettle, rekeyed=found.rekeyed)
    for direction in Direction:
        if mapping.is_on(direction):
            tx.adoption.look_at_quarantined(mapping.name, direction, _REASON)
    if found.look_at_unlinked and mapping.pushing.on:
        _look_at_unlinked(tx, mapping, _no_history(environment))
    if found.read_again and mapping.polling.on:
        tx.cursors.put(mapping.name, Cursor())
    tx.adoption.keep(mapping.name, found.document)
    _note(tx, mapping, lease, found, {"links looked at": looked_at, "bases dropped": forgotten})


def _no_history(environment: Environment) -> Criteria | None:
    """Records that do not wait for a backfill; None: none does."""
    lane = environment.mapping.backfill
    return history.upcoming(lane.by, environment.store.now()) if lane else None


def _look_at_unlinked(tx: Transaction, mapping: TypeMapping, criteria: Criteria | None) -> None:
    """Pushing entries for internal records that no mapping of the family has linked."""
    after: str | None = None
    while len(page := tx.records.scan(mapping.internal, [], after, _PAGE, criteria)):
        ids = column(page, Column.ID).tolist()
        after = ids[-1]
        linked = set(column(tx.links.in_family(mapping, ids), "internal_id"))
        free = [each for each in ids if each not in linked]
        tx.pending.leave(mapping.name, Direction.PUSHING, left_over(free, _REASON))


def _note(tx: Transaction, mapping: TypeMapping, lease: Lease, found: Difference, totals: dict[str, int]) -> None:
    entries = [(change.verb, f"{mapping.name}: {change.what}", _detail(change, lease)) for change in found.changes]
    tx.adoption.note(ACTOR, [(verb, what, {**detail, **totals}) for verb, what, detail in entries])


def _detail(change: Change, lease: Lease) -> dict[str, Any]:
    return {"old": change.old, "new": change.new, "run": lease.holder}
