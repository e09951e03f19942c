"""Opportunities of accounts, and the contacts who have a part in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sandbox.org.draws import Integers, taken
from sandbox.salesforce.opportunities import STAGES

PRODUCTS = ("Presses", "Licences", "Renewal", "Pilot", "Spare parts", "Rollout", "Consulting", "Support")
TYPES = ("New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement")
ROLES = ("Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Technical Buyer", "Business User")
STEPS = (None, "Call back", "Send quote", "Meet on site", "Wait for the board")
FIRST_DAY = np.datetime64("2025-06-01")
DAYS = 540
# Contacts with a part in an opportunity: none, one or two.
PARTS = (0.2, 0.5, 0.3)


def draw_deals(rng: np.random.Generator, accounts: pd.DataFrame, count: int) -> pd.DataFrame:
    """Opportunities; AccountId is the position of an account. Renewals make names that several of them have."""
    at = rng.integers(0, len(accounts), count)
    products = taken(pd.Series(PRODUCTS, dtype=object), rng.integers(0, len(PRODUCTS), count))
    days = FIRST_DAY + rng.integers(0, DAYS, count)
    return pd.DataFrame(
        {
            "Name": [f"{name}: {product}" for name, product in zip(accounts["Name"].iloc[at], products, strict=True)],
            "AccountId": at.astype(object),
            "StageName": rng.choice(list(STAGES), count).astype(object),
            "Amount": np.round(rng.lognormal(10, 1, count), 2).astype(object),
            "CloseDate": np.datetime_as_string(days, unit="D").astype(object),
            "Type": rng.choice(TYPES, count).astype(object),
            "NextStep": pd.Series(STEPS, dtype=object).iloc[rng.integers(0, len(STEPS), count)].to_numpy(),
            "LeadSource": rng.choice(["Web", "Partner Referral", "Other"], count).astype(object),
        },
        dtype=object,
    )


def draw_parts(rng: np.random.Generator, deals: int, contacts: Integers) -> pd.DataFrame:
    """Contact roles: positions of opportunities and of contacts, the first of an opportunity primary.

    `contacts`: positions of those that may be drawn.
    """
    counts = rng.choice(len(PARTS), deals, p=PARTS)
    opportunities = np.repeat(np.arange(deals), counts)
    drawn = np.concatenate([rng.choice(contacts, count, replace=False) for count in counts] or [contacts[:0]])
    first = np.concatenate([[True], opportunities[1:] != opportunities[:-1]])[: len(opportunities)]
    return pd.DataFrame(
        {
            "OpportunityId": opportunities.astype(object),
            "ContactId": drawn.astype(object),
            "Role": rng.choice(ROLES, len(opportunities)).astype(object),
            "IsPrimary": first.astype(object),
        },
        dtype=object,
    )
