"""Texts that are longer than the field outside: cut on the way out, and known again on the way in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from modstamp.engine.frames import Objects, objects

ELLIPSIS = "…"
_JOINER = "\u200d"
_TONES = range(0x1F3FB, 0x1F400)  # colours of skin, which belong to the sign before them
_FLAGS = range(0x1F1E6, 0x1F200)  # letters that make a flag two by two


def shortened(text: str, length: int) -> str:
    """At most `length` characters, the last of them an ellipsis; no character that is made of several is torn."""
    if len(text) <= length:
        return text
    end = length - len(ELLIPSIS)
    while end > 0 and _belongs_together(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def shorten(values: Iterable[Any], length: int) -> Objects:
    """Of a column; what is no text stays."""
    return objects([shortened(value, length) if isinstance(value, str) else value for value in values])


def is_shortened(short: Any, whole: Any) -> bool:
    """Whether the one may be what was made of the other."""
    if not isinstance(short, str) or not isinstance(whole, str) or not short.endswith(ELLIPSIS):
        return False
    return len(short) <= len(whole) and short != whole and whole.startswith(short.removesuffix(ELLIPSIS))


def _belongs_together(text: str, border: int) -> bool:
    """Whether a cut before this place would tear what is shown as one character."""
    before, after = text[border - 1], text[border]
    if _JOINER in {before, after} or unicodedata.category(after).startswith("M") or ord(after) in _TONES:
        return True
    flags = 0
    while flags < border and ord(text[border - 1 - flags]) in _FLAGS:
        flags += 1
    return ord(after) in _FLAGS and flags % 2 == 1
