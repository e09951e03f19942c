"""Orgs that are not plain ones: what doctor says of each, from what Salesforce describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modstamp.connectors.salesforce.describe import _type as described
from modstamp.mapping.catalog import MappingFile
from modstamp.mapping.live import advise_live, check_live
from modstamp.mapping.loading import load
from modstamp.mapping.traits import notes
from modstamp.model import Field, Trait, TypeDescription

Write = Callable[[dict[str, str]], Path]

LEAD = """
    internal: prospect
    external: salesforce.Lead
    connection: salesforce
    inbound: {create: true, update: true}
    outbound: {create: true, update: true}
    match: [email]
    fields:
      - {internal: email, external: Email}
      - {internal: country, external: Country}
      - {internal: amount, external: Amount__c}
"""


def field(name: str, native: str = "string", **terms: Any) -> dict[str, Any]:
    usual = {"createable": True, "updateable": True, "nillable": True, "defaultedOnCreate": False}
    return {"name": name, "type": native, **usual, **terms}


def lead(*more: dict[str, Any], kinds: tuple[str, ...] = ()) -> TypeDescription:
    fields = [field("Email"), field("Country", compoundFieldName="Address"), field("Amount__c", "currency"), *more]
    infos = [{"name": name, "master": name == "Master", "active": True} for name in (*kinds, "Master")]
    able = dict.fromkeys(("createable", "updateable", "deletable"), True)
    return described({"name": "Lead", "label": "Lead", "fields": fields, "recordTypeInfos": infos, **able})


PROSPECT = TypeDescription(
    name="prospect",
    fields={
        "email": Field(name="email", kind="text"),
        "country": Field(name="country", kind="text"),
        "amount": Field(name="amount", kind="number"),
    },
)


@pytest.fixture
def file(write: Write) -> MappingFile:
    return load(write({"lead.yaml": LEAD})).files[0]


def advice(file: MappingFile, external: TypeDescription) -> list[str]:
    return [f"{each.what}. {each.fix}" for each in advise_live(file, PROSPECT, external)]


def test_a_plain_org_has_nothing_to_be_said_of(file: MappingFile) -> None:
    assert (advice(file, lead()), notes(file.mapping, lead()), lead().traits) == ([], [], {})


@pytest.mark.parametrize(
    ("found", "trait", "names", "said"),
    [
        (lead(field("IsPersonAccount", "boolean")), Trait.PERSONS, ("IsPersonAccount",), "{field: IsPersonAccount, "),
        (lead(kinds=("Business", "Partner")), Trait.RECORD_TYPES, ("Business", "Partner"), "map RecordTypeId with a"),
        (lead(field("CurrencyIsoCode", "picklist")), Trait.CURRENCIES, ("CurrencyIsoCode",), "map CurrencyIsoCode, t"),
        (lead(field("CountryCode", "picklist")), Trait.PLACES, ("Country",), "map CountryCode with a value table"),
    ],
)  # fmt: skip
def test_what_may_go_wrong_is_advised_and_how_it_is_dealt_with_is_noted(
    file: MappingFile, found: TypeDescription, trait: Trait, names: tuple[str, ...], said: str
) -> None:
    assert found.traits == {trait: names}
    (told,) = advice(file, found)
    assert said in told
    (note,) = notes(file.mapping, found)
    assert all(name in note for name in names)


def test_time_zones_of_users_shift_nothing(file: MappingFile) -> None:
    users = lead(field("TimeZoneSidKey", "picklist"))
    assert advice(file, users) == []
    assert "Instants travel in UTC" in notes(file.mapping, users)[0]


def test_advice_that_was_followed_is_not_repeated(write: Write) -> None:
    mended = LEAD.replace("create: true, update: true}\n    outbound", "create: {when: {field: IsPersonAccount, "
                          "operator: is, value: false}}, update: true}\n    outbound")  # fmt: skip
    mended += "      - {internal: kind, external: RecordTypeId}\n      - {internal: money, external: CurrencyIsoCode}\n"
    file = load(write({"lead.yaml": mended})).files[0]
    org = lead(field("IsPersonAccount", "boolean"), field("CurrencyIsoCode", "picklist"), kinds=("Business",))
    assert [each for each in advice(file, org) if "kind" not in each] == []


def test_a_compound_field_is_refused_with_its_parts(write: Write) -> None:
    file = load(write({"lead.yaml": LEAD + "      - {internal: place, external: Address}\n"})).files[0]
    told = [
        f"{each.what}. Fix: {each.fix}"
        for each in check_live(file, PROSPECT, lead(field("City", compoundFieldName="Address")))
    ]
    what = "Lead.Address holds no value of its own: it is put together from others"
    assert f"{what}. Fix: map its parts instead: Country, City" in told


def test_a_formula_may_not_be_written_and_is_read_again(file: MappingFile) -> None:
    amount = field("Amount__c", "double", calculated=True, createable=False, updateable=False)
    able = dict.fromkeys(("createable", "updateable", "deletable"), True)
    formula = described({"name": "Lead", "fields": [field("Email"), field("Country"), amount], **able})
    (problem, _) = check_live(file, PROSPECT, formula)
    assert problem.what == "Amount__c cannot be written on create: it is calculated"
    assert "nightly upkeep reads them again" in notes(file.mapping, formula)[0]
