"""Leads as they come from real life: commas, quotes, line breaks, umlauts, symbols, leading zeros, nothing at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

COUNT: Final = 10_000
KEY: Final = "Modstamp_Key__c"
NAMES: Final = ("Müller", "O'Neil", 'van "der" Berg', "Łukasiewicz", "山田", "Smith, Jr.", "N/A", "NULL", "😀 Emoji")
STREETS: Final = ("1 First Street\nBack door", "Straße 7", None, "0042", 'He said "no", twice', "tab\there", "#N/A x")
NUMBERS: Final = (0, 1, None, 99_999_999)
FIELDS: Final = ("LastName", "Company", "Email", "Phone", "Street", "NumberOfEmployees", "HasOptedOutOfEmail", KEY)
Row = dict[str, Any]


def leads(count: int = COUNT, *, start: int = 0, suffix: str = "") -> list[Row]:
    """Rows `start` to `start + count`; `suffix` makes other values for the same keys."""
    return [
        {
            "LastName": NAMES[number % len(NAMES)] + suffix,
            "Company": f"Company {number}",
            "Email": f"person{number}@example.com",
            "Phone": f"0{number:05}",
            "Street": STREETS[number % len(STREETS)],
            "NumberOfEmployees": NUMBERS[number % len(NUMBERS)],
            "HasOptedOutOfEmail": number % 2 == 0,
            KEY: f"key-{number:06}",
        }
        for number in range(start, start + count)
    ]


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[str, Row]:
    """The compared fields of each row under its key; a key that stands twice is a fault of the reader.

    Raises:
        ValueError: a key stands twice.
    """
    found: dict[str, Row] = {}
    for row in rows:
        if row[KEY] in found:
            raise ValueError(f"{row[KEY]} stands twice")
        found[row[KEY]] = {name: row[name] for name in FIELDS}
    return found


def as_csv(row: Mapping[str, Any]) -> Row:
    """A row as the texts that a CSV file can hold: null and the empty text are the same there."""
    return {name: _text(row[name]) for name in FIELDS}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
