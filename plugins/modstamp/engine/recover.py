"""Writes whose answer was lost: found out by looking at the target, before the mapping does anything else (G21).

Nothing is decided before an intent's `recover_after`: until then the server may still commit what was sent. Only a
create with an own key need not wait. Each group is settled before the next one is asked for, which may meet a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from modstamp.engine.answers import Answer, Ledger, hold_open, settle_answers
from modstamp.engine.creates import clusters, settle_creates
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column
from modstamp.engine.keyed import action_of, settle_keyed
from modstamp.model import Column, Direction, Operation, Outcome, Presence, Side, Status
from modstamp.ports import Transaction

Row = Mapping[Any, Any]
_LOOK_AGAIN, _SELDOM = timedelta(hours=1), timedelta(days=1)  # at what is held: ever less often


def recover(job: Job) -> None:
    """Settle every intent that is due; the others keep their records waiting. Raises `LimitReachedError`."""
    environment = job.environment
    with environment.store.begin(read_only=True) as tx:
        intents = tx.intents.all_open(environment.mapping.name)
    if intents.empty:
        return
    now, rows = environment.store.now(), intents.to_dict("records")
    keyed = [row for row in rows if row["key_value"] is not None]
    creates = [row for row in rows if _is_unkeyed_create(row)]
    others = [row for row in rows if row["operation"] != Operation.CREATE and row["recover_after"] <= now]
    size = environment.connector.abilities()
    for some in _cut(others, size.read_size):
        _settle(job, _changed(environment, some), now)
    for some in clusters(environment, [*creates, *_of_siblings(environment)] if creates else []):
        _settle(job, settle_creates(environment, some, now), now)
    for some in _cut(keyed, size.batch_size):
        _settle(job, settle_keyed(job, some), now)


def _is_unkeyed_create(row: Row) -> bool:
    return row["key_value"] is None and row["operation"] == Operation.CREATE


def _of_siblings(environment: Environment) -> list[Row]:
    """Creates of the other mappings of the type: what they may have made is not given to ours."""
    with environment.store.begin(read_only=True) as tx:
        opened = [row for each in environment.siblings for row in tx.intents.all_open(each.name).to_dict("records")]
    return [row for row in opened if _is_unkeyed_create(row)]


def _cut(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _settle(job: Job, outcomes: Sequence[tuple[Row, Outcome]], now: datetime) -> None:
    if not outcomes:
        return
    known = [answer_of(*each) for each in outcomes if each[1].status is not Status.UNKNOWN]
    untold = [each for each in outcomes if each[1].status is Status.UNKNOWN]
    with job.environment.store.begin() as tx:
        tx.leases.check(job.lease)
        settle_answers(Ledger(job=job, tx=tx), known)
        hold_open(Ledger(job=job, tx=tx), _not_told(job, tx, [answer_of(*each) for each in untold]))
        for row, _ in untold:
            wait = min(max((now - row["created_at"]) / 4, _LOOK_AGAIN), _SELDOM)
            tx.intents.postpone([row["link_id"]], now + wait)
    job.tally.add("recovered", len(known))


def _not_told(job: Job, tx: Transaction, answers: Sequence[Answer]) -> list[Answer]:
    """Those that do not wait with this very reason already."""
    ids = [each.internal_id for each in answers]
    waiting = tx.quarantine.waiting(job.environment.mapping.name, Direction.PUSHING, ids)
    told = dict(zip(column(waiting, "record_id"), column(waiting, "reason"), strict=True))
    return [each for each in answers if told.get(each.internal_id) != each.outcome.message]


def answer_of(row: Row, outcome: Outcome) -> Answer:
    """What became of an open intent."""
    return Answer(
        link_id=row["link_id"],
        internal_id=row["internal_id"],
        counter=row["counter"],
        action=action_of(row),
        internal_values=row["internal_values"],
        outcome=outcome,
        old=row["read"],
    )


def _changed(environment: Environment, rows: Sequence[Row]) -> list[tuple[Row, Outcome]]:
    """Updates and deletes: what the record holds now tells whether they landed."""
    mapping = environment.mapping
    ids = list(dict.fromkeys(row["external_id"] for row in rows))
    now = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), ids)
    by_id = {record[Column.ID]: record for record in now.to_dict("records")}
    internals = {field.external: field.internal for field in mapping.fields}
    return [_judge_change(row, by_id[row["external_id"]], internals) for row in rows]


def _judge_change(row: Row, record: Row, internals: Mapping[str, str]) -> tuple[Row, Outcome]:
    """A field that shows the value as read before the write did not land; any other value means that it did (G21).

    Fields one by one: another program may have written a field of ours while our write got lost.
    """
    record_id = row["external_id"]
    if row["operation"] == Operation.DELETE:
        gone = record[Column.STATE] == Presence.DELETED
        return row, Outcome(status=Status.OK if gone else Status.RETRY, id=record_id, shown=_looked_at(record))
    if record[Column.STATE] != Presence.FOUND:
        return row, Outcome(status=Status.MISSING, id=record_id)
    landed = [name for name, value in row["read"].items() if name in record and record[name] != value]
    if not landed:
        return row, Outcome(status=Status.RETRY, id=record_id)
    done = {
        "sent": {name: row["sent"][name] for name in landed},
        "internal_values": _moving(row, landed, internals),
        "counter": row["counter"] if len(landed) == len(row["read"]) else None,  # else there is work left
    }
    return {**row, **done}, Outcome(status=Status.OK, id=record_id, shown=_looked_at(record))


def _moving(row: Row, landed: Sequence[str], internals: Mapping[str, str]) -> dict[str, Any]:
    """What becomes of the internal bases. A field that has another counterpart by now is left as it is (G30)."""
    names = [internals[name] for name in landed if internals.get(name) in row["internal_values"]]
    return {name: row["internal_values"][name] for name in names}


def _looked_at(record: Row) -> dict[str, Any]:
    """No read-back: the sent values are the bases, unconfirmed. What was read before this look is stale (G17)."""
    return {Column.READ_AT: record[Column.READ_AT]}
