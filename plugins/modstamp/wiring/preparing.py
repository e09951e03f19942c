"""Bringing the engagement database up to date for the mappings: tables, triggers, listeners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping import history
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.predicates import predicate
from modstamp.settings import Settings
from modstamp.wiring.database import open_database
from modstamp.wiring.opening import mappings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from modstamp.connectors.engagement.catalog import Catalog
    from modstamp.mapping.schema import TypeMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is done to tables that are not ours: table → SQL; and mapping → the column by which it hears instead."""

    statements: Mapping[str, Sequence[str]]
    degraded: Mapping[str, str] = field(default_factory=dict)


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
