"""Mapping files are for administrators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modstamp.mapping.guarding import exposed

FILES = {"salesforce/lead.yaml": "", "salesforce/values/lead_status.csv": "", "salesforce/notes.txt": ""}


@pytest.mark.requirement("STG-001")
@pytest.mark.parametrize("name", [".", "salesforce", *FILES, "salesforce/values"])
def test_what_everybody_may_write_is_told(write: Callable[[dict[str, str]], Path], name: str) -> None:
    folder = write(FILES)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    assert list(exposed(folder)) == []
    (folder / name).chmod(0o777)
    found = list(exposed(folder))
    if name == "salesforce/notes.txt":  # says nothing to a run
        assert found == []
    else:
        assert [each.where for each in found] == [str(folder / name)]
        assert found[0].fix.endswith(f"chmod o-w {folder / name}")
