"""The command line: the same engine without Airflow. Connections come from ``AIRFLOW_CONN_<ID>`` variables.

Exit code 0: done; 1: a person has something to change; 2: the command itself was wrong; 3: the run could not go on.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from modstamp import report, wiring
from modstamp.errors import ConfigurationError, ModstampError
from modstamp.mapping.advice import advise
from modstamp.model import Direction
from modstamp.settings import Settings

_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_DIRECTION = click.option(
    "--direction", type=click.Choice([str(each) for each in Direction]), help="Only this one; both when left out."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Keep an engagement database in step with Salesforce."""


@cli.command()
@_JSON
def lint(*, as_json: bool) -> None:
    """Check the mapping files. Nothing is connected."""
    mappings = wiring.mappings(Settings())
    problems = wiring.unusable_expectations(mappings)
    if problems:
        raise ConfigurationError(problems)
    document = {
        "mappings": [mapping.name for mapping in mappings],
        "advice": [each.as_dict() for each in advise(mappings)],
    }
    _show(document, report.lint(document), as_json=as_json)


@cli.command()
@_JSON
def doctor(*, as_json: bool) -> None:
    """Compare the mappings with both systems as they are: logins, rights, fields. Nothing is written."""
    document = wiring.examine(Settings())
    _show(document, report.doctor(document), as_json=as_json)
    if any(each["problems"] for each in document["mappings"]) or document["problems"]:
        sys.exit(1)


@cli.command()
@_JSON
def migrate(*, as_json: bool) -> None:
    """Bring the engagement database up to date: tables, triggers, and who listens to which table."""
    wiring.prepare(Settings())
    _show({"migrated": True}, "The engagement database is up to date.", as_json=as_json)


@cli.command()
@click.argument("mapping")
@_DIRECTION
@click.option("--limit", type=int, help="At most so many records.")
@_JSON
def plan(mapping: str, direction: str | None, limit: int | None, *, as_json: bool) -> None:
    """Show what a run would do, record by record and field by field. It cannot write."""
    summaries = _run(mapping, direction, {"dry_run": True, "limit": limit})
    _show({"runs": summaries}, report.plans(summaries), as_json=as_json)


@cli.command()
@click.argument("mapping", nargs=-1)
@_DIRECTION
@_JSON
def sync(mapping: Sequence[str], direction: str | None, *, as_json: bool) -> None:
    """Run mappings now, all of them when none is named: parents before children, polling before pushing."""
    names = mapping or [each.name for each in wiring.mappings(Settings())]
    summaries = [summary for name in names for summary in _run(name, direction, {})]
    _show({"runs": summaries}, report.runs(summaries), as_json=as_json)


@cli.command()
@_JSON
def status(*, as_json: bool) -> None:
    """The last runs, what waits and why, and what the API may still be called."""
    document = wiring.overview(Settings())
    _show(document, report.status(document), as_json=as_json)


@cli.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("validations.html"))
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Of the newest runs.")
@_JSON
def validations(output: Path, limit: int, *, as_json: bool) -> None:
    """Write what the expectations found in the last runs as a page to be browsed."""
    from modstamp.engine.validation_report import render  # noqa: PLC0415  # the engine's package

    found = wiring.last_validations(Settings(), limit)
    if not as_json:
        output.write_text(render(found), encoding="utf-8")
    _show({"validations": found}, f"Wrote {output}: {len(found)} validations.", as_json=as_json)


def _run(name: str, direction: str | None, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415  # pandas

    settings = Settings()
    mapping = wiring.mappings(settings)[name]
    wanted = [Direction(direction)] if direction else [each for each in Direction if mapping.is_on(each)]
    summaries = []
    for each in wanted:
        with wiring.open_run(name, each, settings) as run:
            summaries.append(wiring.run_through(run, RunOptions(**options), f"cli-{uuid.uuid4().hex[:12]}").as_dict())
    return summaries


def _show(document: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(document, indent=2, default=str) if as_json else text)


def main() -> None:
    """Every error that Modstamp raises on purpose becomes one message and an exit code."""
    try:
        cli()
    except ConfigurationError as error:
        click.echo("\n".join(f"✗ {problem}" for problem in error.problems), err=True)
        sys.exit(1)
    except ModstampError as error:
        click.echo(f"✗ {error}", err=True)
        sys.exit(3)
