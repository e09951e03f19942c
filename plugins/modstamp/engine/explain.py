"""Why a record did or did not sync, and where a field's value came from: recorded facts, in plain sentences.

Nothing is asked outside and nothing is guessed: where the state does not know, it says what to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modstamp.engine.remedies import remedy
from modstamp.instants import to_milliseconds
from modstamp.mapping.conditions import describe
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation, Side

Row = Mapping[str, Any]
_ENDS = {
    "internal": "the internal record was deleted; restored, it is linked again",
    "external": "the external record was deleted; restored, it is linked again",
    "moved": "the external record became another one by a merge or conversion",
    "taken": "the external record became one that belongs to another internal record",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is recorded of one record under one mapping: rows as the tables hold them, the oldest first.

    `current`: internal field → value, None where there is no internal row. `foreign`: the other mapping of the family
    that has linked it. `cursor`: how far the mapping has been read.
    """

    mapping: TypeMapping
    record_id: str
    links: Sequence[Row] = ()
    log: Sequence[Row] = ()
    history: Sequence[Row] = ()
    pending: Sequence[Row] = ()
    quarantine: Sequence[Row] = ()
    intents: Sequence[Row] = ()
    current: Mapping[str, Any] | None = None
    foreign: str | None = None
    cursor: Row | None = None
    poll: Row | None = None
    fields: Sequence[FieldMapping] = field(default_factory=tuple)

    @property
    def known(self) -> bool:
        return bool(self.links or self.log or self.pending or self.quarantine or self.intents)


def tell(facts: Facts) -> list[str]:
    """One sentence per fact: the link, what waits, the log; then the fields asked for."""
    if not facts.known:
        return _unknown(facts)
    told = [_link(facts, link) for link in facts.links] or [_unlinked(facts)]
    told += [_intent(row) for row in facts.intents]
    told += [_quarantined(row) for row in facts.quarantine]
    told += [_pending(row) for row in facts.pending]
    told += [_logged(row) for row in facts.log]
    for each in facts.fields:
        told += _field(facts, each)
    return told


def _at(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else to_milliseconds(moment)


def _link(facts: Facts, link: Row) -> str:
    mapping = facts.mapping
    pair = f"{mapping.internal} {link['internal_id']} and {mapping.external_type} {link['external_id']}"
    if link["state"] == "tombstone":
        why = _ENDS.get(link["deleted_side"], "both records were deleted")
        return f"{pair} were linked until {_at(link['changed_at'])}: {why}."
    if link["state"] == "provisional":
        return f"{mapping.internal} {link['internal_id']} is being created outside; no answer is there yet."
    return f"{pair} are linked. The external record was last read or written at {_at(link['read_at'])}."


def _unlinked(facts: Facts) -> str:
    return f"{facts.record_id} has no link under {facts.mapping.name}."


def _intent(row: Row) -> str:
    return (
        f"A write of it ({row['operation']}) by run {row['run_id']} has no answer since {_at(row['created_at'])}; "
        f"a push finds out what became of it after {_at(row['recover_after'])}."
    )


def _quarantined(row: Row) -> str:
    return (
        f"It waits in quarantine of {row['direction']} since {_at(row['since'])} ({row['kind']}, last tried by run "
        f"{row['run_id']}): {row['reason']}. Fix: {remedy(row['kind'], row['code'])}."
    )


def _pending(row: Row) -> str:
    reason = row["reason"]
    if row["columns"]:
        edits = ", ".join(f"{name} ({moment})" for name, moment in sorted(row["columns"].items()))
        reason = f"{reason}; edited: {edits}" if reason else f"edited inside: {edits}"
    if row["deleted"]:
        reason = "the internal row was deleted"
    later = f" Not before {_at(row['not_before'])}." if row["not_before"] else ""
    parent = f" It waits for {row['waits_for']} to be linked." if row["waits_for"] else ""
    told = f"{row['direction'].capitalize()} still has to look at it since {_at(row['since'])}: {reason or 'new'}."
    return told + parent + later


def _logged(row: Row) -> str:
    because = f": {row['message']}" if row["message"] else ""
    return f"{_at(row['at'])} {row['status']} by run {row['run_id']} ({row['direction']}){because}"


def _field(facts: Facts, mapped: FieldMapping) -> list[str]:
    told = [*_values(facts, mapped), *_origin(facts, mapped)]
    for link in facts.links:
        made = link["decisions"].get(mapped.internal)
        if made:
            told.append(
                f"Both sides had edited {mapped.internal}: {made['winner']} won by the rule {made['rule']}, "
                f"{made['internal']!r} inside against {made['external']!r} outside. It is not carried out yet."
            )
    return told


def _values(facts: Facts, mapped: FieldMapping) -> list[str]:
    told = []
    if facts.current is not None and mapped.internal in facts.current:
        told.append(f"{mapped.internal} inside is {facts.current[mapped.internal]!r} now.")
    for link in facts.links:
        if link["state"] != "live":
            continue
        if mapped.internal not in link["internal_base"] or mapped.external not in link["external_base"]:
            told.append(f"{mapped.internal} and {mapped.external} were never in step.")
            continue
        inside, outside = link["internal_base"][mapped.internal], link["external_base"][mapped.external]
        told.append(
            f"When last settled, {mapped.internal} inside was {inside!r} and {mapped.external} outside {outside!r}."
        )
        if mapped.external in link["unconfirmed"]:
            told.append(f"{mapped.external} was sent, and has not been shown by the other side yet.")
    return told


def _origin(facts: Facts, mapped: FieldMapping) -> list[str]:
    """The history of both sides of the field; a create has none, and is known from the log."""
    names = {(str(side), mapped.name(side)) for side in Side}
    rows = [row for row in facts.history if (row["side"], row["field"]) in names]
    told = [_created(row, mapped) for row in facts.log if row["status"] == "created"]
    told += [_written(row) for row in rows]
    if not told:
        told.append(f"No run has written {mapped.internal} or {mapped.external}, as far as the log and history reach.")
    return told


def _created(row: Row, mapped: FieldMapping) -> str:
    """A create carries every field that travels in its direction."""
    direction = Direction(row["direction"])
    where = "inside" if direction is Direction.POLLING else "outside"
    carried = "with" if mapped.travels(direction) else "without"
    name = mapped.name(direction.target)
    return f"{_at(row['at'])} the record was created {where} by run {row['run_id']}, {carried} {name}."


def _written(row: Row) -> str:
    where = "inside" if row["side"] == Side.INTERNAL else "outside"
    lost, rule = row["rule"].startswith("lost: "), row["rule"].removeprefix("lost: ")
    text = f"{_at(row['at'])} {row['field']} {where} became {row['new']!r} by run {row['run_id']}, rule {rule}"
    if lost:
        return f"{text}: {row['old']!r}, an edit made {where}, lost against it."
    return f"{text}; before, it was {row['old']!r}."


def _unknown(facts: Facts) -> list[str]:
    """Nothing is recorded: what of the mapping's own state may be the reason, and what to run."""
    mapping = facts.mapping
    if facts.foreign is not None:
        return [f"{mapping.internal} {facts.record_id} is linked by {facts.foreign}, not by {mapping.name}."]
    told = [f"Nothing is recorded of {facts.record_id} under {mapping.name}: no link, no log, nothing that waits."]
    if facts.current is not None:
        told.append(f"There is an internal row {facts.record_id} of {mapping.internal}.")
        told += _switches(mapping, Direction.PUSHING)
        when = mapping.condition(Direction.PUSHING, Operation.CREATE)
        told += [f"Only records with {describe(when)} are created outside."] if when else []
    else:
        told.append(f"There is no internal row {facts.record_id} of {mapping.internal}.")
        told += _switches(mapping, Direction.POLLING)
        told.append(_read(facts))
        if mapping.polling.start_from:
            told.append(f"What was last changed before {mapping.polling.start_from} is outside of the first load.")
        if mapping.inbound.create.when is not None:
            told.append("Creating inside has a condition; records that fail it are in quarantine once they were read.")
    told.append(f"To find out what is outside and was never seen: python -m modstamp reconcile {mapping.name}")
    return told


def _switches(mapping: TypeMapping, direction: Direction) -> list[str]:
    """What is switched off, which alone may be the reason."""
    told = [] if mapping.is_on(direction) else [f"{direction.capitalize()} of {mapping.name} is off."]
    if not mapping.toggles(direction).create.on:
        told.append(f"Creating {direction.target} records is off: only records with a match are linked.")
    return told


def _read(facts: Facts) -> str:
    if facts.cursor is None or facts.cursor["cursor"] is None:
        return "The first load is not done."
    last = f"run {facts.poll['id']} ({facts.poll['status']})" if facts.poll else "no longer in the books"
    return f"What changed outside was read up to {_at(facts.cursor['cursor'])}; the last poll was {last}."
