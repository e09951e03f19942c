"""The end of a run: what is kept and told of it, in its record and in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from modstamp import instants
from modstamp.engine import degraded, readiness, sight
from modstamp.engine.environment import Environment
from modstamp.engine.frames import frame
from modstamp.engine.handoff import Handoff, Summary, Tally
from modstamp.engine.judge import NOT_VISIBLE
from modstamp.model import Direction
from modstamp.ports import RunRecord


def loaded_before(environment: Environment, handoff: Handoff) -> Summary | None:
    """What the run did, if it has ended: its answer got lost, and loading is asked for once more. Nothing is done then.

    A try that begins anew with extracting takes the run up again.
    """
    with environment.store.begin(read_only=True) as tx:
        known = tx.runs.get(handoff.run_id)
    if known is None or known.status != "completed":
        return None
    ended = replace(handoff, counts=known.counts, reasons=known.reasons, seconds=known.seconds)
    words = "this run was loaded before, and completed; nothing was done again"
    summary = summary_of(ended, "; ".join(filter(None, (words, known.message))))
    return replace(summary, calls=known.calls, unfinished=handoff.upper is not None and not handoff.whole)


def remarks(environment: Environment, handoff: Handoff, tally: Tally) -> str:
    """What people are to know of a run that did its work: rows of the log, and the most important of them."""
    hidden = _many_hidden(environment, tally)
    if hidden:
        log(environment, handoff, "held", hidden)
    slow = _degraded(environment, handoff)
    without = sight.missing(environment) if handoff.parts else ""
    return hidden or without or _unready(environment, tally) or slow


def _unready(environment: Environment, tally: Tally) -> str:
    """Said as long as records wait for people nobody of whom is linked (OMS-003)."""
    if not tally.counts.get("waiting"):
        return ""
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        found = readiness.lacking(tx, mapping, environment.others)
    return "; ".join(f"{readiness.told(mapping, kind)}: {readiness.remedy(names)}" for kind, names in found.items())


def _degraded(environment: Environment, handoff: Handoff) -> str:
    """Said in every push that hears of changes without triggers, and in the log (G31)."""
    slow = degraded.message(environment) if handoff.direction is Direction.PUSHING else ""
    if slow:
        log(environment, handoff, "degraded", slow)
    return slow


def _many_hidden(environment: Environment, tally: Tally) -> str:
    """One line for many records at once, as it is rarely they that changed (G12)."""
    hidden = tally.as_reasons().get("held", {}).get(NOT_VISIBLE, 0)
    if hidden < environment.settings.hidden_alarm:
        return ""
    return f"{hidden} records are not visible to us; has our user lost the right to see them?"


def log(environment: Environment, handoff: Handoff, status: str, message: str) -> None:
    """A row of the log about the run as a whole."""
    row = {
        "run_id": handoff.run_id,
        "mapping": handoff.mapping,
        "direction": str(handoff.direction),
        "status": status,
        "code": "",
        "message": message,
        "internal_type": environment.mapping.internal,
        "internal_id": None,
        "external_type": environment.mapping.external_type,
        "external_id": None,
    }
    with environment.store.begin() as tx:
        tx.journal.log(frame({name: [value] for name, value in row.items()}))


def record(environment: Environment, handoff: Handoff, status: str, message: str = "") -> Summary:
    """Keep how the run stands; returns the same for people."""
    calls = environment.calls_of(handoff.run_id)
    summary = replace(
        summary_of(handoff, message),
        calls=calls,
        paused=status == "paused",
        held=status == "held",
        unfinished=status == "completed" and handoff.upper is not None and not handoff.whole,
    )
    ended: datetime | None = None if status == "running" else environment.store.now()
    run = RunRecord(
        id=handoff.run_id,
        mapping=handoff.mapping,
        direction=handoff.direction,
        status=status,
        started_at=instants.from_text(handoff.started_at),
        ended_at=ended,
        message=message,
        counts=handoff.counts,
        reasons=handoff.reasons,
        calls=summary.calls,
        document_calls=summary.document_calls,
        seconds=handoff.seconds,
    )
    with environment.store.begin() as tx:
        tx.runs.put(run)
    return summary


def summary_of(handoff: Handoff, message: str, *, differences: tuple[Mapping[str, object], ...] = ()) -> Summary:
    """Without what it was charged."""
    return Summary(
        run_id=handoff.run_id,
        mapping=handoff.mapping,
        direction=handoff.direction,
        counts=handoff.counts,
        reasons=handoff.reasons,
        calls=0,
        document_calls=_document_calls(handoff),
        seconds=handoff.seconds,
        message=message,
        differences=differences,
    )


def _document_calls(handoff: Handoff) -> int:
    """What the document's arithmetic would have cost: a poll per 2,000 records, an import per 200 (OSF-032 to 034)."""
    records = handoff.counts.get("seen", 0) - handoff.counts.get("seen before", 0)
    return max(1, -(-records // 2_000)) + -(-records // 200)
