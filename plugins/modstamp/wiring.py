"""From settings and connections to a runnable mapping: the one place where connectors, state and engine meet.

Nothing heavy is imported until a run is opened, as Airflow reads `mappings` at every DAG parse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from modstamp.connections import ConnectionSettings, from_environment, variable
from modstamp.errors import ConfigurationError, ModstampError, Problem, RetryableError
from modstamp.mapping import loading
from modstamp.mapping.catalog import Mappings
from modstamp.model import Direction
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modstamp.engine.environment import Environment
    from modstamp.engine.handoff import Handoff, RunOptions, Summary
    from modstamp.ports import Connector, Store
    from modstamp.state.calls import Meter

Resolver = Callable[[str], ConnectionSettings]


def mappings(settings: Settings) -> Mappings:
    """Every mapping file, checked. Raises `ConfigurationError` with all problems at once."""
    return loading.load(settings.mappings)


def engagement_url(settings: Settings, resolve: Resolver = from_environment) -> str:
    """The SQLAlchemy URL of the engagement database, from its connection."""
    from sqlalchemy import URL  # noqa: PLC0415  # not at DAG-parse time

    found = resolve(settings.engagement_connection)
    if found.kind == "sqlite":
        return f"sqlite:///{'/'.join(filter(None, [found.host, found.schema]))}"
    query = {str(name): str(value) for name, value in found.extra.items()}
    url = URL.create(
        "postgresql+psycopg",
        username=found.login or None,
        password=found.password or None,
        host=found.host or None,
        port=found.port,
        database=found.schema,
        query=query,
    )
    return url.render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class Run:
    """One mapping in one direction, ready to run. Each step may be called in a process of its own."""

    environment: Environment
    direction: Direction
    meter: Meter

    def extract(self, options: RunOptions, run_id: str) -> Handoff:
        """Raises `LeaseHeldError` when another run is at work."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(run_id, self.environment.mapping.name):
            return run.start(self.environment, self.direction, options, run_id)

    def transform(self, handoff: Handoff) -> Handoff:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        return run.transform(self.environment, handoff)

    def validate(self, handoff: Handoff) -> Handoff:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.validate(self.environment, handoff)

    def load(self, handoff: Handoff) -> Summary:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.finish(self.environment, handoff)

    def fail(self, handoff: Handoff, message: str) -> None:
        """Note that the run could not go on."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        run.fail(self.environment, handoff, message)


@contextmanager
def open_run(
    mapping_name: str, direction: Direction, settings: Settings, resolve: Resolver = from_environment
) -> Iterator[Run]:
    """Open the connections of one mapping. Raises `ConfigurationError`."""
    with open_database(settings, resolve) as engine:
        yield _run(mapping_name, direction, settings, resolve, engine)


def _run(mapping_name: str, direction: Direction, settings: Settings, resolve: Resolver, engine: Engine) -> Run:
    from modstamp.engine.environment import Environment  # noqa: PLC0415  # pandas
    from modstamp.staging import ParquetStaging  # noqa: PLC0415  # pyarrow
    from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy

    every = mappings(settings)
    mapping = every[mapping_name]
    meter = Meter(engine, mapping.connection)
    environment = Environment(
        mapping=mapping,
        tables=every.tables(mapping),
        mapping_hash=every.file(mapping_name).fingerprint,
        store=open_store(engine, settings),
        connector=connect(mapping.system, resolve(mapping.connection), settings, meter),
        staging=ParquetStaging(settings.staging_url),
        settings=settings,
        calls_of=meter.counted,
    )
    return Run(environment, direction, meter)


@contextmanager
def open_database(settings: Settings, resolve: Resolver = from_environment) -> Iterator[Engine]:
    """The engagement database, which holds the state too. Raises `RetryableError` when it cannot be reached."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415  # not at DAG-parse time

    from modstamp.state.database import open_engine  # noqa: PLC0415  # SQLAlchemy

    engine = open_engine(engagement_url(settings, resolve))
    try:
        yield engine
    except OperationalError as error:
        where = f"connection '{settings.engagement_connection}' ({engine.url.render_as_string()})"
        fix = f"start the database, or correct {variable(settings.engagement_connection)}"
        raise RetryableError(f"{where}: the engagement database does not answer: {error.orig}. Fix: {fix}") from error
    finally:
        engine.dispose()


def open_store(engine: Engine, settings: Settings) -> Store:
    """The state and the records of the internal database."""
    from modstamp.connectors.engagement import capture  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.catalog import Catalog  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.records import Records  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.store import Store  # noqa: PLC0415  # SQLAlchemy

    return Store(engine, partial(Records, catalog=Catalog()), capture.writer, settings.lease)


def connect(system: str, connection: ConnectionSettings, settings: Settings, meter: Meter) -> Connector:
    """The connector of an outside system. Raises `ConfigurationError` for a system that there is none for."""
    if system != "salesforce":
        problem = Problem(
            f"mapping of {system}", f"there is no connector for {system}", "use salesforce.<Type> as external"
        )
        raise ConfigurationError([problem])
    from modstamp.connectors.salesforce.connector import SalesforceConnector  # noqa: PLC0415  # pandas

    return SalesforceConnector(
        connection, settings, record_call=meter.record, usage=meter.usage, last_report=meter.last_report
    )


def prepare(settings: Settings, resolve: Resolver = from_environment) -> None:
    """Bring the engagement database up to date: tables, triggers, and who listens to which table (G4)."""
    from modstamp.connectors.engagement import capture  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.catalog import Catalog, table_name  # noqa: PLC0415  # SQLAlchemy
    from modstamp.migrations import migrate  # noqa: PLC0415  # Alembic

    with open_database(settings, resolve) as engine:
        migrate(engine)
        listening = {mapping.name: mapping for mapping in mappings(settings) if mapping.pushing.on}
        watches = {name: table_name(mapping.internal) for name, mapping in listening.items()}
        catalog = Catalog()
        with engine.begin() as connection:
            for name in capture.watch(connection, watches):
                mapping = listening[name]
                if mapping.outbound.create.on:  # else rows without a counterpart have nothing to wait for
                    capture.seed(connection, catalog.table(connection, mapping.internal), name)


def run_through(run: Run, options: RunOptions, run_id: str) -> Summary:
    """All four steps in this process."""
    handoff = run.extract(options, run_id)
    try:
        return run.load(run.validate(run.transform(handoff)))
    except ModstampError as error:
        if not options.dry_run:
            run.fail(handoff, str(error))
        raise


def unusable_expectations(every: Mappings) -> list[Problem]:
    """Entries of `expect:` that Great Expectations does not take as they are written."""
    from modstamp.engine import expectations, validate  # noqa: PLC0415  # Great Expectations

    rules = [
        rule
        for file in every.files
        for each in Direction
        for rule in expectations.written(file.mapping, each, file.document)
    ]
    return list(dict.fromkeys(validate.unusable(rules)))


def examine(settings: Settings, resolve: Resolver = from_environment) -> dict[str, Any]:
    """Every mapping against both live systems: problems stop runs, advice does not (OSF-004 to 007, STG-002)."""
    from modstamp.mapping.live import advise_live, check_live  # noqa: PLC0415  # only here

    every = mappings(settings)
    problems: list[Problem] = []
    found = []
    with open_database(settings, resolve) as engine:
        for file in every.files:
            mapping = file.mapping
            run = _run(mapping.name, Direction.POLLING, settings, resolve, engine)
            try:
                with run.environment.store.begin(read_only=True) as tx:
                    internal = tx.records.describe(mapping.internal)
                    types = {field.reference.type for field in mapping.fields if field.reference}
                    parents = {name: tx.records.describe(name) for name in types}
                external = run.environment.connector.describe(mapping.external_type)
            except ConfigurationError as error:
                problems += error.problems
                continue
            found.append(
                {
                    "mapping": mapping.name,
                    "internal": mapping.internal,
                    "external": mapping.external,
                    "problems": [each.as_dict() for each in check_live(file, internal, external, parents)],
                    "advice": [each.as_dict() for each in advise_live(file, internal, external)],
                }
            )
    return {"mappings": found, "problems": [each.as_dict() for each in dict.fromkeys(problems)]}


def overview(settings: Settings, resolve: Resolver = from_environment) -> dict[str, Any]:
    """The last run of every mapping and direction, what waits and why, and what was called."""
    from modstamp.state import overview as state  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.runs import Runs  # noqa: PLC0415  # SQLAlchemy

    with open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        connections = dict.fromkeys(mapping.connection for mapping in mappings(settings))
        return {
            "runs": [each.as_dict() for each in Runs(connection).latest()],
            "pending": [each.as_dict() for each in state.pending_counts(connection)],
            "quarantine": [each.as_dict() for each in state.quarantine_counts(connection)],
            "links": [each.as_dict() for each in state.link_counts(connection)],
            "budgets": [_budget(Meter(engine, each), each) for each in connections],
        }


def last_validations(settings: Settings, limit: int, resolve: Resolver = from_environment) -> list[dict[str, Any]]:
    """What the expectations found in the newest runs, for `engine.validation_report`."""
    from modstamp.state import overview as state  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    with open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        return state.last_validations(connection, limit)


def _budget(meter: Meter, connection: str) -> dict[str, Any]:
    report = meter.last_report()
    told = {"used_by_all": report.used if report else None, "maximum": report.maximum if report else None}
    return {"connection": connection, "used_by_us": meter.usage(), **told}
