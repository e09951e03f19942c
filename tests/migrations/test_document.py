"""docs/schema.md says what the tables are."""

from __future__ import annotations

from pathlib import Path

from modstamp.migrations.document import markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), (
        "run: python -m modstamp.migrations.document > docs/schema.md"
    )
