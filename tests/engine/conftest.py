"""The engine's own world, for these tests."""

from __future__ import annotations

from tests.fixtures.world import sqlite_world, world

__all__ = ["sqlite_world", "world"]
