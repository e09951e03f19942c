"""The engagement side: what its users had entered before anything was synchronised.

Rows are named by column; references are names until the rows are landed: `owner` is a user's mail address, `stage` a
stage's name. Half of the prospects and accounts are also in Salesforce (known by mail address or name).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from sandbox.org.companies import draw_companies
from sandbox.org.draws import Integers, chosen, generator, taken
from sandbox.org.external import External
from sandbox.org.persons import draw_persons
from sandbox.org.vocabulary import Vocabulary

SHARE_OF_SIZE = 0.2
FEWEST_PROSPECTS, FEWEST_ACCOUNTS = 20, 6
# With it, a first name is longer than Salesforce's 40 characters.
FURTHER_NAMES = " Maria Magdalena Theodora Wilhelmina Antoinette"
OWN_STAGES = ("New", "Approaching", "Replied", "Unresponsive")
OWN_SOURCES = ("Web", "Webinar", "Referral", "Event")
NO_MAIL, NO_COMPANY, LONG, OPTED_OUT, OTHER_CASE = 0.04, 0.03, 0.02, 0.03, 0.1


class Origin(StrEnum):
    """How a row stands to Salesforce."""

    OWN = "own"  # Salesforce has no such record
    EQUAL = "equal"  # every mapped field agrees
    BLANKS = "blanks"  # where they differ, one side is empty
    DIFFERENT = "different"  # some fields have another value


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """Rows of the engagement database; prospects and accounts carry their `origin`, which is not landed."""

    users: pd.DataFrame
    accounts: pd.DataFrame
    prospects: pd.DataFrame


def build_internal(vocabulary: Vocabulary, external: External, seed: int) -> Internal:
    """Build the rows that go with an org."""
    users = _users(external.users[external.users["IsActive"].astype(bool)])
    mails = users["email"]
    return Internal(
        users=users,
        accounts=pd.concat(
            [
                _known_accounts(generator(seed, "known accounts"), external),
                _own_accounts(generator(seed, "own accounts"), vocabulary, external, mails),
            ],
            ignore_index=True,
        ),
        prospects=pd.concat(
            [
                _known_prospects(generator(seed, "known prospects"), vocabulary, external),
                _own_prospects(generator(seed, "own prospects"), vocabulary, external, mails),
            ],
            ignore_index=True,
        ),
    )


def _users(users: pd.DataFrame) -> pd.DataFrame:
    names = {"Email": "email", "FirstName": "first_name", "LastName": "last_name", "Title": "title", "Phone": "phone"}
    frame = users[list(names)].rename(columns=names).reset_index(drop=True)
    return frame.assign(username=frame["email"].str.partition("@")[0], active=True)


def _known_accounts(rng: np.random.Generator, external: External) -> pd.DataFrame:
    names = {
        "Name": "name",
        "Website": "website",
        "Phone": "phone",
        "Industry": "industry",
        "NumberOfEmployees": "employees",
        "AnnualRevenue": "revenue",
        "BillingCity": "city",
        "BillingCountry": "country",
    }
    count = _half(len(external.accounts), FEWEST_ACCOUNTS)
    picked = external.accounts.iloc[rng.permutation(len(external.accounts))[:count]]
    frame = picked[list(names)].rename(columns=names).reset_index(drop=True)
    frame["owner"] = taken(external.users["Email"], picked["OwnerId"].to_numpy(dtype=np.int64))
    return _diverged(frame, blank=("website", "city"), other=("phone", "employees"))


def _own_accounts(
    rng: np.random.Generator, vocabulary: Vocabulary, external: External, mails: pd.Series
) -> pd.DataFrame:
    companies = draw_companies(rng, vocabulary, _half(len(external.accounts), FEWEST_ACCOUNTS))
    companies = companies[~companies["name"].str.lower().isin(external.accounts["Name"].str.lower())]
    columns = ["name", "website", "phone", "industry", "employees", "revenue", "city", "country"]
    frame = companies[columns].reset_index(drop=True)
    return frame.assign(owner=_drawn(rng, mails, len(frame)), origin=Origin.OWN.value)


def _known_prospects(rng: np.random.Generator, vocabulary: Vocabulary, external: External) -> pd.DataFrame:
    names = {
        "Email": "email",
        "FirstName": "first_name",
        "LastName": "last_name",
        "Company": "company",
        "Title": "title",
        "Phone": "phone",
        "MobilePhone": "mobile_phone",
        "LeadSource": "source",
        "HasOptedOutOfEmail": "opted_out",
        "City": "city",
        "Country": "country",
    }
    stages = dict(zip(vocabulary.statuses["Name"], vocabulary.statuses["Stage"], strict=True))
    usable = np.flatnonzero(external.clean_leads & external.leads["Status"].map(stages).notna().to_numpy())
    picked = external.leads.iloc[rng.permutation(usable)[: _half(len(external.leads), FEWEST_PROSPECTS)]]
    frame = picked[list(names)].rename(columns=names).reset_index(drop=True)
    frame["stage"] = picked["Status"].map(stages).to_numpy(dtype=object)
    frame["owner"] = taken(external.users["Email"], picked["OwnerId"].to_numpy(dtype=np.int64))
    other_case = chosen(rng, len(frame), OTHER_CASE)
    frame.loc[other_case, "email"] = frame.loc[other_case, "email"].str.title()
    return _diverged(frame, blank=("title", "phone"), other=("title", "phone"), add={"mobile_phone": "phone"})


def _own_prospects(
    rng: np.random.Generator, vocabulary: Vocabulary, external: External, mails: pd.Series
) -> pd.DataFrame:
    count = _half(len(external.leads), FEWEST_PROSPECTS)
    companies = draw_companies(rng, vocabulary, count // 2 + 1)
    frame = draw_persons(rng, vocabulary, companies, rng.integers(0, len(companies), count))
    taken_already = set(external.leads["Email"].dropna()) | set(external.contacts["Email"].dropna())
    frame = frame[~frame["email"].isin(taken_already)].reset_index(drop=True)
    no_mail, no_company, long, opted_out = (
        chosen(rng, len(frame), share) for share in (NO_MAIL, NO_COMPANY, LONG, OPTED_OUT)
    )
    frame.loc[no_mail, "email"] = None
    frame.loc[no_company, "company"] = None
    frame.loc[long, "first_name"] += FURTHER_NAMES
    return frame.assign(
        source=_drawn(rng, pd.Series(OWN_SOURCES), len(frame)),
        stage=_drawn(rng, pd.Series(OWN_STAGES), len(frame)),
        owner=_drawn(rng, mails, len(frame)),
        opted_out=opted_out,
        origin=Origin.OWN.value,
    )


def _diverged(
    frame: pd.DataFrame, *, blank: tuple[str, ...], other: tuple[str, ...], add: dict[str, str] | None = None
) -> pd.DataFrame:
    """Make a third of the rows equal, blank in places (`add` fills what Salesforce lacks), and different in places."""
    kinds = (Origin.EQUAL, Origin.BLANKS, Origin.DIFFERENT)
    origins = pd.Series([kinds[place % len(kinds)].value for place in range(len(frame))], dtype=object)
    blanks, different = origins == Origin.BLANKS, origins == Origin.DIFFERENT
    neighbours = frame.shift(1)
    frame.loc[blanks, list(blank)] = None
    for column, source in (add or {}).items():
        lacking = blanks & frame[column].isna()
        frame.loc[lacking, column] = neighbours.loc[lacking, source]
    for column in other:
        moved = neighbours[column]
        changed = different & moved.notna() & (moved != frame[column])
        frame.loc[changed, column] = moved[changed]
    return frame.assign(origin=origins)


def _half(count: int, fewest: int) -> int:
    return max(round(count * SHARE_OF_SIZE), fewest) // 2


def _drawn(rng: np.random.Generator, words: pd.Series, count: int) -> pd.Series:
    positions: Integers = rng.integers(0, len(words), count)
    return taken(words, positions)
