"""The engine's own world, for these tests."""

from __future__ import annotations

from tests.fixtures.meetings import diary, postgresql_diary
from tests.fixtures.world import postgresql_world, sqlite_world, world

__all__ = ["diary", "postgresql_diary", "postgresql_world", "sqlite_world", "world"]
