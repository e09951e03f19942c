"""What names, companies, roles and statuses are made of: the recipe, run by Snowfakery once per locale."""

from __future__ import annotations

import io
import json
import random
import warnings
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from faker import Faker

RECIPE = Path(__file__).parent / "recipe.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """One country's share of the companies. `phone` and `mobile`: # is a digit, all within ranges kept for fiction."""

    name: str
    country: str
    legal_forms: tuple[str, ...]
    phone: str
    mobile: str


LOCALES = (
    Locale(
        name="en_US",
        country="United States",
        legal_forms=("Inc.", "LLC", "Corp."),
        phone="+1 (2##) 555-01##",
        mobile="+1 (6##) 555-01##",
    ),
    Locale(
        name="de_DE",
        country="Germany",
        legal_forms=("GmbH", "AG", "KG"),
        phone="+49 30 23125 ###",
        mobile="+49 171 39200##",
    ),
    Locale(
        name="fr_FR",
        country="France",
        legal_forms=("SA", "SARL", "SAS"),
        phone="+33 1 99 00 ## ##",
        mobile="+33 6 39 98 ## ##",
    ),
    Locale(
        name="en_GB",
        country="United Kingdom",
        legal_forms=("Ltd", "plc", "LLP"),
        phone="+44 20 7946 0###",
        mobile="+44 7700 900###",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Frames of the recipe's objects; companies and persons by the position of their locale in `LOCALES`."""

    companies: tuple[pd.DataFrame, ...]
    persons: tuple[pd.DataFrame, ...]
    roles: pd.DataFrame  # id, Name, Parent (id or None); parents first
    statuses: pd.DataFrame  # Name, Weight, Stage (or None)
    queues: pd.DataFrame  # Name


@lru_cache(maxsize=2)
def read_vocabulary(seed: int) -> Vocabulary:
    """Run the recipe; the same seed gives the same words. The frames are shared by all who ask."""
    by_locale = [_run(seed + position, locale.name) for position, locale in enumerate(LOCALES)]
    common = by_locale[0]
    return Vocabulary(
        companies=tuple(each["Company"] for each in by_locale),
        persons=tuple(each["Person"] for each in by_locale),
        roles=common["Role"],
        statuses=common["Status"],
        queues=common["Queue"],
    )


def _run(seed: int, locale: str) -> dict[str, pd.DataFrame]:
    with warnings.catch_warnings():
        # Snowfakery 4.2 imports a name that Click 8.3 calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from snowfakery import generate_data  # noqa: PLC0415 - imported under the filter
    # Snowfakery draws from the two global generators and takes no seed of its own.
    Faker.seed(seed)
    state = random.getstate()
    random.seed(seed)
    output = io.StringIO()
    try:
        with RECIPE.open(encoding="utf-8") as recipe:
            generate_data(recipe, user_options={"locale": locale}, output_format="json", output_file=output)
    finally:
        random.setstate(state)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json.loads(output.getvalue()):
        rows[row.pop("_table")].append(row)
    return {name: _frame(found) for name, found in rows.items()}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, dtype=object)
    return frame.where(frame.notna(), None)
