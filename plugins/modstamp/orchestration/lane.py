"""A DAG per mapping with `backfill`: nothing starts it but Airflow's own backfill, which makes a run per month.

Asset schedules cannot be backfilled, and a plain "@monthly" gives a run an interval without a length: so the lane is a
DAG of its own, with a timetable of its own (`months`). It is never paused unasked: Airflow would queue a backfill of a
paused DAG and begin none of its runs.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import DAG, Param, get_current_context, task
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from modstamp import backfill, wiring
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.schema import TypeMapping
from modstamp.orchestration import factory
from modstamp.orchestration.connections import resolve
from modstamp.orchestration.months import Months
from modstamp.orchestration.steps import Document
from modstamp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstamp.engine.lane import Progress
    from modstamp.engine.stretches import Stretch

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)  # no backfill reaches further back
_LOOKS_AGAIN: Final = timedelta(minutes=30)  # for room among the day's calls
_GIVES_UP: Final = timedelta(days=60)
_DOCUMENTATION: Final = """
Brings out what was there before `{name}` listened, month by month, when a person says so: **Trigger → Backfill**, with
the days from which and up to which it shall go. Nothing else starts it.

- **estimate** counts the month's records: how many are due, why the others stay, calls and minutes. It writes nothing.
  With *Estimate only* nothing follows.
- **push** queues portions and lets ordinary pushing runs send them, between those of `{name}_push`. No more goes out
  than was estimated. When its share of the day's calls ({share:.0%}) is used up it waits here and goes on by itself;
  a run that was stopped or killed goes on where it was. A month that is done has nothing left to do.

One month at a time, the last full one up to now; `python -m modstamp backfill {name}` does the same.
"""

log = logging.getLogger(__name__)


def backfill_dags(settings: Settings) -> list[DAG]:
    """Raises `ConfigurationError`, which Airflow shows as an import error of the file."""
    files = (each for each in wiring.mappings(settings).files if each.mapping.backfill and each.mapping.pushing.on)
    return [_dag(file, settings) for file in files if factory.is_wanted(dag_id(file.mapping))]


def dag_id(mapping: TypeMapping) -> str:
    return f"{mapping.name}_backfill"


def estimate(mapping: str) -> Document:
    """What the month takes."""
    from modstamp import report  # noqa: PLC0415  # rich

    months = [each.as_dict() for each in backfill.estimate(mapping, _stretch(mapping), Settings(), resolve)]
    document = {"mapping": mapping, "months": months, "due": sum(each["due"] for each in months)}
    log.info("%s", report.estimated_backfill(document))
    return document


def push(mapping: str, estimated: Document) -> PokeReturnValue:
    """Not done while a limit, a question or another run is in the way: Airflow comes again."""
    context = get_current_context()
    if context["params"]["estimate_only"]:
        raise AirflowSkipException("only an estimate was asked for")
    settings, chosen = Settings(), _stretch(mapping)
    due, who = int(estimated["due"]), context["dag_run"].triggering_user_name or "Airflow"
    done = backfill.carry_out(mapping, chosen, due, who, settings, resolve, told=_tell(mapping))
    if done.stopped or not done.runs:
        _tell(mapping)(done)
    if done.cause == "more":
        raise AirflowFailException(done.stopped)
    return PokeReturnValue(is_done=done.done, xcom_value=done.as_dict())


def _tell(mapping: str) -> Callable[[Progress], None]:
    from modstamp import report  # noqa: PLC0415  # rich

    return lambda progress: log.info("%s", report.backfill({"mapping": mapping, "progress": progress.as_dict()}))


def _stretch(mapping: str) -> Stretch:
    """The run's month; that of the last full one goes up to now, as Airflow makes no run for a month under way."""
    context = get_current_context()
    since, until, now = context["data_interval_start"], context["data_interval_end"], datetime.now(UTC)
    under_way = until is not None and (until.year, until.month) == (now.year, now.month)
    return backfill.stretch(mapping, since, None if under_way else until, Settings())


def _dag(file: MappingFile, settings: Settings) -> DAG:
    mapping = file.mapping
    assert mapping.backfill is not None  # noqa: S101  # for the type checker: the caller asked
    with DAG(
        dag_id=dag_id(mapping),
        dag_display_name=f"Backfill {factory.title(mapping)} · {mapping.connection}",
        description=f"Brings out what was there before {mapping.name} listened, when a person says so.",
        doc_md=_DOCUMENTATION.format(name=mapping.name, share=mapping.backfill.share),
        schedule=Months("@monthly", timezone="UTC"),
        start_date=_BEGINNING,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=1,
        tags=[mapping.system, mapping.internal, "backfill"],
        params={
            "estimate_only": Param(
                False,  # noqa: FBT003  # the first argument of a Param is its default
                "Tell what each month takes, and send nothing. To send it afterwards choose All Runs, and override "
                "the parameters of existing runs.",
                type="boolean",
                title="Estimate only",
            )
        },
        default_args={
            **factory.default_arguments(settings, timedelta(minutes=1)),
            "pool": factory.pool(mapping.connection),
        },
    ) as dag:
        lane: dict[str, Any] = {"mode": "reschedule", "poke_interval": _LOOKS_AGAIN, "timeout": _GIVES_UP}
        task.sensor(**lane)(push)(mapping.name, task(multiple_outputs=False)(estimate)(mapping.name))
    return dag
