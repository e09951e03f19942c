"""From settings and connections to a runnable mapping: the one place where connectors, state and engine meet.

Nothing heavy is imported until a run is opened, as Airflow reads `mappings` at every DAG parse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from modstamp.connections import ConnectionSettings, from_environment, variable
from modstamp.errors import (
    ConfigurationError,
    LeaseHeldError,
    LimitReachedError,
    ModstampError,
    Problem,
    RetryableError,
    RunHeldError,
)
from modstamp.mapping import history, loading
from modstamp.mapping.catalog import MappingFile, Mappings
from modstamp.mapping.live import stopping
from modstamp.mapping.predicates import predicate
from modstamp.model import Direction, Side
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from modstamp.connectors.engagement.catalog import Catalog
    from modstamp.engine.environment import Environment
    from modstamp.engine.estimate import Estimate
    from modstamp.engine.handoff import Handoff, RunOptions, Summary
    from modstamp.mapping.schema import TypeMapping
    from modstamp.ports import Connector, Lane, RunRecord, Store
    from modstamp.state.calls import Meter
    from modstamp.state.descriptions import Descriptions

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is done to tables that are not ours: table → SQL; and mapping → the column by which it hears instead."""

    statements: Mapping[str, Sequence[str]]
    degraded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One mapping in one direction, ready to run. Each step may be called in a process of its own.

    `rehearsal` is what dry runs work with: the same, with a store and a connector that cannot write.
    """

    file: MappingFile
    environment: Environment
    rehearsal: Environment
    direction: Direction
    meter: Meter
    descriptions: Descriptions

    def extract(self, options: RunOptions, run_id: str) -> Handoff:
        """Raises `LeaseHeldError` when another run is at work. Parts that nobody will load any more go first."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas
        from modstamp.staging import ParquetStaging  # noqa: PLC0415  # pyarrow

        settings = self.environment.settings
        ParquetStaging(settings.staging_url).remove_older_than(settings.staging_retention)
        self._forget_what_lacks_fields()
        with self.meter.during(run_id, self.environment.mapping.name):
            return run.start(self._environment(dry_run=options.dry_run), self.direction, options, run_id)

    def _forget_what_lacks_fields(self) -> None:
        """A mapped field that was missing may be back by now: its type is described anew, one call a poll (G8)."""
        mapping = self.environment.mapping
        if self.direction is Direction.PUSHING and mapping.polling.on:
            return
        remembered = self.descriptions.recall(mapping.external_type)
        if remembered and any(name not in remembered.fields for name in mapping.field_names(Side.EXTERNAL)):
            self.descriptions.forget(mapping.external_type)

    def estimate(self) -> Estimate:
        """What the next poll will take: one counted call."""
        from modstamp.engine.estimate import estimate  # noqa: PLC0415  # pandas

        with self.meter.during("estimate", self.environment.mapping.name):
            return estimate(self.environment)

    def has_loaded(self) -> bool:
        """Some window was read whole."""
        with self.environment.store.begin(read_only=True) as tx:
            return tx.cursors.get(self.environment.mapping.name).cursor is not None

    def is_first_load(self) -> bool:
        """Nothing was ever read whole, and nothing of the first window yet."""
        if self.direction is not Direction.POLLING:
            return False
        with self.environment.store.begin(read_only=True) as tx:
            cursor = tx.cursors.get(self.environment.mapping.name)
        return cursor.cursor is None and cursor.upper is None

    def goes_through(self, handoff: Handoff) -> bool:
        """Whether the other steps follow at once: nothing is there to do, or a push of few records, which none holds.

        A window that is not read whole, and a dry run, which shows its steps, take them one by one.
        """
        from modstamp.engine import brakes  # noqa: PLC0415  # pandas

        few = self.environment.settings.small_push if handoff.direction is Direction.PUSHING else 0
        rows = sum(part.rows for part in handoff.parts)
        if handoff.dry_run or not handoff.whole or rows > few:
            return False
        return not rows or brakes.let_pass(self.environment, handoff)

    def transform(self, handoff: Handoff) -> Handoff:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.transform(self._environment(dry_run=handoff.dry_run), handoff)

    def validate(self, handoff: Handoff) -> Handoff:
        """Raises `ConfigurationError` when rows are there and a mapped field is not: before anything is written."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            if handoff.parts:
                self._check_fields()
            return run.validate(self._environment(dry_run=handoff.dry_run), handoff)

    def _check_fields(self) -> None:
        """Costs no call: validating asks for the same descriptions, and the connector keeps them."""
        from modstamp.engine import sight  # noqa: PLC0415  # pandas

        mapping = self.environment.mapping
        with self.environment.store.begin(read_only=True) as tx:
            internal = tx.records.describe(mapping.internal)
        external = self.environment.connector.describe(mapping.external_type)
        sides = {Side.INTERNAL: internal, Side.EXTERNAL: external}
        problems = list(stopping(self.file, sides, sight.known(self.environment.store, mapping)))
        if problems:
            # Else the run after the repair would go by what Salesforce showed before it.
            self.descriptions.forget(mapping.external_type)
            raise ConfigurationError(problems)

    def load(self, handoff: Handoff) -> Summary:
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        with self.meter.during(handoff.run_id, handoff.mapping):
            return run.finish(self._environment(dry_run=handoff.dry_run), handoff)

    def fail(self, handoff: Handoff, message: str) -> None:
        """Note that the run could not go on."""
        from modstamp.engine import run  # noqa: PLC0415  # pandas

        run.fail(self.environment, handoff, message)

    def end(self, run_id: str, status: str, message: str) -> Summary:
        """End a run of which no step will be tried again: note why, free its lease, remove what it staged."""
        from modstamp.engine.handoff import Summary  # noqa: PLC0415  # pandas

        store, name = self.environment.store, self.environment.mapping.name
        calls = self.meter.counted(run_id)
        with store.begin() as tx:
            # A limit may be met before the run is noted, when the first load is estimated.
            record = tx.runs.get(run_id) or self._unnoted(run_id)
            tx.runs.put(replace(record, status=status, message=message, ended_at=store.now(), calls=calls))
        with suppress(LeaseHeldError):  # another run has taken over: then there is nothing to give back
            # Its own lease, granted once more: whatever of this run is still about can no longer write (G22).
            store.give_back(store.grant(name, self.direction, run_id))
        self.environment.staging.remove(run_id)
        return Summary(
            run_id=run_id,
            mapping=name,
            direction=self.direction,
            counts=record.counts,
            reasons=record.reasons,
            calls=calls,
            document_calls=0,
            seconds=0.0,
            paused=status == "paused",
            message=message,
        )

    def not_begun(self, run_id: str, message: str) -> Summary:
        """Of a run that an earlier question holds (G28)."""
        from modstamp.engine.handoff import Summary  # noqa: PLC0415  # pandas

        return Summary(
            run_id=run_id,
            mapping=self.environment.mapping.name,
            direction=self.direction,
            counts={},
            reasons={},
            calls=0,
            document_calls=0,
            seconds=0.0,
            held=True,
            message=message,
        )

    def _unnoted(self, run_id: str) -> RunRecord:
        from modstamp.ports import RunRecord  # noqa: PLC0415  # pandas

        name, now = self.environment.mapping.name, self.environment.store.now()
        return RunRecord(id=run_id, mapping=name, direction=self.direction, status="running", started_at=now)

    def estimated_calls(self, summary: Summary) -> int:
        """What a run would be charged for what a dry run has found: as much for looking, and its writes outside."""
        if self.direction is Direction.POLLING:
            return summary.calls
        abilities, batch = self.environment.connector.abilities(), self.environment.settings.outbound_batch
        created, at_once = summary.counts.get("create", 0) + summary.counts.get("recreate", 0), abilities.most_creates
        writes = sum(
            _calls(records, abilities.batch_size, batch)
            for records in (summary.counts.get("update", 0), summary.counts.get("delete", 0))
        )
        # What a create left is read in a call of its own.
        return summary.calls + writes + 2 * _calls(created, min(at_once, abilities.read_size), batch)

    def _environment(self, *, dry_run: bool) -> Environment:
        return self.rehearsal if dry_run else self.environment


def _calls(records: int, per_call: int, batch: int) -> int:
    """Calls that so many records of one operation need, when they travel in batches."""
    whole, rest = divmod(records, batch)
    return whole * -(-batch // per_call) + -(-rest // per_call)


@contextmanager
def open_run(
    mapping_name: str, direction: Direction, settings: Settings, resolve: Resolver = from_environment
) -> Iterator[Run]:
    """Open the connections of one mapping. Raises `ConfigurationError`."""
    with open_database(settings, resolve) as engine:
        yield _run(mapping_name, direction, settings, resolve, engine)


@contextmanager
def open_lane(
    mapping_name: str, prefix: str, settings: Settings, resolve: Resolver = from_environment
) -> Iterator[Run]:
    """The same for pushing runs of a backfill, whose ids begin with `prefix`: they have a share of the calls (G27)."""
    with open_database(settings, resolve) as engine:
        yield _run(mapping_name, Direction.PUSHING, settings, resolve, engine, lane=prefix)


def _run(  # noqa: PLR0913 - what a run is made of
    mapping_name: str,
    direction: Direction,
    settings: Settings,
    resolve: Resolver,
    engine: Engine,
    *,
    lane: str | None = None,
) -> Run:
    from modstamp.connectors.read_only import ReadOnlyConnector  # noqa: PLC0415  # pandas
    from modstamp.engine.environment import Environment  # noqa: PLC0415  # pandas
    from modstamp.staging import ParquetStaging  # noqa: PLC0415  # pyarrow
    from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.descriptions import Descriptions  # noqa: PLC0415  # SQLAlchemy

    every = mappings(settings)
    file = every.file(mapping_name)
    mapping = file.mapping
    meter = Meter(engine, mapping.connection)
    memory = Descriptions(engine, mapping.connection, settings.description_age)
    environment = Environment(
        mapping=mapping,
        tables=every.tables(mapping),
        mapping_hash=file.fingerprint,
        store=open_store(engine, settings),
        connector=connect(
            mapping.system,
            resolve(mapping.connection),
            settings.for_priority("low" if lane else mapping.priority),
            meter,
            memory,
            lane=_lane(mapping, meter, lane),
        ),
        staging=ParquetStaging(settings.staging_url),
        settings=settings,
        calls_of=meter.counted,
        others=tuple(each for each in every if each.connection == mapping.connection and each.name != mapping.name),
    )
    # The meter keeps a session that may write: a dry run's calls are charged like any others (G27).
    rehearsal = replace(
        environment,
        store=open_store(read_only(engine), settings),
        connector=ReadOnlyConnector(environment.connector),
    )
    return Run(file, environment, rehearsal, direction, meter, memory)


def _lane(mapping: TypeMapping, meter: Meter, prefix: str | None) -> Lane | None:
    from modstamp.ports import Lane  # noqa: PLC0415  # pandas

    if prefix is None or mapping.backfill is None:
        return None
    share = mapping.backfill.share
    return Lane(name=f"the backfill of {mapping.name}", share=share, used=partial(meter.usage_of, prefix))


@contextmanager
def open_database(
    settings: Settings, resolve: Resolver = from_environment, *, migrated: bool = True
) -> Iterator[Engine]:
    """The engagement database, which holds the state too; `migrated`: it must have the schema of this version.

    Raises `RetryableError` when it cannot be reached, `ConfigurationError` when it cannot be used as it is.
    """
    from sqlalchemy.exc import DBAPIError, OperationalError  # noqa: PLC0415  # not at DAG-parse time

    from modstamp.state.database import open_engine  # noqa: PLC0415  # SQLAlchemy

    engine = open_engine(engagement_url(settings, resolve))
    where = f"connection '{settings.engagement_connection}' ({engine.url.set(query={}).render_as_string()})"
    try:
        if migrated:
            _check_migrated(engine, where)
        yield engine
    except OperationalError as error:
        what = f"the engagement database does not answer: {_words(error)}"
        fix = f"start the database, or correct {variable(settings.engagement_connection)}"
        raise RetryableError(f"{where}: {what}. Fix: {fix}") from error
    except DBAPIError as error:
        cause = "connect" if error.statement is None else getattr(error.orig, "sqlstate", None)
        if cause not in _FIXES:
            raise
        what = f"the engagement database cannot be used: {_words(error)}"
        problem = Problem(where, what, _FIXES[cause].format(variable=variable(settings.engagement_connection)))
        raise ConfigurationError([problem]) from None  # the original would carry personal data
    finally:
        engine.dispose()


# By SQLSTATE; what is not listed here is a fault of ours.
_FIXES = {"connect": "correct {variable}", "42501": "grant this right to the login of {variable}"}


def _words(error: DBAPIError) -> str:
    """The driver's own message, on one line."""
    return " ".join(str(error.orig).split())


def _check_migrated(engine: Engine, where: str) -> None:
    from modstamp.migrations import newest, revision  # noqa: PLC0415  # Alembic
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    with read_only(engine).connect() as connection:
        found, wanted = revision(connection), newest()
    if found != wanted:
        has = f"has schema {found}" if found else "has never been migrated"
        problem = Problem(where, f"it {has}; this version needs {wanted}", "run `python -m modstamp migrate`")
        raise ConfigurationError([problem])


def open_store(engine: Engine, settings: Settings) -> Store:
    """The state and the records of the internal database."""
    from modstamp.connectors.engagement import capture  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.catalog import Catalog  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.records import Records  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.store import Store  # noqa: PLC0415  # SQLAlchemy

    return Store(engine, partial(Records, catalog=Catalog()), capture.writer, settings.lease)


def connect(  # noqa: PLR0913 - what a connector is made of
    system: str,
    connection: ConnectionSettings,
    settings: Settings,
    meter: Meter,
    memory: Descriptions | None = None,
    *,
    lane: Lane | None = None,
) -> Connector:
    """The connector of an outside system. Raises `ConfigurationError` for a system that there is none for."""
    if system != "salesforce":
        problem = Problem(
            f"mapping of {system}", f"there is no connector for {system}", "use salesforce.<Type> as external"
        )
        raise ConfigurationError([problem])
    from modstamp.connectors.salesforce.connector import SalesforceConnector  # noqa: PLC0415  # pandas

    return SalesforceConnector(
        connection,
        settings,
        record_call=meter.record,
        usage=meter.usage,
        last_report=meter.last_report,
        memory=memory,
        lane=lane,
    )


def prepare(settings: Settings, resolve: Resolver = from_environment) -> Preparation:
    """Bring the engagement database up to date: tables, triggers, and who listens to which table (G4, G31).

    Raises `ConfigurationError` when a table may not have our triggers and its mapping names no change column.
    """
    from modstamp.connectors.engagement import addresses, capture  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.catalog import Catalog, table_name  # noqa: PLC0415  # SQLAlchemy
    from modstamp.migrations import migrate  # noqa: PLC0415  # Alembic

    with open_database(settings, resolve, migrated=False) as engine:
        migrate(engine)
        listening = {file.mapping.name: file for file in mappings(settings).files if file.mapping.pushing.on}
        watches = {name: table_name(file.mapping.internal) for name, file in listening.items()}
        catalog = Catalog()
        with engine.begin() as connection:
            addresses.let_repeat(connection, repeat=settings.duplicate_prospects)
            found = _outstanding(connection, catalog, listening.values())
            refused = [name for name, statements in found.items() if not capture.try_out(connection, statements)]
            degraded = _degraded([file for name, file in listening.items() if watches[name] in refused])
            for name in capture.watch(connection, watches, degraded):
                mapping = listening[name].mapping
                if name not in degraded:
                    table = catalog.table(connection, mapping.internal)
                    capture.seed(connection, table, name, unlinked=_looked_at_unasked(connection, catalog, mapping))
    return Preparation(statements=found, degraded=degraded)


def _looked_at_unasked(connection: Connection, catalog: Catalog, mapping: TypeMapping) -> ColumnElement[bool] | None:
    """Which rows without a link a mapping looks at when it first listens; None: at all of them."""
    from sqlalchemy import false  # noqa: PLC0415  # not at DAG-parse time

    from modstamp.connectors.engagement.criteria import clause  # noqa: PLC0415  # SQLAlchemy

    if not mapping.outbound.create.on:
        return false()  # they have nothing to wait for
    if mapping.backfill is None:
        return None
    asked = history.upcoming(mapping.backfill.by, datetime.now(UTC))
    shown = catalog.describe(connection, mapping.internal).fields
    found = predicate(asked.condition, shown, asked.now)
    return clause(found, catalog.table(connection, mapping.internal), dialect=connection.dialect.name)


def preparation(settings: Settings, resolve: Resolver = from_environment) -> Preparation:
    """What `prepare` would do to tables that are not ours. Nothing is written."""
    from modstamp.connectors.engagement.catalog import Catalog  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    files = [file for file in mappings(settings).files if file.mapping.pushing.on]
    with open_database(settings, resolve, migrated=False) as engine, read_only(engine).connect() as connection:
        return Preparation(statements=_outstanding(connection, Catalog(), files))


def _outstanding(connection: Connection, catalog: Catalog, files: Iterable[MappingFile]) -> dict[str, list[str]]:
    """Table → SQL. The reference tables' triggers come with the migrations."""
    from modstamp.connectors.engagement import capture  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.types import TYPES  # noqa: PLC0415  # SQLAlchemy

    foreign = dict.fromkeys(file.mapping.internal for file in files if file.mapping.internal not in TYPES)
    found = {name: capture.outstanding(connection, catalog.table(connection, name)) for name in foreign}
    return {name: statements for name, statements in found.items() if statements}


def _degraded(refused: Iterable[MappingFile]) -> dict[str, str]:
    """Mapping → the column that it hears by."""
    columns = {file.mapping.name: file.mapping.changed_by for file in refused}
    problems = [_no_triggers(file) for file in refused if file.mapping.changed_by is None]
    if problems:
        raise ConfigurationError(problems)
    return {name: column for name, column in columns.items() if column}


def _no_triggers(file: MappingFile) -> Problem:
    what = f"our login may not put triggers on {file.mapping.internal}"
    fix = (
        f"grant it the right (GRANT TRIGGER ON {file.mapping.internal} TO …), or name a column that holds the time of "
        "the last change: changed_by"
    )
    return Problem(file.document.where(("internal",)), what, fix)


def run_through(run: Run, options: RunOptions, run_id: str) -> Summary:
    """All four steps in this process. A limit reached in any of them pauses the run and is no failure (G27).

    Nor is a question that waits for its answer: then nothing begins (G28).
    """
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # not at DAG-parse time

    try:
        return run.load(run.validate(run.transform(run.extract(options, run_id))))
    except LeaseHeldError:
        raise
    except RunHeldError as held:
        return run.not_begun(run_id, str(held))
    except (ModstampError, DBAPIError) as error:
        if options.dry_run:
            run.rehearsal.staging.remove(run_id)
            raise
        if isinstance(error, LimitReachedError):
            return run.end(run_id, "paused", str(error))
        # What SQLAlchemy says of a statement quotes the rows in it.
        run.end(run_id, "failed", _words(error) if isinstance(error, DBAPIError) else str(error))
        raise
