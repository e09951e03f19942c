"""Value tables: pairs of values, one to one, exact in case and spaces (OSF-149, STG-004).

A table is a CSV file ``values/<name>.csv`` beside the mapping files, with the header ``internal,external``, or the same
pairs written into the field mapping.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modstamp.errors import Problem
from modstamp.model import Direction, Side

if TYPE_CHECKING:
    import pandas as pd

_HEADER = ["internal", "external"]


@dataclass(frozen=True)
class ValueTable:
    """One-to-one pairs. Built by `table_of` and `read_table`, which refuse anything else."""

    name: str
    pairs: tuple[tuple[str, str], ...]  # (internal, external)

    @cached_property
    def _by_target(self) -> dict[Side, dict[str, str]]:
        return {
            Side.INTERNAL: {external: internal for internal, external in self.pairs},
            Side.EXTERNAL: dict(self.pairs),
        }

    def lookup(self, direction: Direction) -> dict[str, str]:
        """From the source's values to the target's."""
        return self._by_target[direction.target]

    def translate(self, series: pd.Series, direction: Direction) -> tuple[pd.Series, pd.Series[bool]]:
        """The target's values, and a mask of the values that no pair names. Empty becomes None and is not unmapped."""
        lookup = self.lookup(direction)
        known = series.isin(list(lookup))
        empty = series.isna() | (series == "")
        return series.map(lookup).astype(object).where(known, None), ~known & ~empty


def table_of(name: str, rows: Sequence[tuple[str, str, str]]) -> tuple[ValueTable, list[Problem]]:
    """A table from (where, internal, external), and its faults: blank values and values named twice (STG-021)."""
    table = ValueTable(name, tuple((internal, external) for _, internal, external in rows))
    columns = {
        Side.INTERNAL: [(where, internal) for where, internal, _ in rows],
        Side.EXTERNAL: [(where, external) for where, _, external in rows],
    }
    return table, [problem for side, column in columns.items() for problem in _faults(name, side, column)]


def _faults(name: str, side: Side, column: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for where, value in column:
        if not value:
            yield Problem(where, f"value table '{name}' has a blank {side} value", "write it, or take the row out")
        elif value in first:
            what = f"value table '{name}' already maps the {side} value '{value}' ({first[value]})"
            yield Problem(where, what, "keep one of the two rows: pairs are one to one")
        first.setdefault(value, where)


def read_table(path: Path) -> tuple[ValueTable | None, list[Problem]]:
    """The table of a CSV file; None when the file cannot be read as one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(f"{path}:{reader.line_num}", row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return None, [Problem(str(path), f"cannot be read: {error}", "save it as comma-separated text in UTF-8")]
    if not lines or lines[0][1] != _HEADER:
        return None, [Problem(f"{path}:1", "the header is not 'internal,external'", "make that the first line")]
    uneven = [where for where, row in lines if len(row) != len(_HEADER)]
    if uneven:
        fix = "write one internal and one external value; put a value that holds a comma in double quotes"
        return None, [Problem(where, "the row does not have two values", fix) for where in uneven]
    return table_of(path.stem, [(where, row[0], row[1]) for where, row in lines[1:]])
