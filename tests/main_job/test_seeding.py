"""Rows that were in the engagement database before Modstamp are looked at too."""

from __future__ import annotations

import pytest

from modstamp import wiring
from tests.fixtures.office import Office


@pytest.mark.guarantee("G4")
def test_prospects_that_are_older_than_the_mapping_are_pushed(office: Office) -> None:
    office.sql("DELETE FROM sync_watches")
    office.sql("INSERT INTO prospects (email, last_name, company) VALUES ('old@example.com', 'Old', 'Firm')")
    assert office.one("SELECT count(*) FROM sync_pending") == 0

    wiring.prepare(office.settings, office.resolve)
    office.poll()

    assert office.push().counts["created"] == 1
    assert [lead["Email"] for lead in office.leads()] == ["old@example.com"]
    wiring.prepare(office.settings, office.resolve)
    assert office.one("SELECT count(*) FROM sync_pending WHERE mapping = 'salesforce_lead'") == 0
