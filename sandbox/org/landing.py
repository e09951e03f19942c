"""Writing the rows of both sides: each side in one transaction, so that it is there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from sandbox.org.database import ids_by, insert_rows
from sandbox.org.external import BEGIN, External
from sandbox.org.internal import Internal
from sandbox.salesforce.opportunities import completed
from sandbox.salesforce.org import RULES_FILE
from sandbox.salesforce.saving import Saving
from sandbox.salesforce.store import Store

RULES = Path(__file__).parent / RULES_FILE
PEOPLE_USERNAME = "people@sandbox.example"
FOUNDED = BEGIN.astype(datetime).replace(tzinfo=UTC)


def people_id(store: Store) -> str:
    """The user in whose name people edit in Salesforce."""
    return str(next(store.rows("User", "Username = ?", (PEOPLE_USERNAME,)))["Id"])


def land_rules(state: Path) -> None:
    """Give a new state folder the administrator's rules; one that has rules keeps them."""
    if not (state / RULES_FILE).exists():
        shutil.copyfile(RULES, state / RULES_FILE)


def land_external(store: Store, org: External) -> None:
    """Write the org. Positions become the ids that the store gives."""
    by = people_id(store)
    with store.writing():
        roles = _land_roles(store, org.roles, by)
        users = _insert(store, "User", _with_ids(org.users, roles, "UserRoleId"), by)
        owners = users + _insert(store, "Group", org.queues, by)
        known = {row["MasterLabel"] for row in store.rows("LeadStatus")}
        _insert(store, "LeadStatus", org.statuses[~org.statuses["MasterLabel"].isin(known)], by)
        accounts = _insert(store, "Account", _owned(org.accounts, owners), by)
        _insert(store, "Lead", _owned(org.leads, owners), by)
        contacts = _insert(store, "Contact", _with_ids(_owned(org.contacts, owners), accounts, "AccountId"), by)
        deals = _insert(store, "Opportunity", _completed(store, org, accounts, owners), by)
        parts = _with_ids(_with_ids(org.contact_roles, deals, "OpportunityId"), contacts, "ContactId")
        _insert(store, "OpportunityContactRole", parts, by)


def _completed(store: Store, org: External, accounts: Sequence[str], owners: Sequence[str]) -> pd.DataFrame:
    """Opportunities with what Salesforce works out for them."""
    frame = _with_ids(_owned(org.opportunities, owners), accounts, "AccountId")
    by = people_id(store)
    savings = (Saving(store=store, name="Opportunity", values=row, moment=FOUNDED, by=by) for row in _records(frame))
    return pd.DataFrame(map(completed, savings), dtype=object)


def land_internal(connection: Connection, rows: Internal) -> None:
    """Write the engagement database's rows; names become ids. The tables and the stages are there already."""
    insert_rows(connection, "users", _records(rows.users))
    users = ids_by(connection, "users", "email")
    stages = ids_by(connection, "stages", "name")
    accounts = _looked_up(rows.accounts, owner=users)
    insert_rows(connection, "accounts", _records(accounts.drop(columns="origin")))
    prospects = _looked_up(rows.prospects, owner=users, stage=stages)
    insert_rows(connection, "prospects", _records(prospects.drop(columns="origin")))


def _looked_up(frame: pd.DataFrame, **ids: Mapping[str, int]) -> pd.DataFrame:
    """Replace each column of names by one of ids."""
    found = {f"{column}_id": [known[name] for name in frame[column]] for column, known in ids.items()}
    return frame.drop(columns=list(ids)).assign(**found)


def _land_roles(store: Store, roles: pd.DataFrame, by: str) -> list[str]:
    """Insert roles one by one: a parent's id must be known before its children are written."""
    ids: list[str] = []
    for role in _records(roles):
        parent = role["ParentRoleId"]
        ids += _insert_records(
            store, "UserRole", [role | {"ParentRoleId": None if parent is None else ids[parent]}], by
        )
    return ids


def _owned(frame: pd.DataFrame, owners: Sequence[str]) -> pd.DataFrame:
    return _with_ids(frame, owners, "OwnerId", "CreatedById", "LastModifiedById")


def _with_ids(frame: pd.DataFrame, ids: Sequence[str], *columns: str) -> pd.DataFrame:
    known = np.array(ids, dtype=object)
    return frame.assign(**{column: known[frame[column].to_numpy(dtype=np.int64)] for column in columns})


def _insert(store: Store, object_name: str, frame: pd.DataFrame, by: str) -> list[str]:
    return _insert_records(store, object_name, _records(frame), by)


def _insert_records(store: Store, object_name: str, records: list[dict[str, Any]], by: str) -> list[str]:
    return store.insert_many(object_name, records, created=FOUNDED, modified=FOUNDED, by=by)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    filled = frame.astype(object).where(frame.notna(), None)
    columns = [filled[name].tolist() for name in filled.columns]
    return [dict(zip(filled.columns, values, strict=True)) for values in zip(*columns, strict=True)]
