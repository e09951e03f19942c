"""What people type into a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from sandbox.org.companies import draw_companies
from sandbox.org.draws import filled
from sandbox.org.external import CONTACT_STATUSES, SOURCES
from sandbox.org.pairs import Kind
from sandbox.org.vocabulary import LOCALES, Vocabulary

CLEARED = 0.1
REMARKS = ("ask at the reception", "see mail of last week", "do not call before noon", "left the company?")
POOL_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What people choose their words from."""

    titles: pd.Series
    companies: pd.DataFrame


Habit = Callable[[np.random.Generator, Pool], Any]


def draw_pool(rng: np.random.Generator, vocabulary: Vocabulary) -> Pool:
    return Pool(titles=vocabulary.persons[0]["Title"], companies=draw_companies(rng, vocabulary, POOL_SIZE))


def _word(words: Sequence[str] | pd.Series, rng: np.random.Generator) -> str:
    return str(words[int(rng.integers(0, len(words)))])


def _number(rng: np.random.Generator, *, mobile: bool) -> str:
    locale = LOCALES[int(rng.integers(0, len(LOCALES)))]
    return filled(rng, locale.mobile if mobile else locale.phone, 1)[0]


def _mobile(rng: np.random.Generator) -> str | None:
    return None if rng.random() < CLEARED else _number(rng, mobile=True)


# By column; a column that is not here is not edited.
HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "title": lambda rng, pool: _word(pool.titles, rng),
        "phone": lambda rng, _: _number(rng, mobile=False),
        "mobile_phone": lambda rng, _: _mobile(rng),
        "company": lambda rng, pool: _word(pool.companies["name"], rng),
        "source": lambda rng, _: _word(SOURCES, rng),
        "stage_name": lambda rng, _: _word(CONTACT_STATUSES, rng),
        "website": lambda rng, pool: _word(pool.companies["website"], rng),
        "industry": lambda rng, pool: _word(pool.companies["industry"], rng),
        "employees": lambda rng, _: int(rng.integers(5, 5_000)),
        "city": lambda rng, pool: _word(pool.companies["city"], rng),
    }
)


def editable(kind: Kind) -> list[str]:
    return [column for column in kind.fields if column in HABITS]


def retyped(rng: np.random.Generator, pool: Pool, column: str, *known: Any) -> Any:
    """A value for the column that is none of those known."""
    while True:
        value = HABITS[column](rng, pool)
        if value not in known:
            return value


def remark(rng: np.random.Generator) -> str:
    """What somebody writes into a telephone field against the administrator's rule."""
    return _word(REMARKS, rng)
