"""The engine's own world, for these tests."""

from __future__ import annotations

from tests.fixtures.meetings import any_diary, diary
from tests.fixtures.world import postgresql_world, sqlite_world, world

__all__ = ["any_diary", "diary", "postgresql_world", "sqlite_world", "world"]
