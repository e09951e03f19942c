"""Commands by which a person says what belongs together."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from modstamp import matches as records
from modstamp import report
from modstamp.cli import shared

_NEW = "new"


@click.command()
@click.argument("mapping", nargs=-1)
@shared.JSON
def matches(mapping: Sequence[str], *, as_json: bool) -> None:
    """List records that wait because nobody can tell what they belong to, with their candidates."""
    document = {"matches": records.waiting(mapping, shared.settings())}
    shared.show(document, report.matches(document), as_json=as_json)


@click.command()
@click.argument("mapping")
@click.argument("internal_id", metavar="INTERNAL")
@click.argument("external_id", metavar="EXTERNAL")
@shared.JSON
def match(mapping: str, internal_id: str, external_id: str, *, as_json: bool) -> None:
    """Link two records that belong together, by their ids; `new` for one of them has the next run make it."""
    from modstamp.engine.matching import Pair  # noqa: PLC0415  # pandas

    if _NEW == internal_id == external_id:
        raise click.UsageError("One of the two has to be there.")
    pair = Pair(
        internal_id=None if internal_id == _NEW else internal_id,
        external_id=None if external_id == _NEW else external_id,
    )
    words = records.decide(mapping, pair, getpass.getuser(), shared.settings())
    document = {"mapping": mapping, "internal_id": pair.internal_id, "external_id": pair.external_id, "follows": words}
    shared.show(document, f"{mapping}: {words}.", as_json=as_json)


@click.command()
@click.argument("mapping")
@click.argument("internal_id", metavar="INTERNAL")
@click.argument("external_id", metavar="EXTERNAL")
@shared.JSON
def remap(mapping: str, internal_id: str, external_id: str, *, as_json: bool) -> None:
    """Point a linked record at another external record that matches it; MAPPING is that of the new counterpart."""
    from modstamp.engine.matching import Pair  # noqa: PLC0415  # pandas

    pair = Pair(internal_id=internal_id, external_id=external_id)
    words = records.remap(mapping, pair, getpass.getuser(), shared.settings())
    document = {"mapping": mapping, "internal_id": internal_id, "external_id": external_id, "follows": words}
    shared.show(document, f"{mapping}: {words}.", as_json=as_json)


COMMANDS = (matches, match, remap)
