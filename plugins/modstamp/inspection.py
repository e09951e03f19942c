"""How things stand, for people: mappings against both live systems, what runs did, what waits. Nothing is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping.catalog import MappingFile, Mappings
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side, TypeDescription
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modstamp.ports import ChangeColumn, Connector, Store
    from modstamp.state.calls import Meter


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
    every = wiring.mappings(settings)
    problems: list[Problem] = []
    found = []
    with wiring.open_database(settings, resolve) as engine:
        store, connectors = wiring.open_store(engine, settings), _Connectors(settings, resolve, engine)
        for file in every.files:
            try:
                found.append(_examined(file, every, store, connectors.of(file.mapping)))
            except ConfigurationError as error:
                problems += error.problems
    return {"mappings": found, "problems": [each.as_dict() for each in dict.fromkeys(problems)]}


class _Connectors:
    """One per connection, so that each is logged in to once; a login that was refused is not tried again."""

    def __init__(self, settings: Settings, resolve: Resolver, engine: Engine) -> None:
        self._settings = settings
        self._resolve = resolve
        self._engine = engine
        self._found: dict[str, Connector | ConfigurationError] = {}

    def of(self, mapping: TypeMapping) -> Connector:
        if mapping.connection not in self._found:
            self._found[mapping.connection] = self._open(mapping)
        found = self._found[mapping.connection]
        if isinstance(found, ConfigurationError):
            raise found
        return found

    def _open(self, mapping: TypeMapping) -> Connector | ConfigurationError:
        from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy
        from modstamp.state.descriptions import Descriptions  # noqa: PLC0415  # SQLAlchemy

        meter = Meter(self._engine, mapping.connection)
        # Recalls nothing: types are described as they are now, and the runs that follow go by that.
        afresh = Descriptions(self._engine, mapping.connection, age=timedelta(0))
        try:
            connection = self._resolve(mapping.connection)
            connector = wiring.connect(mapping.system, connection, self._settings, meter, afresh)
            connector.now()
        except ConfigurationError as error:
            return error
        return connector


def _examined(file: MappingFile, every: Mappings, store: Store, connector: Connector) -> dict[str, Any]:
    from modstamp.engine import readiness, sight  # noqa: PLC0415  # pandas
    from modstamp.mapping import searches, traits  # noqa: PLC0415  # only here
    from modstamp.mapping.live import advise_live, check_live  # noqa: PLC0415  # only here

    mapping = file.mapping
    with store.begin(read_only=True) as tx:
        internal = tx.records.describe(mapping.internal)
        types = {field.reference.type for field in mapping.fields if field.reference}
        change_column = tx.watches.change_column(mapping.name)
        parents = {name: tx.records.describe(name) for name in types}
        lacking = readiness.lacking(tx, mapping, tuple(every))
    external = connector.describe(mapping.external_type)
    searched = {asked: _searched(store, connector, *asked) for asked in searches.searched(mapping)}
    known = sight.known(store, mapping)
    unready = [
        Problem(file.document.where(("pushing",)), readiness.told(mapping, kind), readiness.remedy(names))
        for kind, names in lacking.items()
    ]
    advice = (*advise_live(file, internal, external, known), *_hearing(file, change_column), *unready)
    return {
        "mapping": mapping.name,
        "internal": mapping.internal,
        "external": mapping.external,
        "problems": [
            each.as_dict()
            for each in (*check_live(file, internal, external, parents, known), *searches.check(file, searched))
        ],
        "advice": [each.as_dict() for each in advice],
        "notes": traits.notes(mapping, external),
    }


def _searched(store: Store, connector: Connector, side: Side, type_name: str) -> TypeDescription | None:
    """A type that lookups search; None: there is none of this name."""
    try:
        if side is Side.EXTERNAL:
            return connector.describe(type_name)
        with store.begin(read_only=True) as tx:
            return tx.records.describe(type_name)
    except ConfigurationError:
        return None


def _hearing(file: MappingFile, change_column: ChangeColumn | None) -> list[Problem]:
    """Whether the mapping runs degraded (G31)."""
    if change_column is None:
        return []
    what = f"runs degraded: no triggers on {file.mapping.internal}, so deletes are not noticed and changes come slower"
    fix = f"grant our login the right to put triggers on {file.mapping.internal}, then run `python -m modstamp migrate`"
    return [Problem(file.document.where(("internal",)), what, fix)]


def overview(settings: Settings, resolve: Resolver = from_environment) -> dict[str, Any]:
    """The last run of every mapping and direction, what waits and why, and what was called."""
    from modstamp.state import overview as state  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.holds import Holds  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.runs import Runs  # noqa: PLC0415  # SQLAlchemy

    with wiring.open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        connections = dict.fromkeys(mapping.connection for mapping in wiring.mappings(settings))
        return {
            "runs": [each.as_dict() for each in Runs(connection).latest()],
            "holds": [each.as_dict() for each in Holds(connection).all()],
            "pending": [each.as_dict() for each in state.pending_counts(connection)],
            "quarantine": [each.as_dict() for each in state.quarantine_counts(connection)],
            "links": [each.as_dict() for each in state.link_counts(connection)],
            "budgets": [_budget(Meter(engine, each), each) for each in connections],
        }


def last_validations(settings: Settings, limit: int, resolve: Resolver = from_environment) -> list[dict[str, Any]]:
    """What the expectations found in the newest runs, for `engine.validation_report`."""
    from modstamp.state import overview as state  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    with wiring.open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        return state.last_validations(connection, limit)


def _budget(meter: Meter, connection: str) -> dict[str, Any]:
    report = meter.last_report()
    told = {"used_by_all": report.used if report else None, "maximum": report.maximum if report else None}
    return {"connection": connection, "used_by_us": meter.usage(), **told}
