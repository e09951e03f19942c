"""Records that both sides have, found as a person would: by mail address or by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from sandbox.org.database import reflected
from sandbox.salesforce.store import Store

PROSPECT_FIELDS = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "title": "Title",
    "phone": "Phone",
    "mobile_phone": "MobilePhone",
    "source": "LeadSource",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of either side and the fields that correspond, column → Salesforce field.

    `key` is the column by which a record is known.
    """

    table: str
    object: str
    key: str
    fields: Mapping[str, str]


LEAD = Kind(table="prospects", object="Lead", key="email", fields=PROSPECT_FIELDS | {"company": "Company"})
CONTACT = Kind(
    table="prospects", object="Contact", key="email", fields=PROSPECT_FIELDS | {"stage_name": "Contact_Status__c"}
)
ACCOUNT = Kind(
    table="accounts",
    object="Account",
    key="name",
    fields={
        "name": "Name",
        "website": "Website",
        "phone": "Phone",
        "industry": "Industry",
        "employees": "NumberOfEmployees",
        "city": "BillingCity",
        "country": "BillingCountry",
    },
)
KINDS = (LEAD, CONTACT, ACCOUNT)
KIND_OF_OBJECT: Mapping[str, Kind] = MappingProxyType({kind.object: kind for kind in KINDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One record on both sides; `values` by column, the same on both."""

    kind: Kind
    key: str
    internal_id: int
    external_id: str
    values: Mapping[str, Any]


def pairs_in_step(connection: Connection, store: Store) -> list[Pair]:
    """Every record that either side has exactly once, with equal values in all corresponding fields.

    Others are in quarantine, held or not linked: what becomes of an edit to them is not plain to foresee.
    """
    internal = {
        table: _by_key(_rows(connection, table), key) for table, key in (("prospects", "email"), ("accounts", "name"))
    }
    # A person who is both a Lead and a Contact is linked to one of them, and it is not for us to say which.
    persons = [(kind, row) for kind in (LEAD, CONTACT) for row in store.rows(kind.object, "IsDeleted = 0")]
    accounts = [(ACCOUNT, row) for row in store.rows("Account", "IsDeleted = 0")]
    found = []
    for records in (persons, accounts):
        counts = Counter(_key(row, kind.fields[kind.key]) for kind, row in records)
        for kind, row in records:
            key = _key(row, kind.fields[kind.key])
            other = internal[kind.table].get(key)
            if other and counts[key] == 1 and (pair := _pair(kind, other, row)):
                found.append(pair)
    return found


def _pair(kind: Kind, internal: Mapping[str, Any], external: Mapping[str, Any]) -> Pair | None:
    if internal.get("opted_out") or external.get("HasOptedOutOfEmail"):
        return None
    agreed = all(internal[column] == external[name] for column, name in kind.fields.items() if column != kind.key)
    values = {column: internal[column] for column in kind.fields}
    found = Pair(
        kind=kind,
        key=_key(internal, kind.key),
        internal_id=internal["id"],
        external_id=str(external["Id"]),
        values=values,
    )
    return found if agreed else None


def _rows(connection: Connection, table: str) -> Iterable[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(reflected(connection, table))).mappings()]


def _by_key(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, Mapping[str, Any]]:
    """Rows by their key in lower case; without those that share it or have none."""
    rows = list(rows)
    counts = Counter(_key(row, column) for row in rows)
    return {key: row for row in rows if (key := _key(row, column)) and counts[key] == 1}


def _key(row: Mapping[str, Any], name: str) -> str:
    return str(row[name] or "").lower()
