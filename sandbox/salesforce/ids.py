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
    high, low = divmod(number, len(TAILS))
    head, checks, head_bits = _head(prefix, high)
    tail, tail_bits = TAILS[low]
    return f"{head}{tail}{checks}{CHECK_CHARACTERS[head_bits | tail_bits]}"


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
    return CHECK_CHARACTERS[_bits(group)]


def _bits(letters: str, first: int = 0) -> int:
    return sum(1 << place for place, letter in enumerate(letters, first) if "A" <= letter <= "Z")


@lru_cache(maxsize=1024)
def _head(prefix: str, high: int) -> tuple[str, str, int]:
    """All but the last two characters, the first two check characters, and what the third owes to the head."""
    counter = ""
    while high:
        high, rest = divmod(high, len(DIGITS))
        counter = DIGITS[rest] + counter
    head = prefix + POD + counter.rjust(COUNTER_WIDTH - 2, "0")
    return head, _check(head[:5]) + _check(head[5:10]), _bits(head[10:])


# Making a million ids is part of making an org: the last two characters come from a table.
TAILS = [(first + second, _bits(first + second, 3)) for first in DIGITS for second in DIGITS]
