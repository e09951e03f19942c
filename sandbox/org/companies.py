"""Companies of any number, recombined from the vocabulary."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.org.draws import filled, joined, numbered, slugs, taken
from sandbox.org.vocabulary import LOCALES, Locale, Vocabulary

# How the companies spread over `LOCALES`.
WEIGHTS = (0.45, 0.2, 0.15, 0.2)
PARTNERED = 0.6
MOST_EMPLOYEES = 400_000


def draw_companies(rng: np.random.Generator, vocabulary: Vocabulary, count: int) -> pd.DataFrame:
    """Return companies with unique names and domains.

    Columns: name, domain, website, phone, industry, employees, revenue (in US dollars), street, city, postal_code,
    country, locale (a position in `LOCALES`).
    """
    locales = rng.choice(len(LOCALES), count, p=WEIGHTS)
    parts = []
    for position, (locale, words) in enumerate(zip(LOCALES, vocabulary.companies, strict=True)):
        places = np.flatnonzero(locales == position)
        part = _of_locale(rng, locale, words, len(places))
        parts.append(part.assign(locale=position).set_index(places))
    companies = pd.concat(parts).sort_index()
    companies["name"] = numbered(companies["name"], "{} {}".format)
    domains = numbered(companies.pop("slug"), "{}-{}".format)
    companies["domain"] = domains + ".example"
    companies["website"] = "https://www." + companies["domain"]
    return companies


def _of_locale(rng: np.random.Generator, locale: Locale, words: pd.DataFrame, count: int) -> pd.DataFrame:
    founder, partner, trade, place, form = (
        rng.integers(0, size, count)
        for size in (len(words), len(words), len(words), len(words), len(locale.legal_forms))
    )
    partnered = (rng.random(count) < PARTNERED) & (founder != partner)
    name, slug = words["Founder"], pd.Series(slugs(words["Founder"]), dtype=object)
    second = taken(" & " + name, partner).where(partnered, "")
    second_slug = taken("-" + slug, partner).where(partnered, "")
    forms = pd.Series(locale.legal_forms, dtype=object)
    employees = np.minimum(rng.lognormal(4.5, 1.6, count).astype(np.int64) + 1, MOST_EMPLOYEES)
    return pd.DataFrame(
        {
            "name": joined(
                "{}{} {} {}", taken(name, founder), second, taken(words["Trade"], trade), taken(forms, form)
            ),
            "slug": joined("{}{}-{}", taken(slug, founder), second_slug, taken(words["Trade"].str.lower(), trade)),
            "phone": filled(rng, locale.phone, count),
            "industry": taken(words["Industry"], trade),
            "employees": employees.astype(object),
            "revenue": (employees * rng.integers(60, 400, count) * 1_000).astype(object),
            "street": taken(words["Street"], place),
            "city": taken(words["City"], place),
            "postal_code": taken(words["PostalCode"], place),
            "country": locale.country,
        },
        dtype=object,
    )
