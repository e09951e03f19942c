"""The command that brings out what was there before a mapping listened."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from modstamp import backfill, report
from modstamp.cli import shared

if TYPE_CHECKING:
    from modstamp.engine import lane
    from modstamp.engine.stretches import Stretch

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.command("backfill")
@click.argument("mapping")
@click.option("--since", type=_MOMENT, help="From then on (UTC); without it, as many months back as the mapping says.")
@click.option("--until", type=_MOMENT, help="Before then (UTC); without it, until now.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Tell what it will take. Nothing is written.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@shared.JSON
def bring_out(  # noqa: PLR0913  # one per option
    mapping: str,
    since: datetime | None,
    until: datetime | None,
    *,
    only_estimate: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Push what was there before the mapping listened: estimated first, then in portions between live runs."""
    settings = shared.settings()
    ends = (since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    chosen = backfill.stretch(mapping, *ends, settings)
    months = [each.as_dict() for each in backfill.estimate(mapping, chosen, settings)]
    told = {"mapping": mapping, "months": months, "due": sum(each["due"] for each in months)}
    if only_estimate:
        shared.show(told, report.estimated_backfill(told), as_json=as_json)
        return
    if not as_json:
        click.echo(report.estimated_backfill(told))
    if not (yes or as_json):
        click.confirm(f"Bring out up to {told['due']:,} records?", abort=True)
    done = _carry_out(mapping, chosen, int(told["due"]), quiet=as_json)
    document = {**told, "progress": done.as_dict()}
    shared.show(document, report.backfill(document), as_json=as_json)
    if done.stopped and done.cause != "limit":
        sys.exit(1)


def _carry_out(mapping: str, chosen: Stretch, due: int, *, quiet: bool) -> lane.Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task(mapping, total=due)

        def told(progress: lane.Progress) -> None:
            bar.update(task, completed=progress.fed, description=f"{mapping}: {progress.calls} calls")

        return backfill.carry_out(mapping, chosen, due, getpass.getuser(), shared.settings(), told=told)


COMMANDS = (bring_out,)
