"""The office for these tests."""

from __future__ import annotations

from tests.fixtures.activities import desk
from tests.fixtures.office import big_office, office
from tests.fixtures.salesforce import salesforce, start_salesforce
from tests.fixtures.small_office import files, small_office

__all__ = ["big_office", "desk", "files", "office", "salesforce", "small_office", "start_salesforce"]
