"""Taking back what a push wrote outside: the four steps of every write there (G18), so that no crash loses an answer.

Each record is also left to the next push, which looks at it once more: a refusal of a former value that is in
quarantine by then is ended by it, and what waited there before is tried again.
"""

from __future__ import annotations

import time

import pandas as pd

from modstamp.engine import recover as lost
from modstamp.engine.dispatch import NO_ENTRY, Sending, dispatch, open_intents
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, left_over
from modstamp.engine.reversal import Cell, Reversal, decide, log_kept, scene
from modstamp.model import Action, Direction, Operation, Side
from modstamp.ports import Transaction


def recover(job: Job) -> None:
    """Lost answers come first, as in every push (G21)."""
    lost.recover(job)


def preview(environment: Environment, writes: pd.DataFrame) -> Reversal:
    """What `reverse` would do now."""
    records = _read(environment, writes)
    with environment.store.begin(read_only=True) as tx:
        return _decide(tx, environment, writes, records, lock=False)


def reverse(job: Job, writes: pd.DataFrame) -> Reversal:
    """Restore what may be restored of one batch. `writes`: link_id, field, old, new.

    Raises `LimitReachedError` and `LeaseLostError`; what was not sent is as it was.
    """
    environment, started = job.environment, time.monotonic()
    records = _read(environment, writes)
    with environment.store.begin() as tx:
        tx.leases.check(job.lease)
        found = _decide(tx, environment, writes, records, lock=True)
        sendings = _sendings(tx, found)
        _leave(tx, job, sendings)
        open_intents(job, tx, sendings)
        log_kept(job, tx, found.kept)
    dispatch(job, sendings, started)
    return found


def _read(environment: Environment, writes: pd.DataFrame) -> pd.DataFrame:
    """Step 1: the external values now."""
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        links = tx.links.by_id(list(dict.fromkeys(column(writes, "link_id"))))
    ids = [each for each in dict.fromkeys(column(links, "external_id")) if each is not None]
    return environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), ids)


def _decide(
    tx: Transaction, environment: Environment, writes: pd.DataFrame, records: pd.DataFrame, *, lock: bool
) -> Reversal:
    links = tx.links.by_id(list(dict.fromkeys(column(writes, "link_id"))), lock=lock)
    return decide(scene(tx, environment.mapping, Side.EXTERNAL, links, records), writes)


def _sendings(tx: Transaction, found: Reversal) -> list[Sending]:
    """The internal side keeps its own bases: they are what each answer puts there again."""
    by_link = found.by_link
    bases = {row["link_id"]: row["internal_base"] for row in tx.links.by_id(list(by_link)).to_dict("records")}
    return [_sending(cells, bases[link]) for link, cells in by_link.items()]


def _sending(cells: list[Cell], internal_base: dict[str, object]) -> Sending:
    values = {cell.name: cell.old for cell in cells}
    return Sending(
        link_id=cells[0].link_id,
        internal_id=cells[0].internal_id,
        counter=NO_ENTRY,
        action=Action(operation=Operation.UPDATE, id=cells[0].external_id, values=values),
        internal_values={cell.internal: internal_base[cell.internal] for cell in cells},  # type: ignore[misc]
        read={cell.name: cell.left for cell in cells},
        rules=dict.fromkeys(values, "undo"),
    )


def _leave(tx: Transaction, job: Job, sendings: list[Sending]) -> None:
    if sendings:
        entries = left_over([each.internal_id for each in sendings], f"run {job.run_id} takes another one back")
        tx.pending.leave(job.environment.mapping.name, Direction.PUSHING, entries)
