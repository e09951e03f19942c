"""A person brings out a mapping's history: estimated first, then portion by portion in a lane of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.engine.backfill import Estimate
    from modstamp.engine.lane import Progress
    from modstamp.engine.stretches import Stretch

_MONTH = timedelta(days=30.5)


def stretch(mapping: str, since: datetime | None, until: datetime | None, settings: Settings) -> Stretch:
    """From `since`, else as many months back as the mapping says, to `until`, else now.

    Raises `ConfigurationError` for a mapping without `backfill`, and for a stretch without a length.
    """
    from modstamp.engine.stretches import Stretch  # noqa: PLC0415  # pandas

    file, now = wiring.mappings(settings).file(mapping), datetime.now(UTC)
    lane = file.mapping.backfill
    if lane is None or not file.mapping.pushing.on:
        what = "it has no backfill" if lane is None else "pushing is off"
        fix = "say in the file how history goes out: backfill: {by: …}" if lane is None else "switch it on"
        raise ConfigurationError([Problem(file.document.where(), what, fix)])
    beginning, end = since or now - _MONTH * lane.months, min(until or now, now)
    if beginning >= end:
        raise ConfigurationError(
            [Problem("the backfill", "it would end before it begins", "name an earlier beginning")]
        )
    return Stretch(since=beginning, until=end)


def estimate(mapping: str, chosen: Stretch, settings: Settings, resolve: Resolver = from_environment) -> list[Estimate]:
    """What each month of the stretch will take. Nothing is written."""
    from modstamp.engine import backfill  # noqa: PLC0415  # pandas

    prefix = _prefix(mapping)
    with (
        wiring.open_lane(mapping, prefix, settings, resolve) as run,
        run.meter.during(f"{prefix}estimate", mapping),
    ):
        return [backfill.estimate(run.rehearsal, each) for each in chosen.months()]


def carry_out(  # noqa: PLR0913, PLR0917 - what is to be done, and for whom
    mapping: str,
    chosen: Stretch,
    due: int,
    who: str,
    settings: Settings,
    resolve: Resolver = from_environment,
    *,
    told: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Until the stretch is through, more is due than was approved, or a limit stops it.

    `due`: so many records may be queued. Raises `LeaseHeldError` when another run stays at work, and what a run raises.
    """
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415  # pandas
    from modstamp.engine.lane import Lane, Progress  # noqa: PLC0415  # pandas

    prefix = _prefix(mapping)
    with wiring.open_lane(mapping, prefix, settings, resolve) as run:
        detail: dict[str, Any] = {"stretch": str(chosen), "due": due}
        with run.environment.store.begin() as tx:
            tx.adoption.note(who, [("started", f"{mapping}: backfill", detail)])
        lane = Lane(
            environment=run.environment,
            stretch=chosen,
            who=who,
            prefix=prefix,
            push=lambda run_id: wiring.run_through(run, RunOptions(), run_id),
        )
        return lane.portions(Progress(due=due), told)


def _prefix(mapping: str) -> str:
    """Of the ids of the lane's runs, by which its calls are told from others."""
    return f"backfill/{mapping}/"
