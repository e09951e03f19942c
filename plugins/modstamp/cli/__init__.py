"""The command line: the same engine without Airflow. Connections come from ``AIRFLOW_CONN_<ID>`` variables.

Exit code 0: done, or paused by a limit; 1: a person has something to change or to answer; 2: the command itself was
wrong; 3: the run could not go on, and nothing was lost.
"""

from __future__ import annotations

import getpass
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modstamp import approval, inspection, report, wiring
from modstamp.cli import backfill, imports, matches, shared, upkeep
from modstamp.errors import ConfigurationError, ModstampError, Problem
from modstamp.mapping.advice import advise
from modstamp.mapping.catalog import MappingFile, Mappings
from modstamp.mapping.guarding import exposed
from modstamp.model import Direction

if TYPE_CHECKING:
    from modstamp.engine.handoff import RunOptions, Summary

_NAMES = click.argument("mapping", nargs=-1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Keep an engagement database in step with Salesforce."""


@cli.command()
@shared.JSON
def lint(*, as_json: bool) -> None:
    """Check the mapping files. Nothing is connected."""
    settings = shared.settings()
    mappings = wiring.mappings(settings)
    problems = inspection.unusable_expectations(mappings)
    if problems:
        raise ConfigurationError(problems)
    document = {
        "mappings": [mapping.name for mapping in mappings],
        "advice": [each.as_dict() for each in (*advise(mappings), *exposed(settings.mappings))],
    }
    shared.show(document, report.lint(document), as_json=as_json)


@cli.command()
@shared.JSON
def doctor(*, as_json: bool) -> None:
    """Compare the mappings with both systems as they are: logins, rights, fields. Nothing is written."""
    document = inspection.examine(shared.settings())
    shared.show(document, report.doctor(document), as_json=as_json)
    if any(each["problems"] for each in document["mappings"]) or document["problems"]:
        sys.exit(1)


@cli.command()
@click.option("--plan", "only_plan", is_flag=True, help="Show the SQL for tables that are not ours. Nothing is done.")
@shared.JSON
def migrate(*, only_plan: bool, as_json: bool) -> None:
    """Bring the engagement database up to date: tables, triggers, and who listens to which table."""
    done = wiring.preparation(shared.settings()) if only_plan else wiring.prepare(shared.settings())
    document = {"migrated": not only_plan, "statements": done.statements, "degraded": done.degraded}
    shared.show(document, report.migration(document), as_json=as_json)


@cli.command()
@_NAMES
@shared.DIRECTION
@click.option("--limit", type=click.IntRange(min=1), help="At most so many records of each run.")
@shared.JSON
def plan(mapping: Sequence[str], direction: str | None, limit: int | None, *, as_json: bool) -> None:
    """Show what a run would do, record by record and field by field. It cannot write."""
    summaries = list(_run(mapping, direction, {"dry_run": True, "limit": limit}))
    shared.show({"runs": summaries}, report.plans(summaries), as_json=as_json)


@cli.command()
@_NAMES
@shared.JSON
def estimate(mapping: Sequence[str], *, as_json: bool) -> None:
    """Tell what the next poll will take: rows, calls, minutes. One call per mapping; nothing is read or written."""
    settings, found = shared.settings(), []
    for name, towards in _chosen(wiring.mappings(settings), mapping, Direction.POLLING):
        with wiring.open_run(name, towards, settings) as run:
            found.append(run.estimate())
    shared.show({"estimates": [each.as_dict() for each in found]}, "\n".join(map(str, found)), as_json=as_json)


@cli.command()
@_NAMES
@shared.DIRECTION
@shared.JSON
def sync(mapping: Sequence[str], direction: str | None, *, as_json: bool) -> None:
    """Run mappings now: parents before children, polling before pushing. A limit reached pauses a run."""
    summaries: list[dict[str, Any]] = []
    try:
        for summary in _run(mapping, direction, {}):
            summaries.append(summary)  # noqa: PERF402  # what was done is shown even if a later run cannot go on
    finally:
        if summaries or as_json:
            shared.show({"runs": summaries}, report.runs(summaries), as_json=as_json)
    if any(each["held"] for each in summaries):
        sys.exit(1)


@cli.command()
@click.argument("mapping")
@click.argument("direction", type=click.Choice([str(each) for each in Direction]), required=False)
@click.option("--reject", is_flag=True, help="The run shall not write; nobody is asked again for a day.")
@shared.JSON
def approve(mapping: str, direction: str | None, *, reject: bool, as_json: bool) -> None:
    """Let a held run pass: within a day, for its whole window, up to what it asked for. MAPPING may be the run's id."""
    settings = shared.settings()
    hold = approval.find(approval.waiting(settings), mapping, Direction(direction) if direction else None)
    document = approval.answer(settings, hold, approve=not reject, who=getpass.getuser()).as_dict()
    shared.show(document, report.answer(document), as_json=as_json)


@cli.command()
@shared.JSON
def status(*, as_json: bool) -> None:
    """The last runs, what waits and why, and what the API may still be called."""
    document = inspection.overview(shared.settings())
    shared.show(document, report.status(document), as_json=as_json)


@cli.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("validations.html"))
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Of the newest runs.")
@shared.JSON
def validations(output: Path, limit: int, *, as_json: bool) -> None:
    """Write what the expectations found in the last runs as a page to be browsed."""
    from modstamp.engine.validation_report import render  # noqa: PLC0415  # the engine's package

    found = inspection.last_validations(shared.settings(), limit)
    if not as_json:
        _write(output, render(found))
    shared.show({"validations": found}, f"Wrote {output}: {len(found)} validations.", as_json=as_json)


def _run(names: Sequence[str], direction: str | None, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The summaries of the runs, one after the other. A dry run's says what the run would cost, too."""
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415  # pandas

    settings, chosen = shared.settings(), RunOptions(**options)
    for mapping, towards in _chosen(wiring.mappings(settings), names, direction):
        with wiring.open_run(mapping, towards, settings) as run:
            for summary in _slices(run, chosen):
                costs = {"estimated_calls": run.estimated_calls(summary)} if chosen.dry_run else {}
                yield {**summary.as_dict(), **costs}


def _slices(run: wiring.Run, options: RunOptions) -> Iterator[Summary]:
    """One run, and as many more as a large window takes (G3)."""
    while True:
        summary = wiring.run_through(run, options, f"cli-{uuid.uuid4().hex[:12]}")
        yield summary
        if not summary.unfinished or options.dry_run:
            return


def _chosen(every: Mappings, names: Sequence[str], direction: str | None) -> list[tuple[str, Direction]]:
    """Without names all mappings, in their order. Raises `ConfigurationError` for one that is named and off."""
    wanted = [Direction(direction)] if direction else list(Direction)
    named = [every[name] for name in names]
    off = [each for each in named if not any(each.is_on(towards) for towards in wanted)]
    if off:
        raise ConfigurationError([_switched_off(every.file(each.name), wanted) for each in off])
    return [(each.name, towards) for each in named or every for towards in wanted if each.is_on(towards)]


def _switched_off(file: MappingFile, wanted: Sequence[Direction]) -> Problem:
    words = " and ".join(wanted)
    return Problem(file.document.where((wanted[0].value,)), f"{words} of {file.mapping.name} is off", "switch it on")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = Problem(str(path), f"it cannot be written ({error.strerror})", "choose another --output")
        raise ConfigurationError([problem]) from error


for command in (*upkeep.COMMANDS, *matches.COMMANDS, *imports.COMMANDS, *backfill.COMMANDS):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Every error that Modstamp raises on purpose becomes one message and an exit code."""
    try:
        cli(args=arguments)
    except ConfigurationError as error:
        click.echo("\n".join(f"✗ {problem}" for problem in error.problems), err=True)
        sys.exit(1)
    except ModstampError as error:
        click.echo(f"✗ {error}", err=True)
        sys.exit(3)
