"""The page about Salesforce names every right that the shipped mappings take, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from modstamp.mapping.loading import load
from modstamp.mapping.permissions import permissions, table
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "salesforce.md").read_text(encoding="utf-8")
MAPPINGS = load(ROOT / "include" / "mappings")


@pytest.mark.requirement("OSF-006")
def test_the_page_has_the_table_that_the_mapping_files_make() -> None:
    # Else: python -m modstamp.mapping.permissions
    assert table(MAPPINGS) in PAGE


@pytest.mark.requirement("OSF-005")
@pytest.mark.parametrize("mapping", list(MAPPINGS), ids=lambda each: each.name)
def test_each_mapped_field_stands_in_its_row(mapping: TypeMapping) -> None:
    found = mapping
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {found.external_type} |"))
    _, _, rights, read, edit, _ = (cell.strip() for cell in row.split("|"))
    assert named(f"{read}, {edit}") == set(found.field_names(Side.EXTERNAL))
    assert ("edit" in rights) == (found.pushing.on and found.outbound.update.on)
    assert named(edit) == set(permissions(found).edit)
    assert named(edit) <= {each.external for each in found.fields if each.travels(Direction.PUSHING)}


def named(cell: str) -> set[str]:
    return {name.strip("` ") for name in cell.split(",")} - {"none"}
