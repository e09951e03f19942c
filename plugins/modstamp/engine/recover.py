"""Writes whose answer was lost: found out by looking at the target, before the mapping does anything else (G21).

Nothing is decided before an intent's `recover_after`: until then the server may still commit what was sent. Only a
create with an own key need not wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from modstamp.engine import look
from modstamp.engine.answers import Answer, Ledger, settle_answers
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, frame
from modstamp.engine.keyed import action_of, settle_keyed
from modstamp.model import Column, Operation, Outcome, Presence, Side, Status

Row = Mapping[Any, Any]
_UNKNOWABLE = Outcome(
    status=Status.EXISTS,
    code="UNKNOWN_OUTCOME",
    message="the answer to its creation was lost, and nothing that was sent tells whether it exists",
)
_LONGEST = 255  # texts that are longer can seldom be searched for


def recover(job: Job) -> None:
    """Settle every intent that is due; the others keep their records waiting."""
    environment = job.environment
    with environment.store.begin(read_only=True) as tx:
        intents = tx.intents.all_open(environment.mapping.name)
    now, rows = environment.store.now(), intents.to_dict("records")
    keyed = [row for row in rows if row["key_value"] is not None]
    due = [row for row in rows if row["key_value"] is None and row["recover_after"] <= now]
    if not keyed and not due:
        return
    creates = [row for row in due if row["operation"] == Operation.CREATE]
    others = [row for row in due if row["operation"] != Operation.CREATE]
    outcomes = [*_changed(environment, others), *_created(environment, creates), *settle_keyed(job, keyed)]
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        settle_answers(Ledger(job=job, tx=tx), [_answer(row, outcome) for row, outcome in outcomes])
    job.tally.add("recovered", len(outcomes))


def _answer(row: Row, outcome: Outcome) -> Answer:
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
    if not rows:
        return []
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


def _created(environment: Environment, rows: Sequence[Row]) -> list[tuple[Row, Outcome]]:
    """Creates: their match keys find the records if they are there; without one, all texts that were sent."""
    texts = _texts(environment) if any(row["match_key"] is None for row in rows) else set()
    by_names: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_names.setdefault(_telling(environment, row, texts), []).append(row)
    outcomes: list[tuple[Row, Outcome]] = []
    for names, alike in by_names.items():
        outcomes += _judge_creates(environment, names, alike) if names else [(row, _UNKNOWABLE) for row in alike]
    return outcomes


def _judge_creates(environment: Environment, names: Sequence[str], rows: Sequence[Row]) -> list[tuple[Row, Outcome]]:
    """Records that cannot be told apart are told apart by count; more of them than we sent are for a person (G21)."""
    keys = frame({name: [_stripped(row["sent"].get(name)) for row in rows] for name in names})
    hits = _found(environment, names, keys)
    twins: dict[str, list[Row]] = {}
    for row, key in zip(rows, look.match_keys(keys, names), strict=True):
        twins.setdefault(key, []).append(row)
    outcomes: list[tuple[Row, Outcome]] = []
    for key, alike in twins.items():
        found = hits.get(key, [])
        if len(found) > len(alike):
            outcomes += [(row, _several(found)) for row in alike]
            continue
        landed = [Outcome(status=Status.OK, id=hit[Column.ID], shown=_looked_at(hit)) for hit in found]
        lost = [Outcome(status=Status.RETRY)] * (len(alike) - len(found))
        outcomes += zip(alike, [*landed, *lost], strict=True)
    return outcomes


def _stripped(value: Any) -> Any:
    """As a server keeps texts, so that it finds them."""
    return value.strip() if isinstance(value, str) else value


def _texts(environment: Environment) -> set[str]:
    """External fields that can be looked for."""
    described = environment.connector.describe(environment.mapping.external_type).fields
    return {name for name, field in described.items() if field.kind == "text" and (field.length or 0) <= _LONGEST}


def _telling(environment: Environment, row: Row, texts: set[str]) -> tuple[str, ...]:
    """The fields by which to look for a record whose creation had no answer."""
    if row["match_key"] is not None:
        return tuple(look.match_fields(environment.mapping, Side.EXTERNAL))
    return tuple(sorted(name for name, value in row["sent"].items() if name in texts and value not in (None, "")))


def _found(environment: Environment, names: Sequence[str], keys: pd.DataFrame) -> dict[str, list[Row]]:
    """Match key → the records that have it and are linked to nothing else."""
    mapping = environment.mapping
    fields = mapping.field_names(Side.EXTERNAL)
    found = environment.connector.find(mapping.external_type, fields, keys.drop_duplicates())
    with environment.store.begin(read_only=True) as tx:
        links = tx.links.of(mapping.name, Side.EXTERNAL, column(found, Column.ID).tolist())
    taken = {row["external_id"] for row in links.to_dict("records") if row["state"] == "live"}
    hits: dict[str, list[Row]] = {}
    for key, record in zip(look.match_keys(found, names), found.to_dict("records"), strict=True):
        if record[Column.ID] not in taken:
            hits.setdefault(key, []).append(record)
    return hits


def _several(found: Sequence[Row]) -> Outcome:
    ids = ", ".join(record[Column.ID] for record in found)
    return Outcome(status=Status.EXISTS, code="SEVERAL_FOUND", message=f"several records could be it: {ids}")
