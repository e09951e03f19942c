"""The DAG of what has to be done daily: forget, look again, refresh each connection, reconcile."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import DAG, CronTriggerTimetable, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from modstamp import housekeeping, upkeep, wiring
from modstamp.model import Direction
from modstamp.orchestration import factory
from modstamp.orchestration.connections import resolve
from modstamp.settings import Settings

# Without a start date, which Airflow would take for a run that was missed: unpaused by day, it waits for the night.
_AT_NIGHT: Final = CronTriggerTimetable("30 3 * * *", timezone="UTC", run_immediately=timedelta(minutes=5))
_DOCUMENTATION: Final = """
Keeps the house, once a night and by hand as `python -m modstamp upkeep`.

- **forget** removes, batch by batch, what has been kept long enough: the log, former values, runs, findings of
  expectations, requests, links of deleted records and staged parts. How long: the settings `MODSTAMP_…_RETENTION`.
- **look_again** queues the records that a condition withholds: it may look at the date, a formula or a parent's field,
  which change without the record. The next run of each mapping judges them anew.
- **refresh** describes the types of each connection anew, and tells which fields came, went or changed.
- **reread_formulas** reads the calculated fields of linked records, 2,000 per call, and queues those that show another
  value: a formula changes without its record, so that no poll sees it.
- **reconcile** compares both sides of each mapping and lists what is out of step. Drifted and never seen records are
  queued for the next runs, as a right that was lost for a while leaves them; with `repair` everything is. It reads each
  type whole: large ones by Bulk 2.0, in few calls.
"""

log = logging.getLogger(__name__)


def forget() -> None:
    log.info("Forgotten: %s", housekeeping.forget(Settings(), resolve))


def look_again() -> None:
    log.info("To be looked at again: %s", housekeeping.look_again(Settings(), resolve))


def refresh(connection: str) -> None:
    log.info("%s: %s", connection, housekeeping.refresh(connection, Settings(), resolve))


def reread_formulas(connection: str) -> None:
    log.info("%s: %s", connection, housekeeping.reread_formulas(connection, Settings(), resolve))


def reconcile(mapping: str) -> None:
    """What it finds stands in the log; a manual run that asks for repair queues it for the next runs.

    What may have been hidden for a while is queued in any case: when it is shown again it has no new stamp (G12).
    """
    from modstamp.engine.reconcile import ReconcileOptions  # noqa: PLC0415  # pandas

    with wiring.open_run(mapping, Direction.POLLING, Settings(), resolve) as run:
        if not run.has_loaded():
            raise AirflowSkipException(f"the first load of {mapping} is not done: there is nothing to compare yet")
    context = get_current_context()
    run_id = f"{context['dag'].dag_id}/{context['run_id']}/{mapping}"
    options = ReconcileOptions(repair=context["params"]["repair"], reread=True)
    found = upkeep.reconcile(mapping, options, run_id, Settings(), resolve)
    log.info("%s: %s", mapping, found.as_dict())


def upkeep_dag(settings: Settings) -> DAG:
    """Raises `ConfigurationError`, which Airflow shows as an import error of the file."""
    with DAG(
        dag_id="modstamp_upkeep",
        dag_display_name="Upkeep",
        description="Forget what was kept long enough, look again at what conditions withhold, reconcile.",
        doc_md=_DOCUMENTATION,
        schedule=_AT_NIGHT,
        catchup=False,
        max_active_runs=1,
        tags=["modstamp"],
        params={
            "repair": Param(
                False,  # noqa: FBT003  # the first argument of a Param is its default
                "Queue what reconcile finds for the next runs.",
                type="boolean",
                title="Repair",
            )
        },
        default_args=factory.default_arguments(settings, timedelta(minutes=5)),
    ) as dag:
        task(forget)()
        task(look_again)()
        for connection in housekeeping.connections(settings):
            arguments: dict[str, Any] = {"task_id": f"refresh_{connection}", "pool": factory.pool(connection)}
            task(**arguments)(refresh)(connection)
            task(**{**arguments, "task_id": f"reread_formulas_{connection}"})(reread_formulas)(connection)
        for mapping in wiring.mappings(settings):
            if mapping.is_on(Direction.POLLING):
                arguments = {"task_id": f"reconcile_{mapping.name}", "pool": factory.pool(mapping.connection)}
                task(**arguments)(reconcile)(mapping.name)
    return dag
