"""Two DAGs per type mapping: ``<mapping>_poll`` and ``<mapping>_push``, each extract → transform → validate → load.

Airflow runs this at every parse, and again in every task: nothing heavy may be imported here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from airflow.sdk import DAG, ExceptionRetryPolicy, Param, RetryAction, RetryRule, get_parsing_context, task

from modstamp import wiring
from modstamp.errors import ConfigurationError, FatalError, RetryableError
from modstamp.mapping.catalog import MappingFile, Mappings
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.orchestration import alerts, guide, schedule, steps
from modstamp.orchestration.loading import Load
from modstamp.settings import Settings

VERBS: Final = {Direction.POLLING: "poll", Direction.PUSHING: "push"}

# Long past, so that a schedule starts as soon as its DAG is unpaused; what was missed is in the cursor, not in runs.
_BEGINNING: Final = datetime(2025, 1, 1, tzinfo=UTC)
# Somebody waits for a push; a poll comes every few minutes.
_PRIORITIES: Final = {Direction.POLLING: 1, Direction.PUSHING: 10}
_RETRIES: Final = 3
_RETRY_WAIT: Final = timedelta(seconds=30)
RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=[ConfigurationError, FatalError], action=RetryAction.FAIL),
        RetryRule(exception=RetryableError, action=RetryAction.RETRY, retry_delay=_RETRY_WAIT),
    ]
)


def sync_dags(settings: Settings) -> list[DAG]:
    """Every DAG of every mapping. Raises `ConfigurationError`, which Airflow shows as an import error of the file.

    A task needs its own DAG alone, and reads this in a process of its own each time.
    """
    every = wiring.mappings(settings)
    return [
        _dag(every, file, direction, settings)
        for file in every.files
        for direction in Direction
        if is_wanted(dag_id(file.mapping, direction))
    ]


def is_wanted(dag: str) -> bool:
    """Whether this process has to make that DAG: a task, its own alone."""
    return get_parsing_context().dag_id in (None, dag)


def default_arguments(settings: Settings, retry_delay: timedelta) -> dict[str, Any]:
    """Of every task: what may be tried again is, and somebody hears of what may not."""
    return {
        "retries": _RETRIES,
        "retry_delay": retry_delay,
        "retry_policy": RETRY_POLICY,
        "on_failure_callback": alerts.notifiers(settings),
    }


def dag_id(mapping: TypeMapping, direction: Direction) -> str:
    return f"{mapping.name}_{VERBS[direction]}"


def pool(connection_id: str) -> str:
    """The Airflow pool that bounds how many tasks call one connection's API at once. It must exist."""
    return f"{connection_id}_api"


def _dag(every: Mappings, file: MappingFile, direction: Direction, settings: Settings) -> DAG:
    mapping = file.mapping
    with DAG(
        dag_id=dag_id(mapping, direction),
        dag_display_name=f"{VERBS[direction].capitalize()} {title(mapping)} · {mapping.connection}",
        description=guide.sentence(mapping, direction),
        doc_md=guide.document(file, direction),
        schedule=schedule.of(every, mapping, direction, settings),
        start_date=_BEGINNING,
        catchup=False,
        max_active_runs=1,
        tags=[mapping.system, mapping.internal, str(direction)],
        params=_params(direction),
        default_args={**default_arguments(settings, _RETRY_WAIT), "priority_weight": _PRIORITIES[direction]},
    ) as dag:
        calling: dict[str, Any] = {"multiple_outputs": False, "pool": pool(mapping.connection)}
        extracted = task(**calling)(steps.extract)(mapping.name, str(direction))
        transformed = task(**calling)(steps.transform)(extracted)
        validated = task(**calling)(steps.validate)(transformed)
        Load(
            task_id="load",
            document=validated,
            pool=pool(mapping.connection),
            outlets=schedule.outlets(mapping, direction),
        )
    return dag


def title(mapping: TypeMapping) -> str:
    """The external type; of a mapping with a name of its own, which need not be the only one, that name too."""
    if "name" not in mapping.model_fields_set:
        return mapping.external_type
    own = mapping.name.removeprefix(f"{mapping.connection}_").removeprefix(f"{mapping.external_type.lower()}_")
    return f"{mapping.external_type} ({own.replace('_', ' ')})"


def _params(direction: Direction) -> dict[str, Param]:
    """The form of a manual run."""
    params = {
        "limit": Param(None, "At most so many records.", type=["null", "integer"], minimum=1, title="Limit"),
        "dry_run": Param(
            False,  # noqa: FBT003  # the first argument of a Param is its default
            "Write nothing; the log of the last task shows what would be done, field by field.",
            type="boolean",
            title="Dry run",
        ),
    }
    if direction is Direction.POLLING:
        since, until = "Reads this window and leaves the cursor where it is.", "Empty: until now."
        params["since"] = _text("Changed since", since, format="date-time")
        params["until"] = _text("Changed before", until, format="date-time")
        params["list_view"] = _text("List view", "Brings in the records of this list alone: its name or id.")
        params["report"] = _text("Report", "The same of a report that shows the records' ids.")
    return params


def _text(title: str, description: str, **schema: Any) -> Param:
    return Param(None, description, type=["null", "string"], title=title, **schema)
