"""From settings and connections to a run: where connectors, state and engine meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modstamp.connections import ConnectionSettings, Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping import loading
from modstamp.mapping.catalog import Mappings
from modstamp.model import Direction
from modstamp.settings import Settings
from modstamp.wiring.database import open_database
from modstamp.wiring.run import Run

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modstamp.mapping.schema import TypeMapping
    from modstamp.ports import Connector, Lane, Store
    from modstamp.state.calls import Meter
    from modstamp.state.descriptions import Descriptions


def mappings(settings: Settings) -> Mappings:
    """Every mapping file, checked. Raises `ConfigurationError` with all problems at once."""
    return loading.load(settings.mappings)


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
