"""New records that people enter on either side, planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from sandbox.org.companies import draw_companies
from sandbox.org.database import ids_by, reflected
from sandbox.org.external import CONTACT_STATUSES, SOURCES
from sandbox.org.manifest import Action, Entry
from sandbox.org.pairs import ACCOUNT, CONTACT, LEAD, Kind
from sandbox.org.persons import draw_persons
from sandbox.org.vocabulary import Vocabulary
from sandbox.salesforce.store import Store

# Of what is entered in Salesforce; the rest are Leads.
CONTACTS, ACCOUNTS = 0.2, 0.1


def known_keys(connection: Connection, store: Store) -> set[str]:
    """Mail addresses of all persons and names of all accounts, on both sides, in lower case."""
    columns = (reflected(connection, "prospects").c["email"], reflected(connection, "accounts").c["name"])
    internal = [value for column in columns for (value,) in connection.execute(select(column))]
    fields = (("Lead", "Email"), ("Contact", "Email"), ("Account", "Name"))
    external = [row[field] for name, field in fields for row in store.rows(name)]
    return {value.lower() for value in (*internal, *external) if value}


def enter_internal(
    connection: Connection, rng: np.random.Generator, vocabulary: Vocabulary, known: set[str], count: int
) -> list[Entry]:
    """Plan new prospects in the engagement database."""
    users = reflected(connection, "users")
    active = [row_id for (row_id,) in connection.execute(select(users.c["id"]).where(users.c["active"]))]
    new = ids_by(connection, "stages", "name")["New"]
    columns = [column for column in LEAD.fields if column != "source"]
    values = [
        {column: person[column] for column in columns}
        | {"source": _one(rng, SOURCES), "owner_id": _one(rng, active), "stage_id": new, "opted_out": False}
        for person in _persons(rng, vocabulary, known, count)
    ]
    return [_entry("internal", LEAD, each, each["email"]) for each in values]


def enter_external(
    store: Store, rng: np.random.Generator, vocabulary: Vocabulary, known: set[str], count: int
) -> list[Entry]:
    """Plan new Leads, Contacts and Accounts in Salesforce."""
    contacts, accounts = round(count * CONTACTS), round(count * ACCOUNTS)
    persons = _persons(rng, vocabulary, known, count - accounts)
    owners = [row["Id"] for row in store.rows("User", "IsActive = 1 AND UserRoleId IS NOT NULL")]
    firms = [row["Id"] for row in store.rows("Account", "IsDeleted = 0")]
    planned: list[tuple[Kind, dict[str, Any]]] = [
        *((CONTACT, _contact(rng, person, firms)) for person in persons[:contacts]),
        *((LEAD, _lead(rng, person)) for person in persons[contacts:]),
        *((ACCOUNT, _named(ACCOUNT, company)) for company in _companies(rng, vocabulary, known, accounts)),
    ]
    return [
        _entry("external", kind, values | {"OwnerId": _one(rng, owners)}, values[kind.fields[kind.key]])
        for kind, values in planned
    ]


def _lead(rng: np.random.Generator, person: Mapping[str, Any]) -> dict[str, Any]:
    return _named(LEAD, person) | {"LeadSource": _one(rng, SOURCES), "Status": "Open - Not Contacted"}


def _contact(rng: np.random.Generator, person: Mapping[str, Any], accounts: Sequence[str]) -> dict[str, Any]:
    chosen = {"AccountId": _one(rng, accounts), "Contact_Status__c": _one(rng, CONTACT_STATUSES)}
    return _named(CONTACT, person) | {"LeadSource": _one(rng, SOURCES)} | chosen


def _named(kind: Kind, drawn: Mapping[str, Any]) -> dict[str, Any]:
    return {field: drawn[column] for column, field in kind.fields.items() if column in drawn}


def _entry(side: str, kind: Kind, values: Mapping[str, Any], key: str) -> Entry:
    return Entry(
        action=Action.CREATE,
        side=side,
        table=kind.table,
        object=kind.object,
        key=key.lower(),
        internal_id=None,
        external_id=None,
        values=values,
    )


def _persons(rng: np.random.Generator, vocabulary: Vocabulary, known: set[str], count: int) -> list[dict[str, Any]]:
    def draw() -> pd.DataFrame:
        return draw_persons(rng, vocabulary, draw_companies(rng, vocabulary, count), np.arange(count))

    return _fresh(draw, "email", known, count)


def _companies(rng: np.random.Generator, vocabulary: Vocabulary, known: set[str], count: int) -> list[dict[str, Any]]:
    return _fresh(lambda: draw_companies(rng, vocabulary, count), "name", known, count)


def _fresh(draw: Callable[[], pd.DataFrame], key: str, known: set[str], count: int) -> list[dict[str, Any]]:
    """Draw until there are `count` rows whose key is not known yet; `known` grows by them."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        drawn = draw().to_dict("records")
        fresh = [{str(name): value for name, value in row.items()} for row in drawn if row[key].lower() not in known]
        found += fresh[: count - len(found)]
        known |= {row[key].lower() for row in fresh}
    return found


def _one(rng: np.random.Generator, words: Sequence[Any]) -> Any:
    return words[int(rng.integers(0, len(words)))]
