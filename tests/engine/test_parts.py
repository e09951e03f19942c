"""Staged parts are of one size, however large the pages are that the source gives."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from modstamp.model import Direction
from tests.fixtures.world import build


def test_a_page_larger_than_a_part_becomes_several(sqlite: Engine, tmp_path: Path) -> None:
    world = build(sqlite, tmp_path, part_rows=200)
    for number in range(450):
        world.lead(Email=f"lead{number}@example.com", LastName="Last")
    world.system.advance(1)

    handoff = world.extract(Direction.POLLING)

    assert all(part.rows <= 200 for part in handoff.parts)
    assert sum(part.rows for part in handoff.parts) == 450
    assert world.load(handoff).counts["created"] == 450
