"""Small vectorised draws that companies and persons share."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from zlib import crc32

import numpy as np
import pandas as pd

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Booleans = np.ndarray[tuple[int], np.dtype[np.bool_]]


def generator(seed: int, part: str) -> np.random.Generator:
    """A stream of its own for each part, so that a change in one leaves the others as they were."""
    return np.random.default_rng([seed, crc32(part.encode())])


def chosen(rng: np.random.Generator, count: int, share: float) -> Booleans:
    """A mask that is true for exactly `share` of the rows, rounded, at random places."""
    mask = np.zeros(count, dtype=bool)
    mask[rng.permutation(count)[: round(count * share)]] = True
    return mask


def filled(rng: np.random.Generator, pattern: str, count: int) -> list[str]:
    """Fill each # of the pattern with a digit."""
    places = pattern.count("#")
    template = pattern.replace("#", "%s")
    return [template % tuple(f"{number:0{places}d}") for number in rng.integers(0, 10**places, count).tolist()]


def taken(words: pd.Series, positions: Integers) -> pd.Series:
    """The words at these positions, as a fresh column."""
    return pd.Series(words.to_numpy(dtype=object)[positions], dtype=object)


def numbered(texts: pd.Series, rename: Callable[[str, int], str]) -> pd.Series:
    """Make texts unique regardless of case: the second and later of equal ones are renamed with their number."""
    place = texts.groupby(texts.str.lower()).cumcount()
    again = place > 0
    numbers = place[again] + 1
    renamed = [rename(text, number) for text, number in zip(texts[again], numbers, strict=True)]
    result = texts.copy()
    result[again] = pd.Series(renamed, index=numbers.index, dtype=object)
    return result


def slugs(words: Iterable[str]) -> list[str]:
    """The words in plain letters and hyphens, as they stand in a mail address."""
    return [_slug(word) for word in words]


def joined(template: str, *columns: Sequence[str] | pd.Series) -> pd.Series:
    """Format row by row over plain strings: faster than pandas' own concatenation of objects."""
    return pd.Series([template.format(*parts) for parts in zip(*columns, strict=True)], dtype=object)


def _slug(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss"))
    letters = "".join(
        letter if letter.isascii() and letter.isalnum() else "-"
        for letter in plain
        if not unicodedata.combining(letter)
    )
    return "-".join(part for part in letters.split("-") if part)
