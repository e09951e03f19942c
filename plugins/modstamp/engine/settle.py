"""A plan's traces in the state, whichever side was written: links, pending and quarantine. `journal` writes the log.

Everything here happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from modstamp.engine.batch import versions
from modstamp.engine.environment import Job
from modstamp.engine.frames import Mask, Objects, choose, column, frame, objects, present
from modstamp.engine.held import match_values
from modstamp.engine.judge import FIELDWISE, Kind
from modstamp.engine.merge import Cell
from modstamp.engine.plan import Plan, new_bases
from modstamp.engine.taken import taken
from modstamp.engine.transform import lacking
from modstamp.instants import from_text
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Side
from modstamp.ports import LINK_COLUMNS, Transaction

HELD_AS = {
    Kind.REJECTED: "rejected",
    Kind.WITHHELD: "withheld",
    Kind.AMBIGUOUS: "ambiguous",
    Kind.HIDDEN: "held",
    Kind.HELD: "held",
}
ASKS = "both sides changed it, and the mapping asks which value stays"
AT_REST = (Cell.IN_STEP, Cell.HOLD, Cell.OWN)  # settled by looking, without a write at the target


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """A plan that is being settled, in one transaction."""

    job: Job
    tx: Transaction
    plan: Plan

    @property
    def mapping(self) -> TypeMapping:
        return self.job.environment.mapping

    @property
    def direction(self) -> Direction:
        return self.plan.batch.direction

    @property
    def source_ids(self) -> Objects:
        return column(self.plan.batch.source.records, Column.ID)


def refuse(plan: Plan, refused: Mapping[int, str], kind: Kind = Kind.REJECTED) -> Plan:
    """The same plan after some rows turned out to be impossible: position → reason."""
    if not refused:
        return plan
    kinds, reasons = plan.kinds.copy(), plan.reasons.copy()
    cells = {name: each.copy() for name, each in plan.cells.items()}
    for position, reason in refused.items():
        kinds[position], reasons[position] = kind, reason
        for each in cells.values():
            each[position] = Cell.SAME
    return replace(plan, kinds=kinds, reasons=reasons, cells=cells)


def links_after(plan: Plan, settled: tuple[Cell, ...], target_ids: Objects, mapping_hash: str) -> pd.DataFrame:
    """`LINK_COLUMNS` of every row as they are once the cells `settled` are done. Rows of None for unlinked rows."""
    batch = plan.batch
    external = batch.external
    polling = batch.direction is Direction.POLLING
    old = batch.link if not plan.rows(Kind.REVIVE).any() else _with_graves(plan)
    ids = {batch.direction.source: column(batch.source.records, Column.ID), batch.direction.target: target_ids}
    return frame(
        {
            "link_id": column(old, "link_id"),
            "internal_id": ids[Side.INTERNAL],
            "external_id": ids[Side.EXTERNAL],
            "state": ["live"] * len(plan),
            "deleted_side": [None] * len(plan),
            "internal_base": new_bases(plan, Side.INTERNAL, settled),
            "external_base": new_bases(plan, Side.EXTERNAL, settled),
            # Only a poll has read the version as a poll reads it; after a push the next poll looks once more.
            "stamp": column(external, Column.STAMP) if polling else column(old, "stamp"),
            "hash": versions(external, batch.mapping, Side.EXTERNAL) if polling else column(old, "hash"),
            "read_at": later(column(external, Column.READ_AT), column(old, "read_at")),
            "unconfirmed": choose(_keeps_marks(plan), column(old, "unconfirmed"), objects([{}] * len(plan))),
            "decisions": choose(_keeps_marks(plan), column(old, "decisions"), decisions(plan)),
            "mapping_hash": [mapping_hash] * len(plan),
        }
    )


def _keeps_marks(plan: Plan) -> Mask:
    """Linked rows whose fields were not judged, or held back: what the link remembers of them stays (G14, G19)."""
    held = plan.withheld_updates | ~plan.rows(*FIELDWISE)
    return np.asarray(plan.batch.linked & held)


def _with_graves(plan: Plan) -> pd.DataFrame:
    revived = plan.rows(Kind.REVIVE)
    link, grave = plan.batch.link, plan.batch.grave
    return frame({name: np.where(revived, column(grave, name), column(link, name)) for name in LINK_COLUMNS})


def later(read: Objects, known: Objects) -> list[Any]:
    """Row by row the later one of two times of reading, as a text and as an instant; None stands for never."""
    times = {text: from_text(text) for text in set(read) if text is not None}  # a page's rows share theirs
    pairs = ((times.get(text), before) for text, before in zip(read, known, strict=True))
    return [max(now, before) if now and before else now or before for now, before in pairs]


def decisions(plan: Plan) -> Objects:
    """Conflicts that are not carried out yet, so that whoever looks next decides alike (G14)."""
    result: list[dict[str, Any]] = [{} for _ in range(len(plan))]
    batch = plan.batch
    for field in batch.mapping.fields:
        conflict = plan.conflicts.get(field.internal)
        if conflict is None or not conflict.any():
            continue
        internal, external = column(batch.internal, field.internal), column(batch.external, field.external)
        winners = _winners(plan, field)
        for position in np.flatnonzero(conflict & present(winners)):
            result[position][field.internal] = {
                "winner": winners[position],
                "internal": internal[position],
                "external": external[position],
                "rule": plan.rules[field.internal][position],
            }
    return objects(result)


def _winners(plan: Plan, field: FieldMapping) -> Objects:
    """Per row the side that won a conflict whose outcome is still to be written, None elsewhere."""
    direction, cells = plan.batch.direction, plan.cells[field.internal]
    winners = choose(cells == Cell.LEAVE, objects([str(direction.target)] * len(plan)), None)
    if direction is Direction.PUSHING:  # a poll's own writes are done with this transaction
        winners[cells == Cell.WRITE] = str(direction.source)
    return winners


def quarantine(settling: Settling) -> None:
    """Hold what may not pass, with its reason; release what now did (G26)."""
    plan, tx, mapping, direction = settling.plan, settling.tx, settling.mapping, settling.direction
    batch = plan.batch
    by_toggle = np.fromiter((reason.endswith(" is off") for reason in plan.reasons), bool, len(plan))
    asked = plan.rows(*FIELDWISE) & plan.having(Cell.ASK)
    held = ((plan.rows(*HELD_AS) | plan.withheld_updates) & ~by_toggle & ~_told(settling)) | asked
    if held.any():
        kinds = choose(
            asked, objects(["asked"] * len(plan)), objects([HELD_AS.get(each, "withheld") for each in plan.kinds])
        )[held]
        words = objects([f"{ASKS}: {names}" for names in fields_with(plan, Cell.ASK)])
        reasons = choose(asked, words, plan.reasons)[held]
        source, tables = batch.source, settling.job.environment.tables
        lacks = lacking(source.records, source.converted, mapping, direction, tables)
        details = [
            {"values": values, "candidates": found, "match": by, "lacks": missing, "taken": others, "asked": questions}
            for values, found, by, missing, others, questions in zip(
                plan.values_of_both[held],
                map(list, _candidates(plan, held)),
                match_values(plan, held),
                objects(lacks)[held],
                taken(tx, plan, held),
                _asked(plan, held),
                strict=True,
            )
        ]
        tx.quarantine.put(
            mapping.name,
            direction,
            frame(
                {
                    "record_id": settling.source_ids[held],
                    "kind": kinds,
                    "code": [code_of(kind, reason) for kind, reason in zip(kinds, reasons, strict=True)],
                    "reason": reasons,
                    "detail": details,
                    "stamp": column(batch.source.records, Column.STAMP)[held],
                    "hash": versions(batch.source.records, mapping, direction.source)[held],
                    "mapping_hash": [settling.job.environment.mapping_hash] * int(held.sum()),
                    "run_id": [settling.job.run_id] * int(held.sum()),
                }
            ),
        )
    passed = ~held & ~plan.rows(*HELD_AS, Kind.AGAIN)  # what waits for a parent says so in its entry
    if passed.any():
        tx.quarantine.release(mapping.name, direction, settling.source_ids[passed].tolist())
    # Nothing is left to do the other way either: what was refused there has been repaired on this side.
    settled = plan.rows(*FIELDWISE) & ~plan.having(Cell.LEAVE, Cell.WAIT, Cell.ASK) & ~plan.withheld_updates
    if settled.any():
        tx.quarantine.release(mapping.name, direction.other, batch.target_ids[settled].tolist())


def fields_with(plan: Plan, cell: Cell) -> list[str]:
    """Per row the fields with this cell, in words."""
    having = {name: cells == cell for name, cells in plan.cells.items()}
    return [", ".join(name for name, rows in having.items() if rows[position]) for position in range(len(plan))]


def _asked(plan: Plan, rows: Mask) -> Iterator[dict[str, Any]]:
    """Per row field → the two values of which a person is to choose one."""
    batch = plan.batch
    values = {
        field.internal: (column(batch.internal, field.internal), column(batch.external, field.external))
        for field in batch.mapping.fields
        if field.internal in plan.cells
    }
    for position in map(int, np.flatnonzero(rows)):
        yield {
            name: {"internal": inside[position], "external": outside[position]}
            for name, (inside, outside) in values.items()
            if plan.cells[name][position] == Cell.ASK
        }


def _told(settling: Settling) -> Mask:
    """Rows that wait for a person who was told why when their counterpart became another record: that stands (G12)."""
    held = settling.plan.rows(Kind.HELD)
    if not held.any():
        return held
    waiting = settling.tx.quarantine.waiting(
        settling.mapping.name, settling.direction, settling.source_ids[held].tolist()
    )
    known = set(column(waiting, "record_id")[column(waiting, "kind") == "held"])
    return np.asarray(held & np.fromiter((each in known for each in settling.source_ids), bool, len(held)))


def _candidates(plan: Plan, rows: Mask) -> Iterator[Sequence[str]]:
    """What each row is held for: its matches, else the former counterpart that is linked to another record (G13)."""
    around = plan.batch.around
    for position in map(int, np.flatnonzero(rows)):
        former = plan.batch.target_ids[position]
        yield around.candidates[position] or ((former,) if former in around.taken else ())


def code_of(kind: str, reason: str) -> str:
    """A stable group: the reason up to the first value in it."""
    return f"{kind}: {reason.partition(':')[0]}"[:100]
