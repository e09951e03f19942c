"""Salesforce record ids: 15 case-sensitive characters, and the 18-character form with its check-sum."""

from __future__ import annotations

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG = 15, 18
# Three characters name the pod that made the record; any constant will do, a real-looking one helps the eye.
POD = "5g0"
COUNTER_WIDTH = SHORT - 3 - len(POD)


def make(prefix: str, number: int) -> str:
    """Return the 18-character id of the `number`-th record of the type with this key prefix."""
    counter = ""
    while number:
        number, rest = divmod(number, len(DIGITS))
        counter = DIGITS[rest] + counter
    return lengthen(prefix + POD + counter.rjust(COUNTER_WIDTH, "0"))


def lengthen(short: str) -> str:
    """Append the three check characters to a 15-character id."""
    return short + _check(short[:5]) + _check(short[5:10]) + _check(short[10:])


def normalise(text: str) -> str | None:
    """Return the 18-character form, or None when the text is no id (length, alphabet or check-sum)."""
    if len(text) not in {SHORT, LONG} or not (text.isascii() and text.isalnum()):
        return None
    full = lengthen(text[:SHORT])
    return full if len(text) == SHORT or full == text else None


@lru_cache(maxsize=65536)
def _check(group: str) -> str:
    return CHECK_CHARACTERS[sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")]
