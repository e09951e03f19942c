"""What real data suffers from, in stated shares.

Every value still fits into its Salesforce field: Salesforce would not hold it otherwise. It need not fit into the field
that it is mapped to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandbox.org.draws import Booleans, Integers, chosen

TITLE_LENGTH = 128  # of Lead and Contact in Salesforce
WRONG_STATUSES = ("Recycled?", "working - contacted ", "Qualified (old)")
WRONG_SOURCES = ("Trade Fair 2019", "LinkedIn", "tbd")
# A picklist that is not restricted takes any text of up to 255 characters.
LONG_SOURCE = (
    "Imported from the list of visitors, " + "second hall, third row, left of the stairs; " * 4 + "to be checked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the rows that have each fault; a row may have several."""

    no_mail: float = 0.04
    long_title: float = 0.01
    wrong_status: float = 0.01
    wrong_source: float = 0.02
    long_source: float = 0.01
    same_mail: float = 0.02
    inactive_owner: float = 0.03
    queue_owner: float = 0.05
    opted_out: float = 0.03


SHARES = Shares()


def spoil_persons(rng: np.random.Generator, frame: pd.DataFrame, inactive: Integers) -> Booleans:
    """Spoil Leads or Contacts in place and return which rows are still clean. `inactive`: positions of such owners."""
    count = len(frame)
    long_title, wrong_source, long_source, inactive_owner, opted_out = (
        chosen(rng, count, share)
        for share in (
            SHARES.long_title,
            SHARES.wrong_source,
            SHARES.long_source,
            SHARES.inactive_owner,
            SHARES.opted_out,
        )
    )
    frame.loc[long_title, "Title"] = _lengthened(frame.loc[long_title, "Title"])
    frame.loc[wrong_source, "LeadSource"] = rng.choice(WRONG_SOURCES, wrong_source.sum()).astype(object)
    frame.loc[long_source, "LeadSource"] = LONG_SOURCE
    frame.loc[inactive_owner, "OwnerId"] = rng.choice(inactive, inactive_owner.sum()).astype(object)
    frame.loc[opted_out, "HasOptedOutOfEmail"] = True
    clean_mail = _spoil_mails(rng, frame)
    return clean_mail & ~(long_title | wrong_source | long_source | inactive_owner | opted_out)


def spoil_leads(rng: np.random.Generator, leads: pd.DataFrame, queues: Integers) -> Booleans:
    """Spoil what only Leads have, as `spoil_persons` does. `queues`: positions of the queues among the owners."""
    wrong_status, queue_owner = (chosen(rng, len(leads), share) for share in (SHARES.wrong_status, SHARES.queue_owner))
    leads.loc[wrong_status, "Status"] = rng.choice(WRONG_STATUSES, wrong_status.sum()).astype(object)
    leads.loc[queue_owner, "OwnerId"] = rng.choice(queues, queue_owner.sum()).astype(object)
    return ~(wrong_status | queue_owner)


def _spoil_mails(rng: np.random.Generator, frame: pd.DataFrame) -> Booleans:
    missing = chosen(rng, len(frame), SHARES.no_mail)
    frame.loc[missing, "Email"] = None
    # Entered twice: the copy bears the name of the original, and whatever else was typed the second time.
    copies = np.flatnonzero(chosen(rng, len(frame), SHARES.same_mail))
    originals = rng.integers(0, len(frame), len(copies))
    for column in ("Email", "FirstName", "LastName"):
        frame.loc[copies, column] = frame[column].to_numpy(dtype=object)[originals]
    touched = np.zeros(len(frame), dtype=bool)
    touched[np.concatenate([copies, originals])] = True
    return ~(missing | touched)


def _lengthened(titles: pd.Series) -> list[str]:
    return [f"{title}, responsible for {'strategic partnerships, ' * 5}"[:TITLE_LENGTH].rstrip() for title in titles]
