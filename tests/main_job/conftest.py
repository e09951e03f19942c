"""The office for these tests."""

from __future__ import annotations

from tests.fixtures.office import big_office, office
from tests.fixtures.salesforce import salesforce, start_salesforce

__all__ = ["big_office", "office", "salesforce", "start_salesforce"]
