"""What each record of a batch is, before its fields are looked at (guarantees.md, section 2)."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from modstamp.engine import edits
from modstamp.engine.batch import Batch
from modstamp.engine.frames import Mask, Objects, column, differs, expand, objects, present
from modstamp.instants import epochs
from modstamp.mapping.schema import CANCELED
from modstamp.model import Column, Direction, Presence, Side


class Kind(StrEnum):
    """What is to be done about one record."""

    MERGE = "merge"  # linked, both there: look at the fields
    LINK = "link"  # one free match: link, then look at the fields
    REVIVE = "revive"  # restored: its tombstone becomes a link again, then look at the fields (G13)
    CREATE = "create"
    RECREATE = "recreate"  # the target was deleted and the source edited: the link ends, and what is left is matched
    DELETE = "delete"
    MOVE = "move"  # the record became another one, and its link follows (G12)
    BURY = "bury"  # the link becomes a tombstone, nothing is written
    LEAVE = "leave"  # the other direction's work (G6)
    AGAIN = "again"  # not now: an open intent, a stale read; to be read anew (G17, G23)
    WAIT = "wait"  # a parent has no link yet (G16)
    REJECTED = "rejected"  # quarantine
    WITHHELD = "withheld"  # by a toggle or a condition
    AMBIGUOUS = "ambiguous"  # several matches, or one that is linked already
    HIDDEN = "hidden"  # not visible, which proves nothing (G12)
    HELD = "held"  # its counterpart became a record that it cannot be linked to; a person decides (G12)
    NOTHING = "nothing"


NOT_VISIBLE = "one of the two records is not visible to us, which proves nothing"
# Why a tombstone is one, besides the side that was deleted. MOVED: the external record became another one; TAKEN: and
# that one belongs to another internal record, so that this one is held.
MOVED, TAKEN = "moved", "taken"
_DIED = {Side.INTERNAL: (str(Side.INTERNAL),), Side.EXTERNAL: (str(Side.EXTERNAL), MOVED, TAKEN)}

FIELDWISE = (Kind.MERGE, Kind.LINK, Kind.REVIVE)


def is_kind(judged: Objects, *wanted: Kind) -> Mask:
    """Rows of these kinds."""
    return np.asarray(np.logical_or.reduce([judged == kind for kind in wanted]), dtype=bool)


def kinds(batch: Batch, *, same_read: bool = False) -> tuple[Objects, Objects]:
    """The kind of every row, and a reason where a person may ask for one, else "". Toggles are not looked at yet."""
    linked = batch.linked
    result = np.where(linked, _linked_kinds(batch), _unlinked_kinds(batch))
    reasons = objects([""] * len(result))
    _cancel(batch, result)
    _leave_to_stand_ins(batch, result, reasons)
    _follow_moves(batch, result, reasons)
    _hold_ambiguous(batch, result, reasons)
    again, why = _again(batch, same_read=same_read)
    result[again] = Kind.AGAIN
    reasons[again] = why[again]
    return result, reasons


def _states(batch: Batch) -> tuple[Objects, Objects]:
    return column(batch.source.records, Column.STATE), column(batch.target, Column.STATE)


def edited(batch: Batch, side: Side) -> Mask:
    """Rows with a field that this side may send and that differs from its base (G11); False where there is no base."""
    records = batch.external if side is Side.EXTERNAL else batch.internal
    known = [field for field in batch.mapping.fields if field.name(side) in records]
    bases = expand(batch.bases(side), [field.name(side) for field in known])
    result = np.zeros(len(records), dtype=bool)
    for field in known:
        result |= edits.edited(field, side, column(records, field.name(side)), bases[field.name(side)])
    return result & present(batch.bases(side))


def _linked_kinds(batch: Batch) -> Objects:
    source, target = _states(batch)
    result = objects([Kind.MERGE] * len(source))
    if np.all((source == Presence.FOUND) & (target == Presence.FOUND)):
        return result
    source_edited, target_edited = edited(batch, batch.direction.source), edited(batch, batch.direction.target)
    recreate = batch.mapping.after_delete == "recreate"
    source_gone, target_gone = source == Presence.DELETED, target == Presence.DELETED
    result[source_gone & target_edited] = Kind.LEAVE if recreate and other_on(batch) else Kind.BURY
    result[source_gone & ~target_edited] = Kind.DELETE
    result[target_gone & source_edited] = Kind.RECREATE if recreate else Kind.BURY
    result[target_gone & ~source_edited] = Kind.LEAVE if other_on(batch) else Kind.BURY
    result[source_gone & target_gone] = Kind.BURY
    result[(source == Presence.HIDDEN) | (target == Presence.HIDDEN)] = Kind.HIDDEN
    return result


def _cancel(batch: Batch, result: Objects) -> None:
    """What is canceled inside, as the mapping says: not written any more, or deleted outside."""
    policy = batch.mapping.on_cancel
    if policy == "flag" or batch.direction is Direction.POLLING:
        return
    canceled = is_canceled(batch)
    if policy == "leave":
        result[canceled & batch.linked & (result == Kind.MERGE)] = Kind.NOTHING
        return
    ready = ~is_to_be_flagged(batch)
    result[canceled & batch.linked & ready & (result == Kind.MERGE)] = Kind.DELETE
    result[canceled & (result == Kind.CREATE)] = Kind.NOTHING


def _leave_to_stand_ins(batch: Batch, result: Objects, reasons: Objects) -> None:
    """Of several copies one has the counterpart; the others wait for it to end."""
    if batch.around.stand_ins is None:
        return
    left = present(batch.around.stand_ins) & is_kind(result, Kind.CREATE, Kind.LINK)
    result[left] = Kind.WITHHELD
    kind = batch.mapping.internal
    reasons[left] = [f"another copy of it is the one that goes: {kind} {each}" for each in batch.around.stand_ins[left]]


def is_canceled(batch: Batch) -> Mask:
    return np.asarray(column(batch.internal, CANCELED) == objects([True] * len(batch.source)))


def is_to_be_flagged(batch: Batch) -> Mask:
    """Canceled rows that are deleted once the other side has been told that they are."""
    if batch.mapping.on_cancel != "flag_and_delete":
        return np.zeros(len(batch.source), dtype=bool)
    flags = [field.external for field in batch.mapping.fields if field.internal == CANCELED]
    told = [~differs(column(batch.target, name), column(batch.source.converted, name)) for name in flags]
    return np.asarray(is_canceled(batch) & ~np.logical_and.reduce(told))


def other_on(batch: Batch) -> bool:
    """Whether the other direction runs at all: work is left only for a run that will come."""
    return batch.mapping.is_on(batch.direction.other)


def _unlinked_kinds(batch: Batch) -> Objects:
    source, target = _states(batch)
    matches = np.fromiter((len(found) for found in batch.around.candidates), dtype=int, count=len(source))
    free = ~_is_in(batch.target_ids, batch.around.taken)
    dead_side = column(batch.grave, "deleted_side")
    buried = present(dead_side)
    target_died = np.isin(dead_side.astype(str), _DIED[batch.direction.target])
    result = objects([Kind.CREATE] * len(source))
    result[matches == 1] = Kind.LINK
    result[(matches > 1) | ((matches == 1) & ~free)] = Kind.AMBIGUOUS
    # The other half was deleted and not restored: only an edit, and only where the mapping says so, brings it back.
    # Where both halves were, this one is here again because somebody restored it, and is as good as new (G13).
    recreate = (
        edited(batch, batch.direction.source)
        if batch.mapping.after_delete == "recreate"
        else np.zeros(len(source), bool)
    )
    result[target_died & (matches == 0)] = np.where(recreate, Kind.CREATE, Kind.NOTHING)[target_died & (matches == 0)]
    own_half = buried & ~differs(batch.target_ids, column(batch.grave, f"{batch.direction.target}_id"))
    there = own_half & (target == Presence.FOUND) & ~present(column(batch.target, Column.MOVED_TO))
    result[there & free] = Kind.REVIVE
    # Once it had this counterpart, which has another one by now: no reason to make it a second time (G13).
    result[there & ~free & (result == Kind.CREATE)] = Kind.AMBIGUOUS
    if batch.direction is Direction.PUSHING:
        lost = (matches == 0) | (own_half & ~there)
        result[lost & (dead_side == MOVED)] = Kind.NOTHING
        result[lost & (dead_side == TAKEN)] = Kind.HELD
    result[batch.new] = Kind.CREATE  # as a person says, whatever matches it
    result[source != Presence.FOUND] = Kind.NOTHING
    result[(source == Presence.DELETED) & target_died] = Kind.BURY  # its tombstone says so: nothing lives any longer
    return result


def _follow_moves(batch: Batch, result: Objects, reasons: Objects) -> None:
    """A merge or conversion is looked at before deletion (G12): a poll moves the link, a push leaves that to it."""
    became = column(batch.external, Column.MOVED_TO)
    moved = present(became)
    if not moved.any():
        return
    linked = batch.linked
    if batch.direction is Direction.POLLING:
        result[moved] = np.where(linked, Kind.MOVE, Kind.NOTHING)[moved]
        return
    result[moved & linked] = Kind.LEAVE if other_on(batch) else Kind.HELD
    result[moved & ~linked & (result == Kind.LINK)] = Kind.HELD
    told = moved & is_kind(result, Kind.LEAVE, Kind.HELD)
    reasons[told] = [f"its counterpart became {each}" for each in became[told]]


def _is_in(values: Objects, members: object) -> Mask:
    known = set(members)  # type: ignore[call-overload]
    return np.fromiter((value in known for value in values), dtype=bool, count=len(values))


def _hold_ambiguous(batch: Batch, result: Objects, reasons: Objects) -> None:
    """Say why rows are held, and hold all but the first of several rows with one match key (G15)."""
    twin = _later_twins(result, batch.around.keys, Kind.LINK, Kind.CREATE)
    twin |= _later_twins(result, batch.target_ids, Kind.REVIVE, Kind.LINK)
    twin &= ~batch.new
    reasons[result == Kind.HIDDEN] = NOT_VISIBLE
    reasons[result == Kind.RECREATE] = "its counterpart was deleted; it is matched before it is made again"
    reasons[result == Kind.AMBIGUOUS] = "several records match, or the match is linked already"
    reasons[(result == Kind.HELD) & (reasons == "")] = (
        "its counterpart was merged into one that belongs to another record"
    )
    result[twin] = Kind.AMBIGUOUS
    reasons[twin] = "another record of the same batch has the same match key"


def _later_twins(result: Objects, keys: Objects, *wanted: Kind) -> Mask:
    """Rows of these kinds, all but the first with the same key; the first kind comes first (G24)."""
    twin = np.zeros(len(result), dtype=bool)
    seen: set[str] = set()
    for kind in wanted:
        for position in np.flatnonzero(result == kind):  # order decides, so rows are walked
            key = keys[position]
            twin[position] = key is not None and key in seen
            seen.add(key)
    return twin


def _again(batch: Batch, *, same_read: bool) -> tuple[Mask, Objects]:
    """Rows that this run must leave alone: an open intent (G20, G23) or a read that is older than the link (G17)."""
    linked = batch.linked
    busy = linked & (
        _is_in(column(batch.link, "link_id"), batch.around.busy) | (column(batch.link, "state") == "provisional")
    )
    busy |= ~linked & _is_in(batch.around.keys, batch.around.creating)
    if batch.around.unanswered is not None:
        busy |= ~linked & batch.around.unanswered
    last = np.where(linked, column(batch.link, "read_at"), column(batch.grave, "read_at"))
    read, known = epochs(column(batch.external, Column.READ_AT)), epochs(last)
    # A poll's row that was read in the same second may be the older one; a push reads its own row right before.
    unsure = batch.direction is Direction.POLLING and not same_read
    # What was read before its deletion is not restored.
    judged = linked | (column(batch.source.records, Column.STATE) == Presence.FOUND)
    stale = judged & ((read <= known) if unsure else (read < known)) & (read > -np.inf)
    reasons = np.where(busy, "a write of this record has no answer yet", "it was read before its last write")
    return np.asarray(busy | stale), reasons
