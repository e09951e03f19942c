"""Records that could not be matched, and a person's word on them: for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.model import Direction
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.engine.matching import Pair


def waiting(names: Sequence[str], settings: Settings, resolve: Resolver = from_environment) -> list[dict[str, Any]]:
    """Of these mappings, or of all: mapping, direction, internal_id, external_id, candidates, reason."""
    from modstamp.engine.matching import waiting as unmatched  # noqa: PLC0415  # pandas

    every = wiring.mappings(settings)
    found: list[dict[str, Any]] = []
    for mapping in [every[name] for name in names] or every:
        with wiring.open_run(mapping.name, Direction.POLLING, settings, resolve) as run:
            found += [each.as_dict() for each in unmatched(run.environment)]
    return found


def decide(mapping: str, pair: Pair, who: str, settings: Settings, resolve: Resolver = from_environment) -> str:
    """Link the two, or let the next run make the one that is missing. Raises what `engine.matching.decide` raises."""
    from modstamp.engine.matching import decide as carry_out  # noqa: PLC0415  # pandas

    run_id = f"match-{uuid4().hex[:12]}"
    with wiring.open_run(mapping, Direction.PUSHING, settings, resolve) as run, run.meter.during(run_id, mapping):
        return carry_out(run.environment, pair, who, run_id)


def remap(mapping: str, pair: Pair, who: str, settings: Settings, resolve: Resolver = from_environment) -> str:
    """Point a linked record at another one outside. Raises what `engine.remapping.remap` raises."""
    from modstamp.engine import remapping  # noqa: PLC0415  # pandas

    run_id = f"remap-{uuid4().hex[:12]}"
    with wiring.open_run(mapping, Direction.PUSHING, settings, resolve) as run, run.meter.during(run_id, mapping):
        return remapping.remap(run.environment, pair.internal_id or "", pair.external_id or "", who, run_id)
