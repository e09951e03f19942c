"""The page about Salesforce names every right that the shipped mappings take, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from modstamp.mapping.loading import load
from modstamp.mapping.permissions import permissions, table
from modstamp.model import Direction, Side

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "salesforce.md").read_text(encoding="utf-8")
MAPPINGS = load(ROOT / "include" / "mappings")


@pytest.mark.requirement("OSF-006")
def test_the_page_has_the_table_that_the_mapping_files_make() -> None:
    # Else: python -m modstamp.mapping.permissions
    assert table(MAPPINGS) in PAGE


@pytest.mark.requirement("OSF-005")
@pytest.mark.parametrize("type_name", sorted({each.external_type for each in MAPPINGS}))
def test_each_mapped_field_stands_in_its_row(type_name: str) -> None:
    every = [each for each in MAPPINGS if each.external_type == type_name]
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {type_name} |"))
    _, _, rights, read, edit, _ = (cell.strip() for cell in row.split("|"))
    assert named(f"{read}, {edit}") == {name for each in every for name in each.field_names(Side.EXTERNAL)}
    assert ("edit" in rights) == any(each.pushing.on and each.outbound.update.on for each in every)
    assert named(edit) == set(permissions(every).edit)
    sent = {row.external for each in every for row in each.fields if row.travels(Direction.PUSHING)}
    assert named(edit) <= sent


def named(cell: str) -> set[str]:
    return {name.strip("` ") for name in cell.split(",")} - {"none"}
