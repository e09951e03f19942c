"""What is known of a type's fields, and what has come, gone or changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modstamp.mapping import drift
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Field, TypeDescription

MAPPING = TypeMapping.model_validate(
    {
        "internal": "prospect",
        "external": "salesforce.Lead",
        "connection": "salesforce",
        "match": ["email"],
        "fields": [
            {"internal": "email", "external": "Email"},
            {"internal": "phone", "external": "Phone"},
            {"internal": "rank", "external": "Rank__c", "direction": "in"},
        ],
    }
)
SHOWN = TypeDescription(
    name="Lead",
    fields={name: Field(name=name, kind="text", native="string", length=80) for name in ("Email", "Phone", "Fax")},
)
PROSPECT = TypeDescription(name="prospect", fields={"region": Field(name="region", kind="text")})


SEATS = "- {internal: number_of_seats, external: NumberOfSeats, direction: in}"


def shown(*without: str, **more: dict[str, Any]) -> TypeDescription:
    kept = {name: field for name, field in SHOWN.fields.items() if name not in without}
    made = {
        name: replace(kept.get(name, Field(name=name, kind="text", native="string")), **terms)
        for name, terms in more.items()
    }
    return replace(SHOWN, fields=kept | made)


def test_the_first_look_finds_nothing() -> None:
    known, found = drift.noticed(MAPPING, None, SHOWN)
    assert found == []
    assert known["unseen"] == ["Rank__c"]
    assert drift.noticed(MAPPING, known, SHOWN) == (known, [])


@pytest.mark.guarantee("G8")
def test_what_came_went_or_changed_is_told_once() -> None:
    known, _ = drift.noticed(MAPPING, None, SHOWN)
    later = shown("Phone", "Fax", Email={"length": 40, "native": "email"}, Region__c={})

    known, found = drift.noticed(MAPPING, known, later)

    assert [str(each) for each in found] == [
        "the field Email has changed its type from string to email, its length from 80 to 40",
        "the field Phone has vanished",
        "the field Region__c has appeared",  # that Fax went, which nobody maps, is no news
    ]
    assert drift.noticed(MAPPING, known, later)[1] == []
    assert drift.noticed(MAPPING, drift.noticed(MAPPING, known, SHOWN)[0], later)[1] == found  # gone, and here again


def test_a_field_that_is_mapped_when_it_comes_is_no_drift_but_its_next_change_is() -> None:
    known, _ = drift.noticed(MAPPING, None, SHOWN)
    with_rank = shown(Rank__c={"kind": "number", "native": "double"})
    known, found = drift.noticed(MAPPING, known, with_rank)
    assert found == []

    (changed,) = drift.compare(MAPPING, known, shown(Rank__c={"kind": "integer", "native": "int"}))
    assert str(changed) == "the field Rank__c has changed its kind from number to integer, its type from double to int"


@pytest.mark.guarantee("G8")
def test_a_field_that_went_is_borne_unless_it_was_never_there_or_tells_records_apart() -> None:
    known, _ = drift.noticed(MAPPING, None, SHOWN)
    assert drift.went(MAPPING, known, shown("Phone", "Email")) == {"Phone"}
    assert drift.went(MAPPING, None, shown("Phone")) == set()


def test_what_was_accepted_is_known() -> None:
    known, _ = drift.noticed(MAPPING, None, SHOWN)
    later = shown("Phone", Email={"length": 40}, Region__c={})

    accepted = drift.accepted(MAPPING, known, later)

    assert drift.compare(MAPPING, accepted, later) == []
    assert drift.went(MAPPING, accepted, later) == {"Phone"}
    after, found = drift.noticed(MAPPING, drift.noticed(MAPPING, accepted, later)[0], shown(Email={"length": 40}))
    assert found == []
    assert drift.returned(MAPPING, {**accepted, "unseen": ["Phone", "Rank__c"]}, after) == ["Phone"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Region__c", "to sync it, add to `fields`: - {internal: region, external: Region__c, direction: in}"),
        ("NumberOfSeats", "to sync it, add a column number_of_seats to prospect, and to `fields`: " + SEATS),
    ],
)
def test_a_field_that_came_is_proposed_as_a_line_of_yaml(name: str, line: str) -> None:
    assert drift.proposal(drift.Drift("appeared", name, {}, {}), PROSPECT) == line
