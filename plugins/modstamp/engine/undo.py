"""One run taken back: every field that it wrote gets its former value, unless someone has edited it since.

What the run left is in the history as the side showed it; a field that shows anything else is somebody's, and stays.
The side that is written gets what it then shows as its base, the other side keeps its own: neither direction carries
anything back at once, and the next edit decides. What the run created or deleted is listed, not undone.

A second undo of the same run goes on where the first one stopped: what is back already is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from modstamp.engine import undo_inside, undo_outside
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import frame
from modstamp.engine.handoff import Tally
from modstamp.engine.reversal import Kept, Reversal
from modstamp.errors import LimitReachedError, ModstampError
from modstamp.model import Direction
from modstamp.ports import RunRecord

_LISTED = 1_000  # fields that were kept; the log has one row for each record
NOT_UNDONE = ("created", "deleted", "ended", "linked", "revived")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The answer of one undo.

    `fields`: found in the history, restored (in a dry run: that would be), back already, kept. `kept`: those left
    alone, with the reason. `not_undone`: what the run did to whole records: word → records. `unsettled`: fields that
    were to be restored and are not: refused, or without an answer yet.
    """

    run_id: str
    undone: str
    mapping: str
    direction: Direction
    fields: Mapping[str, int]
    records: int
    kept: Sequence[Kept]
    not_undone: Mapping[str, int]
    unsettled: int
    reasons: Mapping[str, Mapping[str, int]]
    calls: int = 0
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self) | {"direction": str(self.direction)}


@dataclass(slots=True, kw_only=True)
class _Sum:
    """What the batches come to. `tally`: of the job that writes; of a dry run, empty."""

    dry_run: bool
    tally: Tally = field(default_factory=Tally)
    restored: int = 0
    back: int = 0
    kept: list[Kept] = field(default_factory=list)
    kept_count: int = 0
    records: set[int] = field(default_factory=set)

    def add(self, reversal: Reversal) -> None:
        self.restored += len(reversal.cells)
        self.back += reversal.back
        self.kept_count += len(reversal.kept)
        self.kept += reversal.kept[: _LISTED - len(self.kept)]
        self.records |= {each.link_id for each in reversal.cells}


def undo(environment: Environment, undone: RunRecord, run_id: str, *, dry_run: bool) -> Undone:
    """Take a run back under the lease of its mapping and direction.

    Raises `LeaseHeldError` when a run is at work. A limit that is reached ends it with a message.
    """
    if dry_run:
        return _answer(environment, undone, run_id, _preview(environment, undone))
    lease = environment.store.grant(undone.mapping, undone.direction, run_id)
    job = Job(environment=environment, lease=lease, run_id=run_id, context=Context(), tally=Tally())
    record = replace(_begun(undone, run_id), started_at=environment.store.now())
    _keep(environment, record)
    if undone.status == "running":  # its lease is ours now: it was killed, and will write nothing more (G22)
        never = replace(undone, status="failed", message="it never ended", ended_at=environment.store.now())
        _keep(environment, never)
    done, message, status = _Sum(dry_run=False, tally=job.tally), "", "completed"
    try:
        _reverse(job, undone, done)
    except LimitReachedError as limit:
        message, status = f"{limit}; run undo again to go on", "paused"
    except ModstampError as error:
        _keep(environment, replace(record, status="failed", message=str(error), ended_at=environment.store.now()))
        raise
    finally:
        environment.store.give_back(lease)
    answer = replace(_answer(environment, undone, run_id, done), message=message)
    counts = {"updated": len(done.records), **{f"fields {name}": number for name, number in answer.fields.items()}}
    ended = environment.store.now()
    _keep(
        environment,
        replace(
            record,
            status=status,
            message=message,
            ended_at=ended,
            counts=counts,
            reasons=job.tally.as_reasons(),
            calls=answer.calls,
            seconds=(ended - record.started_at).total_seconds(),
        ),
    )
    return answer


def _reverse(job: Job, undone: RunRecord, done: _Sum) -> None:
    inward = undone.direction is Direction.POLLING
    settings = job.environment.settings
    if not inward:
        undo_outside.recover(job)
    for writes in _writes(job.environment, undone, settings.inbound_batch if inward else settings.outbound_batch):
        reversal = undo_inside.reverse(job, writes) if inward else undo_outside.reverse(job, writes)
        done.add(reversal)


def _preview(environment: Environment, undone: RunRecord) -> _Sum:
    inward, done = undone.direction is Direction.POLLING, _Sum(dry_run=True)
    for writes in _writes(environment, undone, environment.settings.outbound_batch):
        look = undo_inside.preview if inward else undo_outside.preview
        done.add(look(environment, writes))
    return done


def _writes(environment: Environment, undone: RunRecord, links: int) -> Iterator[pd.DataFrame]:
    """The run's rows of the history, so many links at a time: link_id, field, old, new; one row per field."""
    after = 0
    while True:
        with environment.store.begin(read_only=True) as tx:
            rows = tx.journal.writes_of(undone.id, undone.mapping, str(undone.direction.target), after, links)
        if rows.empty:
            return
        after = int(rows["link_id"].max())
        yield _per_field(rows)


def _per_field(rows: pd.DataFrame) -> pd.DataFrame:
    """A field that was written twice had the first row's old value, and was left with the last one's new value."""
    by_field: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows.to_dict("records"):
        known = by_field.setdefault((row["link_id"], row["field"]), {str(name): value for name, value in row.items()})
        known["new"] = row["new"]
    names = ("link_id", "field", "old", "new")
    return frame({name: [row[name] for row in by_field.values()] for name in names})


def _begun(undone: RunRecord, run_id: str) -> RunRecord:
    return replace(
        undone,
        id=run_id,
        kind="undo",
        status="running",
        ended_at=None,
        message="",
        counts={},
        reasons={},
        calls=0,
        document_calls=0,
        seconds=0.0,
    )


def _answer(environment: Environment, undone: RunRecord, run_id: str, done: _Sum) -> Undone:
    with environment.store.begin(read_only=True) as tx:
        written = done.restored if done.dry_run else tx.journal.count_writes(run_id)
        whole = tx.journal.count_done(undone.id, NOT_UNDONE)
    return Undone(
        run_id=run_id,
        undone=undone.id,
        mapping=undone.mapping,
        direction=undone.direction,
        fields={"restored": written, "back already": done.back, "kept": done.kept_count},
        records=len(done.records),
        kept=tuple(done.kept),
        not_undone=whole,
        unsettled=done.restored - written,
        reasons=done.tally.as_reasons(),
        calls=environment.calls_of(run_id),
    )


def _keep(environment: Environment, record: RunRecord) -> None:
    with environment.store.begin() as tx:
        tx.runs.put(record)
