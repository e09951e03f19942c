"""The engine's own world, for these tests."""

from __future__ import annotations

from tests.fixtures.world import postgresql_world, sqlite_world, world

__all__ = ["postgresql_world", "sqlite_world", "world"]
