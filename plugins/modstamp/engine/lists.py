"""Lists of records, such as the people on a meeting: JSON texts of ``type:id`` inside, of ids outside.

An entry without a counterpart does not count: the rest is sent, and compared, as if it were all. The order of a list
means nothing, and an empty one is nothing at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modstamp import members
from modstamp.engine.frames import Objects, objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Per row: what is sent, what of the source's value counts, the entries that do not, and whether it is a list."""

    converted: Objects
    counted: Objects
    missing: list[list[str]]
    unreadable: list[bool]


def entries(values: Iterable[Any]) -> list[str]:
    """Every entry of these lists, each once."""
    return sorted({entry for value in values for entry in _parsed(value) or ()})


def through(values: Objects, found: Mapping[str, str]) -> Listed:
    """`found`: entry → id of its counterpart."""
    parsed = [_parsed(value) for value in values]
    known = [[each for each in row or () if each in found] for row in parsed]
    return Listed(
        converted=objects([members.to_text(found[each] for each in row) for row in known]),
        counted=objects([members.to_text(row) for row in known]),
        missing=[sorted({each for each in row or () if each not in found}) for row in parsed],
        unreadable=[row is None for row in parsed],
    )


def _parsed(value: Any) -> list[str] | None:
    """None: it is no list of ``type:id``."""
    if value is None or value == "":
        return []
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return None
    is_list = isinstance(found, list) and all(isinstance(each, str) and ":" in each for each in found)
    return found if is_list else None
