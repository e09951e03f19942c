"""What the four tasks of a sync DAG do.

Between them travels a `Handoff` as a dictionary: references and counts, never rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from airflow.sdk import get_current_context
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from modstamp import approval, imports, wiring
from modstamp.engine.handoff import Handoff, RunOptions, Summary
from modstamp.errors import ConfigurationError, LeaseHeldError, LimitReachedError, ModstampError, Problem, RunHeldError
from modstamp.model import Direction
from modstamp.orchestration import alerts, schedule
from modstamp.orchestration.connections import resolve
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.ports import Hold

Document = dict[str, Any]

_OTHERS: Final = ("transform", "validate", "load")
_SHOWN: Final = 200  # differences of a dry run in the log

log = logging.getLogger(__name__)


def extract(mapping: str, direction: str) -> Document:
    """Raises `AirflowSkipException` when there is nothing to begin.

    The direction is off, another run is at work, an earlier one waits for an answer, or a limit is reached. None of
    these is a failure: the work stays where it is, and the next run takes it up. A run of few records, or of none, does
    its other steps here too: the tasks for them would take many times as long (OSF-012).
    """
    settings, towards = Settings(), Direction(direction)
    if not wiring.mappings(settings)[mapping].is_on(towards):
        raise AirflowSkipException(f"{direction} is off in the mapping file of {mapping}")
    context = get_current_context()
    with wiring.open_run(mapping, towards, settings, resolve) as run:
        try:
            options = _options(run, context["params"], _run_id(context))
            if options.ids is None and run.is_first_load():
                log.info("%s", run.estimate())
            handoff = run.extract(options, _run_id(context))
        except (LeaseHeldError, RunHeldError) as error:
            raise AirflowSkipException(str(error)) from error
        except LimitReachedError as limit:
            raise _paused(run, limit) from limit
        if run.goes_through(handoff):
            _passed_on("extracted", handoff)
            with _noted(run, handoff):
                for done, step in (("transformed", run.transform), ("validated", run.validate)):
                    handoff = step(handoff)
                    _passed_on(done, handoff)
                summary = run.load(handoff)
            context["ti"].xcom_push(BaseXCom.XCOM_RETURN_KEY, _ended(summary, dry_run=False))
            raise DownstreamTasksSkipped(tasks=list(_OTHERS))  # type: ignore[no-untyped-call]
    return _passed_on("extracted", handoff)


def transform(document: Document) -> Document:
    with _step(document) as (run, handoff):
        return _passed_on("transformed", run.transform(handoff))


def validate(document: Document) -> Document:
    with _step(document) as (run, handoff):
        return _passed_on("validated", run.validate(handoff))


def load(document: Document) -> Document:
    """Returns the summary, without the differences of a dry run: they are rows."""
    with _step(document) as (run, handoff):
        summary = run.load(handoff)
    return _ended(summary, dry_run=handoff.dry_run)


def load_anew(document: Document) -> Document:
    """All steps of an approved run once more: hours may lie between what was read and the answer (G28)."""
    handoff, context = Handoff.from_dict(document), get_current_context()
    with wiring.open_run(handoff.mapping, handoff.direction, Settings(), resolve) as run:
        summary = wiring.run_through(run, _options(run, context["params"], handoff.run_id), handoff.run_id)
    return _ended(summary, dry_run=False)


def _ended(summary: Summary, *, dry_run: bool) -> Document:
    log.info("Summary\n%s", _report(summary))
    context, settings = get_current_context(), Settings()
    if summary.asks or (summary.message and not summary.held and not dry_run):
        alerts.notify_held(context, settings, summary)
    if not dry_run:
        schedule.announce(context, wiring.mappings(settings)[summary.mapping], summary)
    return replace(summary, differences=()).as_dict()


def answer(document: Document, *, approve: bool, who: str) -> None:
    """What a person chose in Airflow about a held run; it means the numbers that this very run has shown (G28)."""
    hold = _hold(document)
    if hold is not None and hold.run_id == document["run_id"]:
        approval.answer(Settings(), hold, approve=approve, who=who, resolve=resolve)


def is_approved(document: Document) -> bool:
    return decision(document) == "approved"


def decision(document: Document) -> str:
    """approved, waiting, or in words why the run need not wait any longer."""
    hold, settings = _hold(document), Settings()
    if hold is None:
        return "another run has done it, or nothing was left to do"
    if hold.decision == "rejected":
        return f"rejected by {hold.decided_by}"
    if hold.decision is None and hold.run_id != document["run_id"]:
        return "another run has counted since, and asks anew"
    if hold.decision is None and datetime.now(UTC) > hold.counted_at + settings.recount:
        return "nobody has answered; the next run counts again"
    return hold.decision or "waiting"


def _hold(document: Document) -> Hold | None:
    handoff = Handoff.from_dict(document)
    holds = approval.waiting(Settings(), resolve)
    key = (handoff.mapping, handoff.direction)
    return next((each for each in holds if (each.mapping, each.direction) == key), None)


@contextmanager
def _step(document: Document) -> Iterator[tuple[wiring.Run, Handoff]]:
    """A run that is under way."""
    handoff = Handoff.from_dict(document)
    with wiring.open_run(handoff.mapping, handoff.direction, Settings(), resolve) as run, _noted(run, handoff):
        yield run, handoff


@contextmanager
def _noted(run: wiring.Run, handoff: Handoff) -> Iterator[None]:
    """Whatever ends the run is noted in the log of runs before Airflow judges it by its class."""
    try:
        yield
    except LimitReachedError as limit:
        raise _paused(run, limit) from limit
    except Exception as error:
        if not handoff.dry_run:
            # The text of an error that we did not write may hold what it was working on.
            run.fail(handoff, str(error) if isinstance(error, ModstampError) else type(error).__name__)
        raise


def _paused(run: wiring.Run, limit: LimitReachedError) -> AirflowSkipException:
    """A limit before loading: the run ends here and says so; the next one begins with the same work (G27)."""
    context = get_current_context()
    summary = run.end(_run_id(context), "paused", str(limit))
    alerts.notify_held(context, Settings(), summary)
    return AirflowSkipException(str(limit))


def _run_id(context: Any) -> str:
    """The same for all tries of a run, so that a repeated task takes its own lease again (G22).

    The DAG's name is in it, because runs of several DAGs that start in the same moment share Airflow's run id.
    """
    return f"{context['dag'].dag_id}/{context['run_id']}"


def _options(run: wiring.Run, params: Mapping[str, Any], run_id: str) -> RunOptions:
    """What the form of a manual run says. A list is read here, at each try. Raises `ConfigurationError`."""
    source = _list(run.environment.mapping.name, params)
    if source is not None:
        choice = imports.choose(source, run, run_id)
        log.info("%s: %d records", source, choice.rows)
        return imports.options(source, choice, dry_run=params["dry_run"])
    return RunOptions(
        since=_instant(params.get("since")),
        until=_instant(params.get("until")),
        limit=params.get("limit"),
        dry_run=params.get("dry_run", False),
    )


def _list(mapping: str, params: Mapping[str, Any]) -> imports.Source | None:
    """The list whose records alone the run is for."""
    kinds: dict[str, Literal["list view", "report"]] = {"list_view": "list view", "report": "report"}
    given = [key for key in ("since", "until", "limit", *kinds) if params.get(key)]
    chosen = [
        imports.Source(mapping=mapping, kind=kind, name=params[key]) for key, kind in kinds.items() if key in given
    ]
    if chosen and len(given) > 1:
        what = f"{' and '.join(given)} are given, and a list names its records itself"
        raise ConfigurationError([Problem("the form of the run", what, "leave all but one of them empty")])
    return next(iter(chosen), None)


def _instant(text: str | None) -> datetime | None:
    """A time without a zone is UTC."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _passed_on(done: str, handoff: Handoff) -> Document:
    rows = sum(part.rows for part in handoff.parts)
    log.info("%s %d rows in %d parts; so far: %s", done, rows, len(handoff.parts), dict(handoff.counts))
    return handoff.as_dict()


def _report(summary: Summary) -> str:
    from modstamp import report  # noqa: PLC0415  # rich

    document = summary.as_dict()
    differences = document["differences"]
    if not differences:
        return report.runs([document])
    left_out = len(differences) - _SHOWN
    text = report.plans([{**document, "differences": differences[:_SHOWN]}])
    return text + (f"\n… and {left_out} more differences" if left_out > 0 else "")
