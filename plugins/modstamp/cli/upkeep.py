"""Commands for what people do between runs."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from modstamp import housekeeping, report, upkeep
from modstamp.cli import shared
from modstamp.model import Direction

_MAPPING = click.argument("mapping")
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.command()
@_MAPPING
@shared.DIRECTION
@click.option("--cause", help="The code of the cause whose records are to be tried again.")
@click.option("--all", "everything", is_flag=True, help="Try all that waits again.")
@shared.DRY_RUN
@shared.JSON
def replay(  # noqa: PLR0913  # one per option
    mapping: str, direction: str | None, cause: str | None, *, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """Show what waits in quarantine by cause; with --cause or --all let the next run try it again."""
    if cause and everything:
        raise click.UsageError("Use --cause or --all, not both.")
    settings = shared.settings()
    directions = [Direction(direction)] if direction else list(Direction)
    found = [each for each in upkeep.causes(mapping, settings) if each["direction"] in directions]
    queued: dict[Any, int] = {}
    if (cause or everything) and not dry_run:
        queued = upkeep.replay(mapping, directions, cause, settings)
    chosen = [each for each in found if everything or each["code"] == cause]
    document = {"causes": found, "chosen": sum(each["records"] for each in chosen), "queued": queued}
    shared.show(document, report.replay(document, mapping), as_json=as_json)


@click.command()
@_MAPPING
@click.option("--since", type=_MOMENT, help="Only what was changed from then on (UTC).")
@click.option("--until", type=_MOMENT, help="Only what was changed until then (UTC).")
@click.option("--repair", is_flag=True, help="Queue what is found for the next runs.")
@click.option("--gone", is_flag=True, help="End links of records without a trace, which you know to be gone for good.")
@shared.DRY_RUN
@shared.JSON
def reconcile(  # noqa: PLR0913  # one per option
    mapping: str,
    since: datetime | None,
    until: datetime | None,
    *,
    repair: bool,
    gone: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Compare both sides of a mapping: hidden, never seen and drifted records. With --repair queue them."""
    from modstamp.engine.reconcile import ReconcileOptions  # noqa: PLC0415  # pandas

    options = ReconcileOptions(
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        repair=repair,
        gone=gone,
        dry_run=dry_run,
    )
    document = upkeep.reconcile(mapping, options, shared.run_id(), shared.settings()).as_dict()
    shared.show(document, report.reconcile(document), as_json=as_json)


@click.command()
@_MAPPING
@click.argument("record")
@click.argument("field")
@click.argument("winner", type=click.Choice(["crm", "engagement"]))
@shared.JSON
def decide(mapping: str, record: str, field: str, winner: str, *, as_json: bool) -> None:
    """Say which value of a FIELD stays, where both sides changed it and the mapping asks (`conflict: ask`)."""
    document = upkeep.decide(
        mapping, shared.settings(), record_id=record, field=field, winner=winner, who=getpass.getuser()
    )
    shared.show(document, report.decided(document), as_json=as_json)


@click.command()
@click.argument("run_id")
@shared.DRY_RUN
@shared.JSON
def undo(run_id: str, *, dry_run: bool, as_json: bool) -> None:
    """Take back what a run wrote, field by field, unless someone has edited it since."""
    document = upkeep.undo(run_id, shared.run_id(), shared.settings(), dry_run=dry_run).as_dict()
    shared.show(document, report.undo(document, dry_run=dry_run), as_json=as_json)


@click.command()
@click.argument("name", metavar="TYPE")
@click.argument("record_id", metavar="ID")
@click.option("--field", help="Also where this field's value came from, by its name on either side.")
@shared.JSON
def explain(name: str, record_id: str, field: str | None, *, as_json: bool) -> None:
    """Say why a record did or did not sync. TYPE: a mapping or a type of either side; ID: of either side."""
    found = upkeep.explain(name, record_id, field, shared.settings())
    shared.show({"told": found}, report.explain(found), as_json=as_json)


@click.command()
@click.argument("mapping", nargs=-1)
@click.option("--accept", is_flag=True, help="It is known now: no run stops at it, and nobody is told of it again.")
@shared.JSON
def drift(mapping: Sequence[str], *, accept: bool, as_json: bool) -> None:
    """Show which fields of the other system came, went or changed since somebody last accepted them."""
    who = getpass.getuser() if accept else None
    document = {"drift": upkeep.drift(mapping, shared.settings(), who=who), "accepted": accept}
    shared.show(document, report.drift(document), as_json=as_json)


@click.command("upkeep")
@shared.JSON
def daily(*, as_json: bool) -> None:
    """Do what the upkeep DAG does each night, but for reconciling: forget, look again, refresh."""
    settings = shared.settings()
    document = {
        "forgotten": housekeeping.forget(settings),
        "queued": housekeeping.look_again(settings),
        "formulas": {each: housekeeping.reread_formulas(each, settings) for each in housekeeping.connections(settings)},
        "refreshed": {each: housekeeping.refresh(each, settings) for each in housekeeping.connections(settings)},
    }
    shared.show(document, report.upkeep(document), as_json=as_json)


COMMANDS = (decide, replay, reconcile, undo, explain, drift, daily)
