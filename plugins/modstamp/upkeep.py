"""What people do between runs: replay what waits, compare both sides, take a run back, ask why.

One function per command, each with a JSON-able answer, for the command line and for DAGs alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping.catalog import Mappings, suggestion
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstamp.engine.explain import Facts
    from modstamp.engine.findings import Reconciled
    from modstamp.engine.reconcile import ReconcileOptions
    from modstamp.engine.undo import Undone
    from modstamp.mapping.drift import Drift
    from modstamp.ports import RunRecord

Causes = list[dict[str, Any]]


def causes(mapping_name: str, settings: Settings, resolve: Resolver = from_environment) -> Causes:
    """What waits of one mapping, by cause: direction, kind, code, reason, example, records, oldest, fix."""
    from modstamp.engine.remedies import remedy  # noqa: PLC0415  # the engine's package
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.overview import quarantine_counts  # noqa: PLC0415  # SQLAlchemy

    mapping = wiring.mappings(settings)[mapping_name]
    with wiring.open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        found = quarantine_counts(connection, mapping.name)
    return [{**each.as_dict(), "fix": remedy(each.kind, each.code)} for each in found]


def replay(
    mapping_name: str,
    directions: Sequence[Direction],
    code: str | None,
    settings: Settings,
    resolve: Resolver = from_environment,
) -> dict[Direction, int]:
    """Let the next runs try again what waits for this cause, or all of it (None): records queued by direction (G26).

    Raises `ConfigurationError` for a cause that nothing waits for. A direction that is off is left alone.
    """
    from modstamp.engine.replay import replay as queue  # noqa: PLC0415  # pandas

    waiting = [each["code"] for each in causes(mapping_name, settings, resolve) if each["direction"] in directions]
    if code is not None and code not in waiting:
        problem = Problem(f"cause '{code}'", f"nothing waits for it in {mapping_name}", suggestion(code, waiting))
        raise ConfigurationError([problem])
    queued = {}
    for direction in directions:
        with wiring.open_run(mapping_name, direction, settings, resolve) as run:
            if run.environment.mapping.is_on(direction):
                queued[direction] = queue(run.environment, direction, code)
    return queued


def decide(  # noqa: PLR0913  # one per argument of the command
    mapping_name: str,
    settings: Settings,
    resolve: Resolver = from_environment,
    *,
    record_id: str,
    field: str,
    winner: str,
    who: str,
) -> dict[str, Any]:
    """Answer a conflict that the mapping asks about. Raises `ConfigurationError` where no such question is open."""
    from modstamp.engine.decide import decide as keep  # noqa: PLC0415  # pandas

    with wiring.open_run(mapping_name, Direction.POLLING, settings, resolve) as run:
        return keep(run.environment, record_id, field, winner, who)


def reconcile(
    mapping_name: str,
    options: ReconcileOptions,
    run_id: str,
    settings: Settings,
    resolve: Resolver = from_environment,
) -> Reconciled:
    """Compare both sides of a mapping, and repair if the options say so; calls are charged to `run_id`.

    A DAG passes its own run id. Raises what `engine.reconcile.reconcile` raises.
    """
    from modstamp.engine.reconcile import reconcile as compare  # noqa: PLC0415  # pandas

    with wiring.open_run(mapping_name, Direction.POLLING, settings, resolve) as run:
        environment = run.rehearsal if options.dry_run else run.environment
        with run.meter.during(run_id, environment.mapping.name):
            return compare(environment, options, run_id)


def drift(
    names: Sequence[str], settings: Settings, resolve: Resolver = from_environment, *, who: str | None = None
) -> list[dict[str, Any]]:
    """What came, went or changed of external types since a person last knew of it: mapping, field, verb, old, new.

    Types are described anew, one call each. Without names all mappings. `who`: accepts all of it, so that none of it is
    told, or stops runs, any more.
    """
    every = wiring.mappings(settings)
    found = []
    for mapping in [every[name] for name in names] or every:
        with wiring.open_run(mapping.name, Direction.POLLING, settings, resolve) as run:
            found += [{"mapping": mapping.name, **each.as_dict(), "told": str(each)} for each in _drift(run, who)]
    return found


def _drift(run: wiring.Run, who: str | None) -> list[Drift]:
    from modstamp.engine import sight  # noqa: PLC0415  # pandas
    from modstamp.mapping.drift import compare  # noqa: PLC0415  # only here

    mapping, store = run.environment.mapping, run.environment.store
    run.descriptions.forget(mapping.external_type)
    with run.meter.during("drift", mapping.name):
        shown = run.environment.connector.describe(mapping.external_type)
    if who is None:
        return compare(mapping, sight.known(store, mapping), shown)
    return sight.accept(store, mapping, shown, who)


def undo(
    undone_run_id: str,
    run_id: str,
    settings: Settings,
    resolve: Resolver = from_environment,
    *,
    dry_run: bool = False,
) -> Undone:
    """Take a run back, as far as nobody has edited since what it wrote. Raises `LeaseHeldError` when one is at work.

    Raises `ConfigurationError` for a run that is not known or writes no fields. One that is at work holds its
    lease, and one that was killed does so until it has run out.
    """
    from modstamp.engine.undo import undo as take_back  # noqa: PLC0415  # pandas

    with (
        wiring.open_database(settings, resolve) as engine,
        wiring.open_store(engine, settings).begin(read_only=True) as tx,
    ):
        undone = _undoable(undone_run_id, tx.runs.get(undone_run_id))
    with wiring.open_run(undone.mapping, undone.direction, settings, resolve) as run:
        environment = run.rehearsal if dry_run else run.environment
        with run.meter.during(run_id, undone.mapping):
            return take_back(environment, undone, run_id, dry_run=dry_run)


def _undoable(run_id: str, found: RunRecord | None) -> RunRecord:
    if found is None:
        fix = "take a run id of `python -m modstamp status --json`, or of the log"
        raise ConfigurationError([Problem(f"run '{run_id}'", "there is no such run", fix)])
    if found.kind == "reconcile":
        fix = "undo the runs that followed it"
        raise ConfigurationError([Problem(f"run '{run_id}'", "a reconciliation writes no fields", fix)])
    return found


def explain(
    name: str, record_id: str, field: str | None, settings: Settings, resolve: Resolver = from_environment
) -> dict[str, list[str]]:
    """Mapping → what is recorded of this record, in sentences. `name`: of a mapping, or a type of either side.

    Mappings that know nothing of it are left out where another one does. Raises `ConfigurationError` for a name or
    field that no mapping has.
    """
    from modstamp.engine.explain import tell  # noqa: PLC0415  # the engine's package
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy

    chosen = _named(wiring.mappings(settings), name)
    fields = _fields(chosen, field)
    with wiring.open_database(settings, resolve) as engine, read_only(engine).begin() as connection:
        found = [_facts(connection, mapping, record_id, fields[mapping.name]) for mapping in chosen]
    known = [each for each in found if each.known] or found
    return {each.mapping.name: tell(each) for each in known}


def _named(every: Mappings, name: str) -> list[TypeMapping]:
    found = [each for each in every if name in (each.name, each.internal, each.external, each.external_type)]
    if not found:
        known = sorted({word for each in every for word in (each.name, each.internal, each.external_type)})
        raise ConfigurationError([Problem(f"type '{name}'", "no mapping has it", suggestion(name, known))])
    return found


def _fields(chosen: Sequence[TypeMapping], name: str | None) -> dict[str, list[FieldMapping]]:
    """Mapping → its fields of that name, on either side."""
    found = {each.name: [row for row in each.fields if name in (row.internal, row.external)] for each in chosen}
    if name is not None and not any(found.values()):
        known = sorted({word for each in chosen for row in each.fields for word in (row.internal, row.external)})
        raise ConfigurationError([Problem(f"field '{name}'", "it is not mapped", suggestion(name, known))])
    return found


def _facts(connection: Connection, mapping: TypeMapping, record_id: str, fields: list[FieldMapping]) -> Facts:
    from modstamp.connectors.engagement.catalog import Catalog  # noqa: PLC0415  # SQLAlchemy
    from modstamp.connectors.engagement.records import Records  # noqa: PLC0415  # SQLAlchemy
    from modstamp.engine.explain import Facts  # noqa: PLC0415  # the engine's package
    from modstamp.model import Column, Presence, Side  # noqa: PLC0415  # only here
    from modstamp.state import biography  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.clock import clock_of  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.links import Links  # noqa: PLC0415  # SQLAlchemy

    links = biography.links_of(connection, mapping.name, record_id)
    both = {each for link in links for each in (link["internal_id"], link["external_id"]) if each}
    ids = sorted({record_id, *both})
    internal = next((link["internal_id"] for link in links[::-1] if link["internal_id"]), record_id)
    names = [(str(side), row.name(side)) for row in fields for side in Side]
    records = Records(connection, Catalog()).read(mapping.internal, [row.internal for row in fields], [internal])
    current = {str(name): value for name, value in records.to_dict("records")[0].items()}
    family = Links(connection, clock_of(connection)).in_family(mapping, [record_id]).to_dict("records")
    cursor, poll = biography.last_polls(connection, mapping.name)
    return Facts(
        mapping=mapping,
        record_id=record_id,
        links=links,
        log=biography.log_of(connection, mapping.name, ids),
        history=biography.history_of(connection, [link["id"] for link in links], names) if names else (),
        **biography.waiting_of(connection, mapping.name, ids),
        current=current if current[Column.STATE] == Presence.FOUND else None,
        foreign=next((row["mapping"] for row in family if row["mapping"] != mapping.name), None),
        cursor=cursor,
        poll=poll,
        fields=fields,
    )
