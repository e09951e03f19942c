"""Taking back what a poll wrote inside: one transaction per batch, under locks and with the writer's mark (G5, G17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, frame, left_over
from modstamp.engine.reversal import Cell, Kept, Reversal, decide, log_kept, scene
from modstamp.errors import RejectedRecordError
from modstamp.model import Column, Direction, Side
from modstamp.ports import LINK_COLUMNS, Transaction


def preview(environment: Environment, writes: pd.DataFrame) -> Reversal:
    """What `reverse` would do now."""
    with environment.store.begin(read_only=True) as tx:
        return _decide(tx, environment, writes, lock=False)


def reverse(job: Job, writes: pd.DataFrame) -> Reversal:
    """Restore what may be restored of one batch. `writes`: link_id, field, old, new."""
    environment = job.environment
    with environment.store.begin(writer=environment.mapping.name) as tx:
        tx.leases.check(job.lease)
        found = _decide(tx, environment, writes, lock=True)
        before = _shown(tx, environment, found.by_link)
        done, refused = _write(tx, environment, found.by_link)
        shown = _shown(tx, environment, done)
        _leave_reactions(tx, environment, done, before, shown)
        _save_links(tx, done, shown)
        _write_history(job, tx, done, shown)
        _write_log(job, tx, done)
        kept = [*found.kept, *refused]
        log_kept(job, tx, kept)
    return Reversal(cells=[cell for cells in done.values() for cell in cells], kept=kept, back=found.back)


def _decide(tx: Transaction, environment: Environment, writes: pd.DataFrame, *, lock: bool) -> Reversal:
    mapping = environment.mapping
    links = tx.links.by_id(list(dict.fromkeys(column(writes, "link_id"))), lock=lock)
    ids = [each for each in column(links, "internal_id") if each is not None]
    records = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), ids, lock=lock)
    return decide(scene(tx, mapping, Side.INTERNAL, links, records), writes)


def _write(
    tx: Transaction, environment: Environment, by_link: Mapping[int, list[Cell]]
) -> tuple[dict[int, list[Cell]], list[Kept]]:
    """Record by record where the database refuses the batch: a former value may not pass any longer."""
    try:
        with tx.savepoint():
            _update(tx, environment, list(by_link.values()))
    except RejectedRecordError:
        pass
    else:
        return dict(by_link), []
    done: dict[int, list[Cell]] = {}
    refused: list[Kept] = []
    for link, cells in by_link.items():
        try:
            with tx.savepoint():
                _update(tx, environment, [cells])
            done[link] = cells
        except RejectedRecordError as error:
            refused += [
                Kept(
                    internal_id=each.internal_id,
                    external_id=each.external_id,
                    field=each.name,
                    reason=f"the database refuses the former value: {error.reason}",
                )
                for each in cells
            ]
    return done, refused


def _update(tx: Transaction, environment: Environment, records: Sequence[Sequence[Cell]]) -> None:
    if not records:
        return
    names = sorted({cell.name for cells in records for cell in cells})
    old = [{cell.name: cell.old for cell in cells} for cells in records]
    values = frame(
        {
            Column.ID: [cells[0].internal_id for cells in records],
            **{name: [row.get(name) for row in old] for name in names},
        }
    )
    changed = pd.DataFrame({name: [name in row for row in old] for name in names})
    tx.records.update(environment.mapping.internal, values, changed)


def _shown(
    tx: Transaction, environment: Environment, done: Mapping[int, Sequence[Cell]]
) -> dict[str, Mapping[Any, Any]]:
    """What the records hold: behind the write, what the database made of the values (G9). By internal id."""
    mapping = environment.mapping
    ids = [cells[0].internal_id for cells in done.values()]
    records = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), ids)
    return {row[Column.ID]: row for row in records.to_dict("records")}


def _leave_reactions(
    tx: Transaction,
    environment: Environment,
    done: Mapping[int, Sequence[Cell]],
    before: Mapping[str, Mapping[Any, Any]],
    shown: Mapping[str, Mapping[Any, Any]],
) -> None:
    """Pushing entries for records of which the database changed more by itself: no trigger tells the writer (G5)."""
    mapping = environment.mapping
    names = {each.internal for each in mapping.fields if each.travels(Direction.PUSHING)}
    ids = []
    for cells in done.values():
        record = cells[0].internal_id
        others = names.difference(cell.name for cell in cells)
        if any(before[record].get(name) != shown[record].get(name) for name in others):
            ids.append(record)
    if ids and mapping.is_on(Direction.PUSHING):
        reason = "the database itself changed it when it was written"
        tx.pending.leave(mapping.name, Direction.PUSHING, left_over(ids, reason))


def _save_links(tx: Transaction, done: Mapping[int, Sequence[Cell]], shown: Mapping[str, Mapping[Any, Any]]) -> None:
    """The restored value is the internal base; the external base stays, and no earlier decision is kept (G10, G14)."""
    rows = []
    for link in tx.links.by_id(list(done)).to_dict("records"):
        cells = done[link["link_id"]]
        names = {cell.internal for cell in cells}
        values = {cell.name: shown[cell.internal_id][cell.name] for cell in cells}
        decisions = {name: made for name, made in link["decisions"].items() if name not in names}
        rows.append({**link, "internal_base": {**link["internal_base"], **values}, "decisions": decisions})
    if rows:
        tx.links.save(frame({name: [row[name] for row in rows] for name in LINK_COLUMNS}))


def _write_history(
    job: Job, tx: Transaction, done: Mapping[int, Sequence[Cell]], shown: Mapping[str, Mapping[Any, Any]]
) -> None:
    cells = [cell for some in done.values() for cell in some]
    if cells:
        size = len(cells)
        rows = {
            "run_id": [job.run_id] * size,
            "mapping": [job.environment.mapping.name] * size,
            "link_id": [cell.link_id for cell in cells],
            "side": [str(Side.INTERNAL)] * size,
            "field": [cell.name for cell in cells],
            "old": [cell.left for cell in cells],
            "new": [shown[cell.internal_id][cell.name] for cell in cells],
            "rule": ["undo"] * size,
        }
        tx.journal.history(frame(rows))


def _write_log(job: Job, tx: Transaction, done: Mapping[int, Sequence[Cell]]) -> None:
    if not done:
        return
    mapping, records = job.environment.mapping, list(done.values())
    size = len(records)
    rows = {
        "run_id": [job.run_id] * size,
        "mapping": [mapping.name] * size,
        "direction": [str(Direction.POLLING)] * size,
        "status": ["updated"] * size,
        "code": ["undo"] * size,
        "message": ["undone: " + ", ".join(cell.name for cell in cells) for cells in records],
        "internal_type": [mapping.internal] * size,
        "internal_id": [cells[0].internal_id for cells in records],
        "external_type": [mapping.external_type] * size,
        "external_id": [cells[0].external_id for cells in records],
    }
    tx.journal.log(frame(rows))
