"""What has to be done now and then, whether or not anything changed: forget, look again, refresh.

One function per task, each with a JSON-able answer, for the command line and for the DAG alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.model import Direction
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.mapping.schema import TypeMapping
    from modstamp.ports import Store

_PAGE: Final = 2_000
_AGAIN: Final = "a condition may look at something else than the record: the date, a formula, its parent"
_NAMED: Final = "the name that it refers to may be that of one record by now"


def forget(settings: Settings, resolve: Resolver = from_environment) -> dict[str, int]:
    """Remove what has been kept long enough; returns how much of each kind went. Batch by batch."""
    from modstamp.staging import ParquetStaging  # noqa: PLC0415  # pyarrow
    from modstamp.state import retention  # noqa: PLC0415  # SQLAlchemy

    ages = {
        retention.LOG: settings.log_retention,
        retention.HISTORY: settings.history_retention,
        retention.RUNS: settings.run_retention,
        retention.VALIDATIONS: settings.validation_retention,
        retention.CALLS: settings.call_retention,
    }
    parts = ParquetStaging(settings.staging_url).remove_older_than(settings.staging_retention)
    with wiring.open_database(settings, resolve) as engine:
        store = wiring.open_store(engine, settings)
        now = store.now()
        with store.begin() as tx:
            tombstones = tx.links.purge_tombstones(now - settings.tombstone_retention)
        gone = retention.forget(engine, {kind: now - age for kind, age in ages.items()})
    return {"staged runs": parts, "tombstones": tombstones, **gone}


def look_again(settings: Settings, resolve: Resolver = from_environment) -> dict[str, int]:
    """Queue every record that a condition withholds for the next run: "mapping direction" → records (G7).

    All of them, as the date is no field and what a formula or a parent's field looks at cannot be told from here. So
    are those that refer to a record by a name which the other system would have to be asked for. Attendees whom two
    transactions at once kept from being connected are connected now.
    """
    from modstamp.connectors.engagement import attendees  # noqa: PLC0415  # SQLAlchemy

    queued = {}
    with wiring.open_database(settings, resolve) as engine:
        with engine.begin() as connection:
            attendees.connect(connection)
        store = wiring.open_store(engine, settings)
        for mapping in wiring.mappings(settings):
            for direction in Direction:
                if not mapping.is_on(direction):
                    continue
                # Without a condition, creates may wait for a field that is required outside and not mapped.
                records = queue(store, mapping, direction)
                if records or mapping.conditions(direction):
                    queued[f"{mapping.name} {direction}"] = records
    return queued


def queue(store: Store, mapping: TypeMapping, direction: Direction) -> int:
    """The same for one mapping and direction, whether or not it has conditions; returns how many records."""
    withheld = sum(_leave(store, mapping, direction, ids, _AGAIN) for ids in _withheld(store, mapping, direction))
    return withheld + _leave(store, mapping, direction, _nameless(store, mapping, direction), _NAMED)


def _nameless(store: Store, mapping: TypeMapping, direction: Direction) -> list[str]:
    """Rejected, as no record bore the name or several did (STG-033)."""
    by_name = {field.internal for field in mapping.fields if field.looks_for_name}
    if not by_name:
        return []
    with store.begin(read_only=True) as tx:
        lacks = tx.quarantine.lacking(mapping.name, direction)
    return [record for record, values in lacks.items() if not by_name.isdisjoint(values)]


def _withheld(store: Store, mapping: TypeMapping, direction: Direction) -> Iterator[list[str]]:
    """Page by page, each read before the one before is queued: the quarantine itself is not touched."""
    after = ""
    while True:
        with store.begin(read_only=True) as tx:
            ids = tx.quarantine.withheld(mapping.name, direction, after, _PAGE)
        if ids:
            yield ids
            after = ids[-1]
        if len(ids) < _PAGE:
            return


def _leave(store: Store, mapping: TypeMapping, direction: Direction, ids: list[str], reason: str) -> int:
    from modstamp.engine.frames import left_over  # noqa: PLC0415  # pandas

    if not ids:
        return 0
    with store.begin() as tx:
        tx.pending.leave(mapping.name, direction, left_over(ids, reason))
    return len(ids)


def connections(settings: Settings) -> list[str]:
    """Ids of the outside systems, each once."""
    return list(dict.fromkeys(mapping.connection for mapping in wiring.mappings(settings)))


def reread_formulas(
    connection: str, settings: Settings, resolve: Resolver = from_environment
) -> dict[str, dict[str, object]]:
    """Queue linked records whose calculated fields show another value (G7).

    Returns mapping → fields, records, queued, and why it was skipped; those without calculated fields are left out.
    """
    from modstamp.engine.formulas import reread  # noqa: PLC0415  # pandas

    found = {}
    for mapping in wiring.mappings(settings):
        if mapping.connection == connection and mapping.polling.on:
            with (
                wiring.open_run(mapping.name, Direction.POLLING, settings, resolve) as run,
                run.meter.during("formulas", mapping.name),
            ):
                result = reread(run.environment)
            if result is not None:
                found[mapping.name] = asdict(result)
    return found


def refresh(connection: str, settings: Settings, resolve: Resolver = from_environment) -> dict[str, object]:
    """Describe every mapped type of a connection anew, which also tells what its limit has come to.

    ``drift``: mapping → what has changed of its external type since a person last knew of it, in words (G8).
    """
    from modstamp.engine import sight  # noqa: PLC0415  # pandas
    from modstamp.state.calls import Meter  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.descriptions import Descriptions  # noqa: PLC0415  # SQLAlchemy

    of_it = [mapping for mapping in wiring.mappings(settings) if mapping.connection == connection]
    with wiring.open_database(settings, resolve) as engine:
        meter = Meter(engine, connection)
        afresh = Descriptions(engine, connection, age=timedelta(0))  # recalls nothing, remembers all
        connector = wiring.connect(of_it[0].system, resolve(connection), settings, meter, afresh)
        types = list(dict.fromkeys(mapping.external_type for mapping in of_it))
        shown = {name: connector.describe(name) for name in types}
        store = wiring.open_store(engine, settings)
        drifted = {each.name: sight.notice(store, each, shown[each.external_type]) for each in of_it}
        budget = connector.budget()
    told = {name: [str(each) for each in found] for name, found in drifted.items() if found}
    return {"types": types, "drift": told, "used_by_all": budget.used_by_all, "maximum": budget.maximum}
