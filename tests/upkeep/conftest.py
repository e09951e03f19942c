"""The office for these tests."""

from __future__ import annotations

from tests.fixtures.office import big_office, office
from tests.fixtures.salesforce import salesforce, start_salesforce
from tests.fixtures.small_office import files, small_office
from tests.fixtures.world import sqlite_world, world

__all__ = ["big_office", "files", "office", "salesforce", "small_office", "sqlite_world", "start_salesforce", "world"]
