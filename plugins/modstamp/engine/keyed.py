"""Creates with an own key whose answer was lost: looked up by the key, or sent again under the same one (G21).

Nothing has to be waited for. The target refuses a second record with the same key, so that whichever of two tries
arrives first creates the record and the other one changes nothing: a create is sent again as a create, not as an
upsert, which would write old values over newer ones when it arrives late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, frame
from modstamp.model import Action, Column, Direction, Operation, Outcome, OwnKey, Side, Status
from modstamp.ports import Transaction

Row = Mapping[Any, Any]
Found = Mapping[str, Row]


def action_of(row: Row) -> Action:
    """What the intent was stored for."""
    own_key = OwnKey(field=row["key_field"], value=row["key_value"]) if row["key_field"] else None
    return Action(operation=Operation(row["operation"]), id=row["external_id"], values=row["sent"], own_key=own_key)


def settle_keyed(job: Job, rows: Sequence[Row]) -> list[tuple[Row, Outcome]]:
    """The outcomes that are known now. An intent without one stays open."""
    found = _by_key(job.environment, rows)
    lost = [row for row in rows if row["key_value"] not in found]
    sent = _send_again(job, lost)
    # A refusal may be the target's word on the twin that arrived meanwhile.
    refused = [row for row, outcome in sent if outcome.status is not Status.OK]
    found = {**found, **_by_key(job.environment, refused)}
    tried = {row["link_id"]: outcome for row, outcome in sent}
    now = job.environment.store.now()
    outcomes = [
        (row, _outcome(row, found, tried.get(row["link_id"]), late=row["recover_after"] <= now)) for row in rows
    ]
    return [(row, outcome) for row, outcome in outcomes if outcome.status is not Status.UNKNOWN]


def _outcome(row: Row, found: Found, tried: Outcome | None, *, late: bool) -> Outcome:
    """`late`: nothing that was sent can arrive any more, and nothing was sent again."""
    hit = found.get(row["key_value"])
    if hit is not None:
        return Outcome(status=Status.OK, id=hit[Column.ID], shown={Column.READ_AT: hit[Column.READ_AT]})
    if tried is None:
        return Outcome(status=Status.RETRY if late else Status.UNKNOWN)
    # What did not arrive this time may have arrived the time before: only its key can tell.
    return Outcome(status=Status.UNKNOWN) if tried.status in (Status.RETRY, Status.LOCKED) else tried


def _by_key(environment: Environment, rows: Sequence[Row]) -> dict[str, Row]:
    """Own key → the record that has it, deleted or not: that it was deleted proves that it was created."""
    hits: dict[str, Row] = {}
    for field in dict.fromkeys(row["key_field"] for row in rows):
        keys = frame({field: [row["key_value"] for row in rows if row["key_field"] == field]})
        records = _found(environment, keys)
        hits |= dict(zip(column(records, field), records.to_dict("records"), strict=True))
    return hits


def _found(environment: Environment, keys: pd.DataFrame) -> pd.DataFrame:
    mapping = environment.mapping
    fields = mapping.field_names(Side.EXTERNAL)
    return environment.connector.find(mapping.external_type, fields, keys, including_deleted=True)


def _send_again(job: Job, rows: Sequence[Row]) -> list[tuple[Row, Outcome]]:
    """Only what would still be sent as it was. The rest waits until its first try cannot arrive any more."""
    connector, mapping = job.environment.connector, job.environment.mapping
    size = connector.abilities().batch_size
    outcomes: list[tuple[Row, Outcome]] = []
    for start in range(0, len(rows) if mapping.outbound.create.on else 0, size):
        chunk = _still_wanted(job, rows[start : start + size])
        actions = [action_of(row) for row in chunk]
        answers = connector.push(mapping.external_type, actions, mapping.field_names(Side.EXTERNAL)) if chunk else []
        outcomes += zip(chunk, answers, strict=True)
    return outcomes


def _still_wanted(job: Job, rows: Sequence[Row]) -> list[Row]:
    """Rows that have not changed since; this try too can arrive late, which is noted before it is made (G18)."""
    environment = job.environment
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        unchanged = _unchanged(tx, environment.mapping.name, [row["internal_id"] for row in rows])
        wanted = [row for row in rows if (row["internal_id"], row["counter"]) in unchanged]
        until = environment.store.now() + environment.settings.answer_wait(creates=True)
        tx.intents.postpone([row["link_id"] for row in wanted], until)
    return wanted


def _unchanged(tx: Transaction, mapping: str, ids: Iterable[str]) -> Collection[tuple[str, int]]:
    """(internal id, counter) of the pending entries as they are now; a deleted row's entry has a higher counter."""
    entries = tx.pending.lock(mapping, Direction.PUSHING, list(ids), lock=False)
    return set(zip(column(entries, "record_id"), column(entries, "counter"), strict=True))
