"""Writes whose answer was lost: found out by looking at the target, before the mapping does anything else (G21).

Nothing is decided before an intent's `recover_after`: until then the server may still commit what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modstamp.engine import look
from modstamp.engine.answers import Answer, Ledger, settle_answers
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, frame
from modstamp.model import Action, Column, Operation, Outcome, Presence, Side, Status

Row = Mapping[Any, Any]


def recover(job: Job) -> None:
    """Settle every intent that is due; the others keep their records waiting."""
    environment = job.environment
    with environment.store.begin(read_only=True) as tx:
        intents = tx.intents.all_open(environment.mapping.name)
    now = environment.store.now()
    due = [row for row in intents.to_dict("records") if row["recover_after"] <= now]
    if not due:
        return
    creates = [row for row in due if row["operation"] == Operation.CREATE]
    others = [row for row in due if row["operation"] != Operation.CREATE]
    outcomes = [
        *zip(others, _changed(environment, others), strict=True),
        *zip(creates, _created(environment, creates), strict=True),
    ]
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        settle_answers(
            Ledger(job=job, tx=tx),
            [_answer(row, outcome) for row, outcome in outcomes],
        )
    job.tally.add("recovered", len(due))


def _answer(row: Row, outcome: Outcome) -> Answer:
    action = Action(operation=Operation(row["operation"]), id=row["external_id"], values=row["sent"])
    return Answer(
        link_id=row["link_id"],
        internal_id=row["internal_id"],
        counter=row["counter"],
        action=action,
        internal_values=row["internal_values"],
        outcome=outcome,
        old=row["read"],
    )


def _changed(environment: Environment, rows: Sequence[Row]) -> list[Outcome]:
    """Updates and deletes: what the record holds now tells whether they landed."""
    if not rows:
        return []
    mapping = environment.mapping
    ids = list(dict.fromkeys(row["external_id"] for row in rows))
    now = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), ids)
    by_id = {record[Column.ID]: record for record in now.to_dict("records")}
    return [_judge_change(row, by_id[row["external_id"]]) for row in rows]


def _judge_change(row: Row, record: Row) -> Outcome:
    """The values as read before the write mean that it did not land; any other value means that it did (G21)."""
    if row["operation"] == Operation.DELETE:
        gone = record[Column.STATE] == Presence.DELETED
        return Outcome(status=Status.OK if gone else Status.RETRY, id=row["external_id"])
    if record[Column.STATE] != Presence.FOUND:
        return Outcome(status=Status.MISSING, id=row["external_id"])
    landed = any(record.get(name) != value for name, value in row["read"].items())
    # Without a read-back of its own the sent value is the base, unconfirmed: the next read judges what is shown (G19).
    return Outcome(status=Status.OK if landed else Status.RETRY, id=row["external_id"])


def _created(environment: Environment, rows: Sequence[Row]) -> list[Outcome]:
    """Creates: the match key finds the record if it is there."""
    mapping = environment.mapping
    names = look.match_fields(mapping, Side.EXTERNAL)
    with_key = [row for row in rows if row["match_key"] is not None]
    hits: dict[str, list[str]] = {}
    if with_key:
        keys = frame({name: [row["sent"].get(name) for row in with_key] for name in names})
        found = environment.connector.find(
            mapping.external_type, mapping.field_names(Side.EXTERNAL), keys.drop_duplicates()
        )
        for key, record in zip(look.match_keys(found, names), column(found, Column.ID), strict=True):
            hits.setdefault(key, []).append(record)
    sent = look.match_keys(frame({name: [row["sent"].get(name) for row in rows] for name in names}), names)
    return [_judge_create(row, hits.get(key, []) if key else []) for row, key in zip(rows, sent, strict=True)]


def _judge_create(row: Row, hits: Sequence[str]) -> Outcome:
    if row["match_key"] is None:
        message = "the answer to its creation was lost, and without a match key nobody can tell whether it exists"
        return Outcome(status=Status.EXISTS, code="UNKNOWN_OUTCOME", message=message)
    if len(hits) > 1:
        return Outcome(
            status=Status.EXISTS, code="SEVERAL_FOUND", message=f"several records could be it: {', '.join(hits)}"
        )
    return Outcome(status=Status.OK, id=hits[0]) if hits else Outcome(status=Status.RETRY)
