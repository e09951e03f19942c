"""The engine's own world, for these tests."""

from __future__ import annotations

from tests.fixtures.world import world

__all__ = ["world"]
