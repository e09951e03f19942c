"""The command by which a person brings a chosen set of records in."""

from __future__ import annotations

import sys
from typing import Literal

import click

from modstamp import imports, report
from modstamp.cli import shared


@click.command("import")
@click.argument("mapping")
@click.option("--csv", metavar="FILE", help="A file whose header names the id, or the fields of the match key.")
@click.option("--list-view", metavar="NAME", help="A list view of the type, by its name or id.")
@click.option("--report", "report_name", metavar="NAME", help="A report that shows the ids, by its name or id.")
@shared.DRY_RUN
@shared.JSON
def import_records(  # noqa: PLR0913  # one per option
    mapping: str, csv: str | None, list_view: str | None, report_name: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Bring in exactly these records, once, under the mapping's own toggles, conditions and limits."""
    given: dict[Literal["CSV", "list view", "report"], str | None] = {
        "CSV": csv,
        "list view": list_view,
        "report": report_name,
    }
    chosen = [imports.Source(mapping=mapping, kind=kind, name=name) for kind, name in given.items() if name]
    if len(chosen) != 1:
        raise click.UsageError("Name one of --csv, --list-view and --report.")
    document = imports.run(chosen[0], shared.run_id(), shared.settings(), dry_run=dry_run)
    shared.show(document, report.imported(document, dry_run=dry_run), as_json=as_json)
    if document["held"]:
        sys.exit(1)


COMMANDS = (import_records,)
