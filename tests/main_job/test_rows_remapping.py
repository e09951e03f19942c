"""A prospect is pointed at another record of Salesforce, which has the same mail address."""

from __future__ import annotations

import pytest

from tests.fixtures.office import CONTACT, LEAD, Office
from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]
MAIL = "lead0@example.com"
LINKS = "SELECT mapping, external_id FROM sync_links WHERE state = 'live' AND internal_id = :prospect"


def contact(office: Office, **values: str) -> str:
    return office.insert("Contact", [{"LastName": "Ada", "Email": MAIL, "OwnerId": office.owner, **values}])[0]


@pytest.mark.guarantee("G12")
@pytest.mark.requirement("OSF-019")
def test_a_prospect_is_pointed_at_a_contact_of_the_same_address(small_office: Office, shell: Shell) -> None:
    (lead,) = small_office.fill_leads(1)
    small_office.poll()
    prospect = str(small_office.one("SELECT id FROM prospects"))
    other = contact(small_office, Title="Countess")
    small_office.later()

    assert (
        shell("remap", CONTACT, prospect, other).output
        == f"{CONTACT}: prospect {prospect} is linked to Contact {other}.\n"
    )
    small_office.poll(CONTACT)

    assert [row for row in small_office.sql(LINKS, prospect=prospect) if row[1] in (lead, other)] == [(CONTACT, other)]
    assert small_office.sql("SELECT email, title FROM prospects") == [(MAIL, "Countess")]
    small_office.sql("UPDATE prospects SET mobile_phone = '7'")
    for mapping in (CONTACT, LEAD):
        small_office.push(mapping)
    rows = {
        row["Id"]: row["MobilePhone"]
        for name in ("Lead", "Contact")
        for row in small_office.salesforce.store.rows(name)
    }
    assert rows == {lead: None, other: "7"}
    # The former counterpart makes no second prospect when it is met again.
    small_office.later()
    small_office.salesforce.edit("Lead", lead, Title="Edited")
    small_office.later()
    small_office.poll()
    assert small_office.sql("SELECT title FROM prospects") == [("Countess",)]
    assert small_office.sql("SELECT verb, actor IS NOT NULL FROM sync_changes WHERE verb = 'remapped'") == [
        ("remapped", 1)
    ]


@pytest.mark.requirement("OSF-019")
def test_a_record_of_another_address_or_person_is_refused(small_office: Office, shell: Shell) -> None:
    small_office.fill_leads(2)
    small_office.poll()
    first, second = (str(row[0]) for row in small_office.sql("SELECT id FROM prospects ORDER BY id"))
    stranger, twin = contact(small_office, Email="other@example.com"), contact(small_office)

    assert "they do not agree in email" in shell("remap", CONTACT, first, stranger).problem
    assert "they do not agree in email" in shell("remap", CONTACT, second, twin).problem
    assert "is not linked" in shell("remap", CONTACT, "999", twin).problem
    assert "not visible" in shell("remap", CONTACT, first, "003000000000000AAA").problem
    assert shell("remap", CONTACT, first, twin).code == 0
    assert f"is linked to prospect {first}" in shell("remap", CONTACT, first, twin).problem
    assert (CONTACT, twin) in small_office.sql(LINKS, prospect=first)
