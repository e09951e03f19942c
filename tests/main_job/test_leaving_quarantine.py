"""Records leave quarantine when they, their other side, or the mapping change (G26)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modstamp.settings import Settings
from tests.fixtures.office import Office


@pytest.mark.guarantee("G26")
def test_a_pair_that_is_added_lets_the_record_through(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree("include/mappings", folder)
    table = folder / "salesforce" / "values" / "lead_status.csv"
    before = table.read_text()
    table.write_text("".join(line for line in before.splitlines(keepends=True) if "Open - Not Contacted" not in line))
    office.settings = Settings(mappings=folder, staging_url=office.settings.staging_url)
    office.fill_leads(1)
    assert office.poll().counts["quarantined"] == 1

    table.write_text(before)
    office.later(3600)  # far behind the lookback: only quarantine remembers the record

    assert office.poll().counts["created"] == 1
    assert office.one("SELECT count(*) FROM sync_quarantine") == 0
