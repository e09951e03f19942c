from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, text

from sandbox.org.build import build, generate
from sandbox.org.database import NotMigratedError
from sandbox.org.dirt import TITLE_LENGTH
from sandbox.org.external import External
from sandbox.org.internal import Internal, Origin
from sandbox.org.landing import RULES
from sandbox.salesforce.org import open_store
from sandbox.salesforce.rules import load_rules
from sandbox.salesforce.schema import load_schema
from sandbox.salesforce.store import Row, Store
from sandbox.salesforce.values import checked

SIZE = 1_500
Sample = tuple[External, Internal]
TYPES = ("UserRole", "Group", "Account", "Lead", "Contact", "Opportunity", "OpportunityContactRole")


@pytest.fixture(scope="module")
def sample() -> Sample:
    return build(SIZE, seed=7)


def url(database: Engine) -> str:
    return database.url.render_as_string(hide_password=False)


def frames(sample: Sample) -> dict[str, pd.DataFrame]:
    external, internal = sample
    return {
        "User": external.users,
        "Account": external.accounts,
        "Lead": external.leads,
        "Contact": external.contacts,
        "Opportunity": external.opportunities,
        "prospects": internal.prospects,
        "accounts": internal.accounts,
    }


def rows(state: Path) -> dict[str, list[Row]]:
    """What a state folder holds, but for the standard users and what the store stamped itself."""
    store = open_store(state)
    found = {name: list(store.rows(name)) for name in TYPES}
    store.close()
    return found


def test_the_same_seed_gives_the_same_rows_in_another_process(tmp_path: Path) -> None:
    generate(200, 7, tmp_path / "here", None)
    command = [sys.executable, "-m", "sandbox.org", "--size=200", "--seed=7", f"--state={tmp_path / 'there'}"]
    subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "1"}, capture_output=True, check=True)  # noqa: S603
    assert rows(tmp_path / "here") == rows(tmp_path / "there")


def test_another_seed_gives_other_rows(sample: Sample) -> None:
    others = frames(build(SIZE, seed=8))
    assert not any(frame.equals(others[name]) for name, frame in frames(sample).items())


def test_everything_follows_from_the_size(sample: Sample) -> None:
    external, _ = sample
    counts = {name: len(frame) for name, frame in frames(sample).items() if name != "Opportunity"}
    assert len(external.opportunities) == SIZE // 10
    assert counts == {"User": 12, "Account": 301, "Lead": 1500, "Contact": 750, "prospects": 300, "accounts": 60}
    assert (~external.users["IsActive"].astype(bool)).sum() == 2


@pytest.mark.parametrize("name", ["User", "Account", "Lead", "Contact", "Opportunity"])
def test_salesforce_would_keep_every_value_as_it_is(sample: Sample, name: str) -> None:
    fields, frame = load_schema()[name].fields, frames(sample)[name]
    plain = [
        column for column in frame if not fields[str(column)].references and fields[str(column)].type != "datetime"
    ]
    for column in plain:
        values = [value for value in frame[column] if value is not None]
        assert values == [checked(fields[str(column)], value) for value in values]


def test_the_administrators_rules_refuse_no_row(sample: Sample) -> None:
    rules = load_rules(RULES).validation
    assert {rule.object for rule in rules} == {"Lead", "Contact"}
    for rule in rules:
        assert not any(rule.refuses({rule.field: value}) for value in frames(sample)[rule.object][rule.field])


def test_there_is_dirt_of_every_kind(sample: Sample) -> None:
    external, _ = sample
    leads, users = external.leads, len(external.users)
    inactive = np.flatnonzero(~external.users["IsActive"].astype(bool))
    assert leads["Email"].isna().sum() >= 50
    assert leads["Email"].dropna().duplicated().sum() >= 20
    assert (~leads["Status"].isin(external.statuses["MasterLabel"])).sum() == 15
    assert (leads["LeadSource"].str.len() > 120).sum() == 15
    assert (leads["Title"].str.len() > TITLE_LENGTH - 3).sum() == 15
    assert (leads["OwnerId"].astype(int) >= users).sum() == 75
    assert leads["OwnerId"].isin(inactive).sum() >= 40
    assert leads["HasOptedOutOfEmail"].sum() == 45


def test_one_import_left_more_equal_stamps_than_fit_on_a_page() -> None:
    external, _ = build(10_000, seed=7)
    assert external.leads["SystemModstamp"].value_counts().max() > 2_500


def test_the_engagement_database_knows_some_leads_and_says_how(sample: Sample) -> None:
    external, internal = sample
    fields = {"title": "Title", "phone": "Phone", "mobile_phone": "MobilePhone", "company": "Company"}
    leads = external.leads[external.clean_leads].set_index("Email")
    known = internal.prospects[internal.prospects["origin"] != Origin.OWN]
    matched = leads.loc[known["email"].str.lower().tolist()]
    differs = np.zeros(len(known), dtype=bool)
    blank = np.zeros(len(known), dtype=bool)
    for column, field in fields.items():
        here, there = known[column].to_numpy(), matched[field].to_numpy()
        blank |= pd.isna(here) != pd.isna(there)
        differs |= ~pd.isna(here) & ~pd.isna(there) & (here != there)
    origins = known["origin"].to_numpy()
    assert not (differs | blank)[origins == Origin.EQUAL].any()
    assert blank[origins == Origin.BLANKS].all()
    assert not differs[origins == Origin.BLANKS].any()
    assert differs[origins == Origin.DIFFERENT].mean() > 0.9
    assert (internal.prospects["origin"] == Origin.OWN).sum() == 150


def test_both_sides_are_written_and_a_second_time_left_alone(database: Engine, tmp_path: Path) -> None:
    counts = generate(200, 7, tmp_path, url(database))
    assert counts["Salesforce Lead"] == 200
    assert counts["engagement prospects"] == 40
    with database.connect() as connection:
        sql = "SELECT count(*), count(stage_id), count(owner_id) FROM prospects"
        assert tuple(connection.execute(text(sql)).one()) == (40, 40, 40)
    assert generate(200, 7, tmp_path, url(database)) == {}


def test_every_reference_names_a_record(tmp_path: Path) -> None:
    generate(200, 7, tmp_path, None)
    store = open_store(tmp_path)
    owners = ids(store, "User") | ids(store, "Group")
    roles, accounts = ids(store, "UserRole"), ids(store, "Account")
    assert {row["OwnerId"] for name in ("Account", "Lead", "Contact") for row in store.rows(name)} <= owners
    assert {row["AccountId"] for row in store.rows("Contact")} <= accounts
    assert {row["ParentRoleId"] for row in store.rows("UserRole")} - {None} < roles
    assert {row["AccountId"] for row in store.rows("Opportunity")} <= accounts
    parts = list(store.rows("OpportunityContactRole"))
    assert {row["OpportunityId"] for row in parts} <= ids(store, "Opportunity")
    assert {row["ContactId"] for row in parts} <= ids(store, "Contact")
    assert any(row["OwnerId"].startswith("00G") for row in store.rows("Lead"))
    assert [row["MasterLabel"] for row in store.rows("LeadStatus")].count("Nurturing") == 1
    store.close()


def test_without_tables_nothing_is_written(empty_sqlite: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotMigratedError, match="run its migrations first"):
        generate(50, 7, tmp_path / "state", url(empty_sqlite))
    assert not (tmp_path / "state").exists()


def ids(store: Store, name: str) -> set[str]:
    return {row["Id"] for row in store.rows(name)}
