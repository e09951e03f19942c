"""Merges and conversions as people do them in the org's own screens, over HTTPS (G12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.office import CONTACT, LEAD, Office

pytestmark = pytest.mark.guarantee("G12")


def _linked(office: Office) -> list[tuple[Any, ...]]:
    return office.sql(
        "SELECT mapping, external_id FROM sync_links l JOIN prospects p ON l.internal_id = "
        "CAST(p.id AS VARCHAR) WHERE l.state = 'live' AND l.family LIKE '%/prospect' ORDER BY 2"
    )


def test_a_merged_lead_hands_its_prospect_to_the_survivor(small_office: Office) -> None:
    office = small_office
    (survivor,) = office.fill_leads(1, HasOptedOutOfEmail=True)  # kept out by a condition of the mapping
    (loser,) = office.fill_leads(1, first=1)
    office.later()
    office.poll()
    office.later()
    office.salesforce.perform("merge", "Lead", survivor, losers=[loser])
    office.later()

    office.poll()
    office.poll()
    office.push()

    assert _linked(office) == [(LEAD, survivor)]
    assert office.one("SELECT count(*) FROM prospects") == 1


@pytest.mark.parametrize("first", [LEAD, CONTACT])
def test_a_converted_lead_hands_its_prospect_to_the_contact(small_office: Office, first: str) -> None:
    office = small_office
    (lead,) = office.fill_leads(1)
    office.later()
    office.poll()
    office.poll(CONTACT)
    office.later()
    office.salesforce.perform("convert", "Lead", lead)
    office.later()
    for mapping in (first, LEAD, CONTACT, CONTACT):
        office.poll(mapping)
    office.sql("UPDATE prospects SET title = 'Countess'")
    office.push()
    office.push(CONTACT)

    (contact,) = office.salesforce.store.rows("Contact")
    assert _linked(office) == [(CONTACT, contact["Id"])]
    assert contact["Title"] == "Countess"
    assert office.one("SELECT count(*) FROM prospects") == 1
    assert office.one("SELECT count(*) FROM sync_quarantine") == 0
