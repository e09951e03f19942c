"""When a DAG runs: by the clock, and besides when there is something new for it.

A push is started by the pending entries of its mapping, within seconds of the commit that made them (OSF-012); the
clock is the net beneath, and takes up what a run had to leave. A poll starts the push of its type if it leaves it work.

A poll is started when a type that it refers to has new records.
A record whose parent is not linked yet waits and is tried again by the next run (G16). So the clock alone would do;
the assets save a child the wait for its next turn, which on the first load would be a whole interval per generation.
An asset is touched only by a run that linked something new: in quiet times no poll sets off another, and types that
refer to each other in a ring come to rest. A run that took a slice of a large window touches an asset of its own type,
so that the next slice is read at once (G3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from airflow.sdk import Asset, AssetAlias, AssetAny, AssetOrTimeSchedule, AssetWatcher
from airflow.sdk.bases.timetable import BaseTimetable

from modstamp.engine.handoff import Summary
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction
from modstamp.orchestration.clock import Clock
from modstamp.orchestration.triggers import PendingEntries
from modstamp.settings import Settings

_NEW: Final = ("created", "linked")
_LEFT: Final = "left over"


def of(every: Mappings, mapping: TypeMapping, direction: Direction, settings: Settings) -> BaseTimetable | None:
    """None: the mapping switches this direction off."""
    if not mapping.is_on(direction):
        return None
    clock: Any = _clock(every, mapping, direction)  # one of a plugin is no kind of those that the annotation names
    if direction is Direction.PUSHING:
        return AssetOrTimeSchedule(timetable=clock, assets=_watched(mapping, settings))
    parents = [parent for parent in every.parents(mapping) if parent.name != mapping.name]
    return AssetOrTimeSchedule(timetable=clock, assets=AssetAny(rest(mapping), *map(linked, parents)))


def _clock(every: Mappings, mapping: TypeMapping, direction: Direction) -> Clock:
    mine = 2 * [each.name for each in every].index(mapping.name)
    if direction is Direction.POLLING:
        return Clock(mapping.polling.every, mine)
    return Clock(mapping.pushing.every, mine + 1)


def linked(mapping: TypeMapping) -> Asset:
    """Stands for the links of a type."""
    return Asset(name=f"{mapping.name}_links", uri=f"modstamp://{mapping.connection}/{mapping.name}", group="modstamp")


def rest(mapping: TypeMapping) -> Asset:
    """Stands for the slices of a window that are still to be read."""
    return Asset(
        name=f"{mapping.name}_rest", uri=f"modstamp://{mapping.connection}/{mapping.name}/rest", group="modstamp"
    )


def pending(mapping: TypeMapping, watchers: Sequence[AssetWatcher] = ()) -> Asset:
    """Stands for the pending entries of a pushing mapping."""
    return Asset(
        name=f"{mapping.name}_pending",
        uri=f"modstamp://{mapping.connection}/{mapping.name}/pending",
        group="modstamp",
        watchers=list(watchers),
    )


def _watched(mapping: TypeMapping, settings: Settings) -> Asset:
    trigger = PendingEntries(mapping=mapping.name, connection=settings.engagement_connection)
    return pending(mapping, [AssetWatcher(name=f"{mapping.name}_arrivals", trigger=trigger)])


def outlets(mapping: TypeMapping, direction: Direction) -> list[AssetAlias]:
    """An alias, because a plain asset would be touched by every run that succeeds."""
    return [_alias(mapping)] if direction is Direction.POLLING else []


def announce(context: Any, mapping: TypeMapping, summary: Summary) -> None:
    """Touch the type's assets for what others may begin with. `context`: of the task with the outlet."""
    for asset, extra in _news(mapping, summary):
        context["outlet_events"][_alias(mapping)].add(asset, extra={"run": summary.run_id, **extra})


def _news(mapping: TypeMapping, summary: Summary) -> Iterator[tuple[Asset, dict[str, int]]]:
    if summary.direction is Direction.POLLING:
        if new := sum(summary.counts.get(kind, 0) for kind in _NEW):
            yield linked(mapping), {"new": new}
        if left := summary.counts.get(_LEFT, 0):
            yield pending(mapping), {"left": left}
    if summary.unfinished:
        yield rest(mapping), {}


def _alias(mapping: TypeMapping) -> AssetAlias:
    return AssetAlias(name=f"{mapping.name}_new_links", group="modstamp")
