"""Persons of any number, each at a company, recombined from the vocabulary."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.org.draws import Integers, filled, joined, numbered, slugs, taken
from sandbox.org.vocabulary import LOCALES, Locale, Vocabulary

WITH_MOBILE = 0.6


def draw_persons(
    rng: np.random.Generator, vocabulary: Vocabulary, companies: pd.DataFrame, at: Integers
) -> pd.DataFrame:
    """Return one person per entry of `at`, a position in `companies`, with a unique mail address.

    Columns: first_name, last_name, title, email, phone, mobile_phone (None for some), company, city, country.
    """
    locales = companies["locale"].to_numpy(dtype=np.int64)[at]
    parts = []
    for position, (locale, words) in enumerate(zip(LOCALES, vocabulary.persons, strict=True)):
        places = np.flatnonzero(locales == position)
        parts.append(_of_locale(rng, locale, words, len(places)).set_index(places))
    persons = pd.concat(parts).sort_index()
    mails = joined("{}@{}", persons.pop("slug"), taken(companies["domain"], at))
    persons["email"] = numbered(mails, lambda mail, number: mail.replace("@", f"{number}@"))
    for source, column in {"name": "company", "city": "city", "country": "country"}.items():
        persons[column] = taken(companies[source], at)
    return persons


def _of_locale(rng: np.random.Generator, locale: Locale, words: pd.DataFrame, count: int) -> pd.DataFrame:
    first, last, title = (rng.integers(0, len(words), count) for _ in range(3))
    slug = [pd.Series(slugs(words[column]), dtype=object) for column in ("FirstName", "LastName")]
    mobile = pd.Series(filled(rng, locale.mobile, count), dtype=object)
    return pd.DataFrame(
        {
            "first_name": taken(words["FirstName"], first),
            "last_name": taken(words["LastName"], last),
            "title": taken(words["Title"], title),
            "slug": joined("{}.{}", taken(slug[0], first), taken(slug[1], last)),
            "phone": filled(rng, locale.phone, count),
            "mobile_phone": mobile.where(rng.random(count) < WITH_MOBILE, None),
        },
        dtype=object,
    )
