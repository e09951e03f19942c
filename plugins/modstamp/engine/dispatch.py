"""What leaves the house: intents are stored, sent under the lease and within the deadline, and settled (G18).

Whoever writes outside hands over `Sending`s: a push, or the undoing of one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from modstamp.engine.answers import Answer, Ledger, settle_answers
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import frame
from modstamp.errors import LimitReachedError
from modstamp.model import Abilities, Action, Operation, Outcome, Side, Status, Values
from modstamp.ports import Transaction

NO_ENTRY = 0  # counters begin at 1, so that this one ends no entry
_ORDER = (Operation.UPDATE, Operation.CREATE, Operation.DELETE)  # G24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One intended write.

    `counter`: of the pending entry that its answer ends, or `NO_ENTRY`; `entry`: of the one that a refusal ends, which
    may go on after an answer. `internal_values`: internal field → value that
    becomes the internal base. `read`: external field → value before. `rules`: external field → why it is written.
    `match_key`: of a create (G20). `values_of_both`: see `Plan`.
    """

    link_id: int
    internal_id: str
    counter: int | None
    action: Action
    internal_values: Values
    read: Values
    rules: Mapping[str, str] = field(default_factory=dict)
    match_key: str | None = None
    values_of_both: str = ""
    entry: int | None = NO_ENTRY


def open_intents(job: Job, tx: Transaction, sendings: Sequence[Sending]) -> None:
    """The end of step 2: from this commit on, recovery finds out what became of them (G21)."""
    if not sendings:
        return
    environment = job.environment
    now, began = environment.store.now(), environment.connector.now()
    tx.intents.open(
        frame(
            {
                "mapping": [environment.mapping.name] * len(sendings),
                "link_id": [each.link_id for each in sendings],
                "internal_id": [each.internal_id for each in sendings],
                "external_id": [each.action.id for each in sendings],
                "operation": [str(each.action.operation) for each in sendings],
                "sent": [dict(each.action.values) for each in sendings],
                "read": [dict(each.read) for each in sendings],
                "internal_values": [dict(each.internal_values) for each in sendings],
                "match_key": [each.match_key for each in sendings],
                "key_field": [each.action.own_key and each.action.own_key.field for each in sendings],
                "key_value": [each.action.own_key and each.action.own_key.value for each in sendings],
                "counter": [each.counter for each in sendings],
                "run_id": [job.run_id] * len(sendings),
                "created_at": [now] * len(sendings),
                "began_at": [began] * len(sendings),
                "recover_after": [now + _wait(environment, each.action.operation) for each in sendings],
                "job_id": [None] * len(sendings),
            }
        )
    )


def _wait(environment: Environment, operation: Operation) -> timedelta:
    """Until then the server may commit what is sent now; what it creates may be visible late besides (G21)."""
    return environment.settings.answer_wait(creates=operation is Operation.CREATE)


def dispatch(job: Job, sendings: Sequence[Sending], started: float, *, tries_again: bool = False) -> list[str]:
    """Steps 3 and 4. `started`: when step 1 began to read, by the monotonic clock.

    Returns the internal ids of records that another write had locked; their entries stay. `tries_again`: see `Ledger`.
    Raises `LimitReachedError` and `LeaseLostError`; what was not sent has no intent any longer.
    """
    deadline = started + job.environment.settings.send_deadline.total_seconds()
    chunks = _chunks(sendings, job.environment.connector.abilities())
    locked: list[str] = []
    for number, chunk in enumerate(chunks):
        try:
            locked += _send_chunk(job, chunk, deadline, tries_again=tries_again)
        except LimitReachedError:
            _withdraw(job, [each for rest in chunks[number:] for each in rest])
            raise
    return locked


def _chunks(sendings: Sequence[Sending], abilities: Abilities) -> list[list[Sending]]:
    """One call's worth each, one operation each, in the order of G24; children of one parent beside each other."""
    ordered = sorted(sendings, key=lambda each: each.action.parents)
    sizes = {Operation.CREATE: abilities.most_creates}
    by_operation = {operation: [each for each in ordered if each.action.operation is operation] for operation in _ORDER}
    return [
        chosen[start : start + size]
        for operation, chosen in by_operation.items()
        for size in [sizes.get(operation, abilities.batch_size)]
        for start in range(0, len(chosen), size)
    ]


def _send_chunk(job: Job, chunk: Sequence[Sending], deadline: float, *, tries_again: bool) -> list[str]:
    """Steps 3 and 4 for one call's worth of actions."""
    environment = job.environment
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
    if time.monotonic() > deadline:  # looked at last: the check before it may have waited for a lock
        _withdraw(job, chunk)
        return []
    mapping = environment.mapping
    fields = mapping.field_names(Side.EXTERNAL)
    outcomes = environment.connector.push(mapping.external_type, [each.action for each in chunk], fields)
    answered_at = environment.connector.now()
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        answers = [_answer(each, outcome, answered_at) for each, outcome in zip(chunk, outcomes, strict=True)]
        settle_answers(Ledger(job=job, tx=tx, tries_again=tries_again), answers)
    return [each.internal_id for each in answers if each.outcome.status is Status.LOCKED]


def _answer(sending: Sending, outcome: Outcome, answered_at: datetime) -> Answer:
    return Answer(
        link_id=sending.link_id,
        internal_id=sending.internal_id,
        counter=sending.counter,
        entry=sending.entry,
        action=sending.action,
        internal_values=sending.internal_values,
        outcome=outcome,
        old=sending.read,
        rules=sending.rules,
        values_of_both=sending.values_of_both,
        answered_at=answered_at,
    )


def _withdraw(job: Job, chunk: Sequence[Sending]) -> None:
    """Nothing of these left the house (deadline, budget), so their intents can simply go (G18, G27)."""
    with job.environment.store.begin() as tx:
        tx.leases.check(job.lease)
        tx.links.discard([each.link_id for each in chunk if each.action.operation is Operation.CREATE])
        tx.intents.close([each.link_id for each in chunk])
