"""What follows from findings: an entry for the run that is to judge, a tombstone where a person says so (G6, G13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modstamp import instants
from modstamp.engine.environment import Environment
from modstamp.engine.findings import Finding, Found
from modstamp.engine.frames import column, frame, left_over, objects
from modstamp.model import Direction
from modstamp.ports import Transaction

_BATCH = 200  # links that are locked at a time


def write_down(environment: Environment, run_id: str, findings: Sequence[Finding], queued: Sequence[Finding]) -> None:
    """One row of the log each; at those that are `queued` the runs of either direction will look."""
    if not findings:
        return
    with environment.store.begin() as tx:
        _log(tx, environment, run_id, findings)
        for direction in Direction:
            _leave(tx, environment, direction, [each for each in queued if each.direction is direction])


def _leave(tx: Transaction, environment: Environment, direction: Direction, findings: Sequence[Finding]) -> None:
    if findings:
        reasons = [f"found by reconcile: {each.found}" for each in findings]
        entries = left_over([each.record_id for each in findings], reasons)
        tx.pending.leave(environment.mapping.name, direction, entries)


def _log(
    tx: Transaction, environment: Environment, run_id: str, findings: Sequence[Finding], *, status: str | None = None
) -> None:
    mapping, size = environment.mapping, len(findings)
    tx.journal.log(
        frame(
            {
                "run_id": [run_id] * size,
                "mapping": [mapping.name] * size,
                "direction": [str(each.direction) for each in findings],
                "status": [status or str(each.found) for each in findings],
                "code": [f"reconcile: {each.found}" for each in findings],
                "message": [each.reason for each in findings],
                "internal_type": [mapping.internal] * size,
                "internal_id": [each.internal_id for each in findings],
                "external_type": [mapping.external_type] * size,
                "external_id": [each.external_id for each in findings],
            }
        )
    )


def end_links(environment: Environment, run_id: str, looked_at: Mapping[int, str]) -> int:
    """Tombstones for links whose external record a person knows to be gone for good; returns how many there were.

    `looked_at`: id of the link → when its record was looked for. Nothing is deleted inside. A link that has moved on
    since, whose record was read since, or that a write without an answer holds, stays. Where the mapping re-creates
    what was deleted, the next push decides whether the internal record was edited since.
    """
    ended = 0
    for some in _batches(list(looked_at)):
        with environment.store.begin() as tx:
            ended += _end(tx, environment, run_id, {link_id: looked_at[link_id] for link_id in some})
    return ended


def _end(tx: Transaction, environment: Environment, run_id: str, looked_at: Mapping[int, str]) -> int:
    mapping = environment.mapping
    links = tx.links.by_id(list(looked_at), lock=True)
    busy = tx.intents.links_with_open(list(looked_at))
    rows = links.to_dict("records")
    free = [row["state"] == "live" and row["link_id"] not in busy and _unread(row, looked_at) for row in rows]
    links = links[free].reset_index(drop=True)
    if links.empty:
        return 0
    size = len(links)
    links["state"], links["deleted_side"] = objects(["tombstone"] * size), objects(["external"] * size)
    tx.links.save(links)
    ids = {Direction.POLLING: column(links, "external_id"), Direction.PUSHING: column(links, "internal_id")}
    for direction, records in ids.items():
        tx.quarantine.release(mapping.name, direction, records.tolist())
    reason = "gone outside for good, as a person says; the internal record was kept"
    buried = [
        Finding(found=Found.HIDDEN, reason=reason, direction=Direction.PUSHING, internal_id=mine, external_id=theirs)
        for mine, theirs in zip(ids[Direction.PUSHING], ids[Direction.POLLING], strict=True)
    ]
    if mapping.after_delete == "recreate" and mapping.pushing.on:
        _leave(tx, environment, Direction.PUSHING, buried)
    _log(tx, environment, run_id, buried, status="ended")
    return size


def _unread(link: Mapping[Any, Any], looked_at: Mapping[int, str]) -> bool:
    """Nobody has read or written the record since (G17)."""
    return link["read_at"] is None or link["read_at"] <= instants.from_text(looked_at[link["link_id"]])


def _batches(link_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(link_ids), _BATCH):
        yield link_ids[start : start + _BATCH]
