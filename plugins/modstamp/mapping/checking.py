"""What a mapping file cannot know by itself: how its parts, and the files together, fit each other."""

from __future__ import annotations

from collections.abc import Sequence

from modstamp.errors import Problem
from modstamp.mapping.catalog import MappingFile


def check(files: Sequence[MappingFile]) -> list[Problem]:
    """Everything that is wrong with the files as a whole."""
    return [problem for file in files for problem in _of(file)]


def _of(file: MappingFile) -> list[Problem]:
    tables = {row.values for row in file.mapping.fields if isinstance(row.values, str)} - set(file.tables)
    return [
        Problem(file.document.where(), f"no value table '{name}'", f"add values/{name}.csv") for name in sorted(tables)
    ]
