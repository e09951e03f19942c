"""When a DAG runs: by the clock, and polls also when a type that they refer to has new records.

A record whose parent is not linked yet waits and is tried again by the next run (G16). So the clock alone would do;
the assets save a child the wait for its next turn, which on the first load would be a whole interval per generation.
An asset is touched only by a run that linked something new: in quiet times no poll sets off another, and types that
refer to each other in a ring come to rest. A run that took a slice of a large window touches an asset of its own type,
so that the next slice is read at once (G3).
"""

from __future__ import annotations

from typing import Any, Final

from airflow.sdk import Asset, AssetAlias, AssetAny, AssetOrTimeSchedule, DeltaTriggerTimetable
from airflow.sdk.bases.timetable import BaseTimetable

from modstamp.engine.handoff import Summary
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction

_NEW: Final = ("created", "linked")


def of(every: Mappings, mapping: TypeMapping, direction: Direction) -> BaseTimetable | None:
    """None: the mapping switches this direction off."""
    if not mapping.is_on(direction):
        return None
    if direction is Direction.PUSHING:
        return DeltaTriggerTimetable(mapping.pushing.every)
    parents = [parent for parent in every.parents(mapping) if parent.name != mapping.name]
    return AssetOrTimeSchedule(
        timetable=DeltaTriggerTimetable(mapping.polling.every),
        assets=AssetAny(rest(mapping), *map(linked, parents)),
    )


def linked(mapping: TypeMapping) -> Asset:
    """Stands for the links of a type."""
    return Asset(name=f"{mapping.name}_links", uri=f"modstamp://{mapping.connection}/{mapping.name}", group="modstamp")


def rest(mapping: TypeMapping) -> Asset:
    """Stands for the slices of a window that are still to be read."""
    return Asset(
        name=f"{mapping.name}_rest", uri=f"modstamp://{mapping.connection}/{mapping.name}/rest", group="modstamp"
    )


def outlets(mapping: TypeMapping, direction: Direction) -> list[AssetAlias]:
    """An alias, because a plain asset would be touched by every run that succeeds."""
    return [_alias(mapping)] if direction is Direction.POLLING else []


def announce(context: Any, mapping: TypeMapping, summary: Summary) -> None:
    """Touch the type's assets if the run linked something new or left some. `context`: of the task with the outlet."""
    new = sum(summary.counts.get(kind, 0) for kind in _NEW)
    if new and summary.direction is Direction.POLLING:
        context["outlet_events"][_alias(mapping)].add(linked(mapping), extra={"run": summary.run_id, "new": new})
    if summary.unfinished:
        context["outlet_events"][_alias(mapping)].add(rest(mapping), extra={"run": summary.run_id})


def _alias(mapping: TypeMapping) -> AssetAlias:
    return AssetAlias(name=f"{mapping.name}_new_links", group="modstamp")
