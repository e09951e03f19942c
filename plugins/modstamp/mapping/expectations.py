"""The `expect:` list: Great Expectations' own names, and which columns they are about.

Great Expectations is not imported here (that takes seconds); its names are read from its folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction

# Expectations that judge row by row; the others judge a whole column or table and cannot say which record is at fault.
_BY_ROW = re.compile(
    r"expect_(column_values?_|column_pair_values_|select_column_values_|compound_columns_|multicolumn_sum_).+"
)

Expectation = Mapping[str, Mapping[str, Any]]  # one entry of `expect:`, {name: arguments}


@cache
def names() -> tuple[str, ...]:
    """Every expectation that the installed Great Expectations has."""
    package = find_spec("great_expectations")
    folder = Path(package.origin).parent if package and package.origin else Path()
    return tuple(sorted(path.stem for path in folder.glob("expectations/core/expect_*.py")))


def judges_rows(name: str) -> bool:
    return _BY_ROW.fullmatch(name) is not None


def entries(expect: tuple[Expectation, ...]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Position in the list, name and arguments of each expectation."""
    for position, entry in enumerate(expect):
        for name, arguments in entry.items():
            yield position, name, arguments


def columns(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that an expectation's arguments name."""
    single = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    return tuple(str(name) for name in [*single, *arguments.get("column_list", ())])


def renamed(arguments: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same arguments about other columns; a column without a new name keeps its own."""
    changed = {
        key: names.get(str(arguments[key]), arguments[key])
        for key in ("column", "column_A", "column_B")
        if key in arguments
    }
    if "column_list" in arguments:
        changed["column_list"] = [names.get(str(name), name) for name in arguments["column_list"]]
    return {**arguments, **changed}


def targets(mapping: TypeMapping, direction: Direction) -> dict[str, str]:
    """Every name under which an expectation may mean a column of this direction → the target's name.

    A field with a value table or a reference holds different values on both sides: there only the target's name does.
    """
    rows = [row for row in mapping.fields if row.travels(direction)]
    copied = {
        row.name(direction.source): row.name(direction.target) for row in rows if not row.values and not row.named_types
    }
    return copied | {row.name(direction.target): row.name(direction.target) for row in rows}
