"""What a plan leaves to be read by people: the log, the history of values, and the run's counts.

Everything here happens inside the caller's transaction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from modstamp.engine.frames import Mask, Objects, choose, column, frame, objects, present
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan
from modstamp.engine.settle import ASKS, HELD_AS, Settling, code_of, fields_with
from modstamp.model import Side

_DONE = {Kind.CREATE: "created", Kind.RECREATE: "ended", Kind.DELETE: "deleted", Kind.BURY: "ended"}


def write_history(settling: Settling, link_ids: Objects, rows: Mask) -> None:
    """One row per field that was written in a record that existed before; the old value is what lost, if one lost.

    The new value is what the database made of it, so that undoing knows it from a later edit.
    """
    plan, direction = settling.plan, settling.direction
    left = plan.batch.source.converted if plan.shown is None else plan.shown
    entries: dict[str, list[Any]] = {name: [] for name in ("link_id", "field", "old", "new", "rule")}
    for field in settling.mapping.fields:
        if field.internal not in plan.cells:
            continue
        name = field.name(direction.target)
        wrote = np.flatnonzero((plan.cells[field.internal] == Cell.WRITE) & rows & plan.rows(*FIELDWISE))
        entries["link_id"] += link_ids[wrote].tolist()
        entries["field"] += [name] * len(wrote)
        entries["old"] += column(plan.batch.target, name)[wrote].tolist()
        entries["new"] += column(left, name)[wrote].tolist()
        entries["rule"] += plan.told_rules(field.internal)[wrote].tolist()
    if entries["field"]:
        size = len(entries["field"])
        constant = {"run_id": settling.job.run_id, "mapping": settling.mapping.name, "side": str(direction.target)}
        settling.tx.journal.history(frame({**entries, **{name: [value] * size for name, value in constant.items()}}))


def write_log(settling: Settling, target_ids: Objects) -> None:
    """One row per record that was written, linked or ended, and one per record that was not done (G29)."""
    statuses = statuses_of(settling.plan)
    count_statuses(settling, statuses)
    _log(settling, target_ids, statuses, settling.plan.reasons)


def write_held(settling: Settling, target_ids: Objects) -> None:
    """One row per record of which some fields wait for a person, who sees which.

    Of two records that were linked and differ: edit one side. Of a conflict that the mapping asks about: decide it.
    """
    plan = settling.plan
    for cell, words in ((Cell.HOLD, "first link: both sides differ"), (Cell.ASK, ASKS)):
        rows = plan.rows(*FIELDWISE) & plan.having(cell)
        if rows.any():
            told = objects([f"{words} in {names}" for names in fields_with(plan, cell)])
            _log(settling, target_ids, choose(rows, objects(["held"] * len(plan)), None), told)
            settling.job.tally.add("held", int(rows.sum()), words)


def _log(settling: Settling, target_ids: Objects, statuses: Objects, messages: Objects) -> None:
    """A row for every record with a status."""
    mapping, direction, rows = settling.mapping, settling.direction, present(statuses)
    size = int(rows.sum())
    if not size:
        return
    ids = {direction.source: settling.source_ids[rows], direction.target: target_ids[rows]}
    codes = [code_of(*pair) if pair[1] else "" for pair in zip(statuses[rows], messages[rows], strict=True)]
    settling.tx.journal.log(
        frame(
            {
                "run_id": [settling.job.run_id] * size,
                "mapping": [mapping.name] * size,
                "direction": [str(direction)] * size,
                "status": statuses[rows],
                "code": codes,
                "message": messages[rows],
                "internal_type": [mapping.internal] * size,
                "internal_id": ids[Side.INTERNAL],
                "external_type": [mapping.external_type] * size,
                "external_id": ids[Side.EXTERNAL],
            }
        )
    )


def statuses_of(plan: Plan) -> Objects:
    """Per row a word for the log; None where there is nothing to say."""
    statuses = objects([None] * len(plan))
    statuses[plan.rows(Kind.LINK)] = "linked"
    statuses[plan.rows(Kind.REVIVE)] = "revived"
    statuses[plan.rows(Kind.MOVE)] = "moved"
    statuses[plan.rows(*FIELDWISE) & plan.having(Cell.WRITE)] = "updated"
    statuses[plan.withheld_updates] = "withheld"
    for kind, word in _DONE.items():
        statuses[plan.rows(kind)] = word
    for kind, word in HELD_AS.items():
        statuses[plan.rows(kind)] = {"rejected": "quarantined"}.get(word, word)
    statuses[plan.rows(Kind.WAIT)] = "waiting"
    return statuses


def count_statuses(settling: Settling, statuses: Objects) -> None:
    """Add the batch to the run's tally: every record under exactly one of the words, `merged` and `linked` besides."""
    plan, tally = settling.plan, settling.job.tally
    for status in ("created", "updated", "deleted", "ended", "revived", "moved"):
        tally.add(status, int((statuses == status).sum()))
    for status in ("withheld", "quarantined", "ambiguous", "held", "waiting"):
        for position in np.flatnonzero(statuses == status):
            tally.add(status if status != "waiting" else "waiting records", 1, plan.reasons[position])
    tally.add("merged", int(plan.merged.sum()))
    tally.add("linked", int(plan.rows(Kind.LINK).sum()))
    untouched = plan.rows(Kind.NOTHING, Kind.LEAVE) | (
        plan.rows(*FIELDWISE) & ~plan.having(Cell.WRITE, Cell.HOLD) & ~plan.withheld_updates
    )
    tally.add("unchanged", int(untouched.sum()))
