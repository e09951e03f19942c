"""The Salesforce side: records in Salesforce's own field names.

References are positions until the records are landed: roles in `roles`, accounts in `accounts`, contacts in `contacts`,
opportunities in `opportunities`, owners in `users` followed by `queues`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sandbox.org.companies import draw_companies
from sandbox.org.deals import draw_deals, draw_parts
from sandbox.org.dirt import spoil_leads, spoil_persons
from sandbox.org.draws import Booleans, Integers, generator, taken
from sandbox.org.persons import draw_persons
from sandbox.org.vocabulary import LOCALES, Vocabulary

FEWEST_USERS, MOST_USERS = 12, 500
LEADS_PER_USER = 200
LEADS_PER_ACCOUNT = 5
LEADS_PER_CONTACT = 2
LEADS_PER_OPPORTUNITY = 10
OWN_DOMAIN = "harbourline.example"
# The first users have the first roles, one each: they lead. The others share the roles without subordinates.
LEADERS = 5
INACTIVE_USERS = 0.1
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
CONTACT_STATUSES = ("New", "Working", "Nurturing", "Qualified", "Customer", "Do Not Contact")
BEGIN, END = np.datetime64("2025-01-06T08:00:00"), np.datetime64("2025-12-01T18:00:00")
# Leads that one import changed within the same second: at 10,000 Leads, more than a page of equal stamps.
IMPORTED = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """All records of the org. `clean_leads` marks the Leads without a fault."""

    roles: pd.DataFrame
    statuses: pd.DataFrame
    queues: pd.DataFrame
    users: pd.DataFrame
    accounts: pd.DataFrame
    leads: pd.DataFrame
    contacts: pd.DataFrame
    opportunities: pd.DataFrame
    contact_roles: pd.DataFrame
    clean_leads: Booleans


def build_external(vocabulary: Vocabulary, size: int, seed: int) -> External:
    """Build an org of `size` Leads."""
    companies = draw_companies(generator(seed, "companies"), vocabulary, size // LEADS_PER_ACCOUNT + size // 3 + 2)
    customers = size // LEADS_PER_ACCOUNT + 1
    users = _users(generator(seed, "users"), vocabulary, size)
    active = np.flatnonzero(users["IsActive"].to_numpy(dtype=bool))
    inactive = np.flatnonzero(~users["IsActive"].to_numpy(dtype=bool))
    persons, at = _persons(generator(seed, "persons"), vocabulary, companies, size, customers)
    leads = _leads(generator(seed, "leads"), vocabulary, persons[:size], active)
    contacts = _contacts(generator(seed, "contacts"), persons[size:].reset_index(drop=True), at[size:], active)
    queues = np.arange(len(vocabulary.queues)) + len(users)
    dirt = generator(seed, "dirt")
    clean_leads = spoil_persons(dirt, leads, inactive) & spoil_leads(dirt, leads, queues)
    spoil_persons(dirt, contacts, inactive)
    accounts = _accounts(generator(seed, "accounts"), companies[:customers], active)
    chance = generator(seed, "deals")
    deals = _dated(chance, draw_deals(chance, accounts, size // LEADS_PER_OPPORTUNITY), active)
    return External(
        roles=_roles(vocabulary),
        statuses=_statuses(vocabulary),
        queues=vocabulary.queues[["Name"]].assign(Type="Queue"),
        users=users,
        accounts=accounts,
        leads=leads,
        contacts=contacts,
        opportunities=deals,
        contact_roles=draw_parts(chance, len(deals), np.arange(len(contacts))),
        clean_leads=clean_leads,
    )


def _persons(
    rng: np.random.Generator, vocabulary: Vocabulary, companies: pd.DataFrame, size: int, customers: int
) -> tuple[pd.DataFrame, Integers]:
    """Draw Leads and Contacts together, so that their mail addresses are unique; Contacts work at `customers` only."""
    at = np.concatenate([rng.integers(0, len(companies), size), rng.integers(0, customers, size // LEADS_PER_CONTACT)])
    return draw_persons(rng, vocabulary, companies, at), at


def _users(rng: np.random.Generator, vocabulary: Vocabulary, size: int) -> pd.DataFrame:
    count = min(max(FEWEST_USERS, size // LEADS_PER_USER), MOST_USERS)
    offices = pd.DataFrame(
        {"name": "Harbourline", "domain": OWN_DOMAIN, "city": None, "country": None, "locale": range(len(LOCALES))}
    )
    persons = draw_persons(rng, vocabulary, offices, rng.integers(0, len(offices), count))
    roles = np.concatenate([np.arange(LEADERS), rng.integers(LEADERS, len(vocabulary.roles), count - LEADERS)])
    inactive = LEADERS + rng.permutation(count - LEADERS)[: max(2, round(count * INACTIVE_USERS))]
    local_parts = persons["email"].str.partition("@")[0]
    return pd.DataFrame(
        {
            "Username": local_parts + "@crm." + OWN_DOMAIN,
            "Email": persons["email"],
            "FirstName": persons["first_name"],
            "LastName": persons["last_name"],
            "Title": taken(vocabulary.roles["Name"], roles),
            "Phone": persons["phone"],
            "Alias": local_parts.str.replace(".", "").str[:8],
            "CommunityNickname": local_parts.str[:40],
            "IsActive": ~np.isin(np.arange(count), inactive),
            "UserRoleId": roles,
            "TimeZoneSidKey": "UTC",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
        },
        dtype=object,
    )


def _roles(vocabulary: Vocabulary) -> pd.DataFrame:
    # Snowfakery numbers an object's rows from 1.
    parents = [None if parent is None else parent - 1 for parent in vocabulary.roles["Parent"]]
    return pd.DataFrame({"Name": vocabulary.roles["Name"], "ParentRoleId": pd.Series(parents, dtype=object)})


def _statuses(vocabulary: Vocabulary) -> pd.DataFrame:
    names = vocabulary.statuses["Name"]
    return pd.DataFrame(
        {
            "MasterLabel": names,
            "ApiName": names,
            "SortOrder": range(1, len(names) + 1),
            "IsDefault": names.index == 0,
            "IsConverted": names == "Closed - Converted",
        },
        dtype=object,
    )


def _accounts(rng: np.random.Generator, companies: pd.DataFrame, active: Integers) -> pd.DataFrame:
    names = {
        "name": "Name",
        "website": "Website",
        "phone": "Phone",
        "industry": "Industry",
        "employees": "NumberOfEmployees",
        "revenue": "AnnualRevenue",
        "street": "BillingStreet",
        "city": "BillingCity",
        "postal_code": "BillingPostalCode",
        "country": "BillingCountry",
    }
    return _dated(rng, companies[list(names)].rename(columns=names), active)


def _leads(rng: np.random.Generator, vocabulary: Vocabulary, persons: pd.DataFrame, active: Integers) -> pd.DataFrame:
    weights = vocabulary.statuses["Weight"].to_numpy(dtype=float)
    statuses = rng.choice(len(weights), len(persons), p=weights / weights.sum())
    leads = _named(rng, persons).assign(
        Company=persons["company"],
        City=persons["city"],
        Country=persons["country"],
        Status=taken(vocabulary.statuses["Name"], statuses),
    )
    leads = _dated(rng, leads, active)
    imported = rng.random(len(leads)) < IMPORTED
    leads.loc[imported, ["LastModifiedDate", "SystemModstamp"]] = _stamps(np.array([END]))[0]
    return leads


def _contacts(rng: np.random.Generator, persons: pd.DataFrame, accounts: Integers, active: Integers) -> pd.DataFrame:
    contacts = _named(rng, persons).assign(
        AccountId=accounts.astype(object),
        MailingCity=persons["city"],
        MailingCountry=persons["country"],
        Contact_Status__c=rng.choice(CONTACT_STATUSES, len(persons)).astype(object),
    )
    return _dated(rng, contacts, active)


def _named(rng: np.random.Generator, persons: pd.DataFrame) -> pd.DataFrame:
    names = {
        "first_name": "FirstName",
        "last_name": "LastName",
        "title": "Title",
        "email": "Email",
        "phone": "Phone",
        "mobile_phone": "MobilePhone",
    }
    frame = persons[list(names)].rename(columns=names)
    return frame.assign(
        LeadSource=rng.choice(SOURCES, len(frame)).astype(object),
        HasOptedOutOfEmail=pd.Series(data=False, index=frame.index, dtype=object),
    )


def _dated(rng: np.random.Generator, frame: pd.DataFrame, active: Integers) -> pd.DataFrame:
    """Add an owner, who is also the last to have changed the record, and the audit fields."""
    span = int((END - BEGIN).astype(np.int64))
    created = np.sort(rng.integers(0, span, len(frame)))
    modified = created + ((span - created) * rng.beta(1, 3, len(frame))).astype(np.int64)
    owners = rng.choice(active, len(frame)).astype(object)
    stamps = _stamps(BEGIN + modified)
    return frame.assign(
        OwnerId=owners,
        CreatedById=owners,
        LastModifiedById=owners,
        CreatedDate=_stamps(BEGIN + created),
        LastModifiedDate=stamps,
        SystemModstamp=stamps,
    )


def _stamps(moments: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Write UTC moments as Salesforce does."""
    return np.char.add(np.datetime_as_string(moments, unit="s"), ".000+0000").astype(object)
