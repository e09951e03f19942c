"""Records that Salesforce deletes and restores as a side effect are seen and judged like any others (G25, G12, G13)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.office import ACCOUNT, CONTACT, Office
from tests.fixtures.small_office import MappingFiles

pytestmark = pytest.mark.guarantee("G25")


def _links(office: Office) -> list[tuple[Any, ...]]:
    """(state, external id) of contacts."""
    statement = "SELECT state, external_id FROM sync_links WHERE mapping = :mapping ORDER BY id"
    return [tuple(row) for row in office.sql(statement, mapping=CONTACT)]


def _poll(office: Office) -> None:
    office.later()
    for mapping in (ACCOUNT, CONTACT):
        office.poll(mapping)


def _account_with_contact(office: Office) -> tuple[str, str]:
    (account,) = office.insert("Account", [{"Name": "Analytical Engines", "OwnerId": office.owner}])
    person = {"LastName": "Lovelace", "Email": "ada@example.com", "AccountId": account, "OwnerId": office.owner}
    (contact,) = office.insert("Contact", [person])
    _poll(office)
    assert _links(office) == [("live", contact)]
    return account, contact


def test_contacts_that_go_with_their_account_end_their_links_and_revive_them(small_office: Office) -> None:
    office = small_office
    account, contact = _account_with_contact(office)
    office.later()
    office.salesforce.perform("delete", "Account", account)
    _poll(office)
    assert _links(office) == [("tombstone", contact)]
    assert office.one("SELECT count(*) FROM prospects") == 1

    office.later()
    office.salesforce.perform("undelete", "Account", account)
    _poll(office)

    assert _links(office) == [("live", contact)]
    assert office.one("SELECT count(*) FROM prospects") == 1


def test_contacts_that_go_with_an_account_that_we_delete_end_their_links(
    small_office: Office, files: MappingFiles
) -> None:
    office = small_office
    files.change("account", outbound={"create": False, "update": True, "delete": True})
    account, contact = _account_with_contact(office)
    office.later()
    office.sql("UPDATE prospects SET account_id = NULL")
    office.sql("DELETE FROM accounts")

    office.push(ACCOUNT)

    assert office.salesforce.store.count("Account", "Id = ? AND IsDeleted", (account,)) == 1
    assert _links(office) == [("live", contact)]  # nobody told us what went with it
    _poll(office)
    assert _links(office) == [("tombstone", contact)]
    assert office.one("SELECT count(*) FROM prospects") == 1


@pytest.mark.guarantee("G13")
def test_prospects_that_went_with_an_account_come_back_with_it(small_office: Office, files: MappingFiles) -> None:
    office = small_office
    files.change("contact", inbound={"create": True, "update": True, "delete": True})
    account, contact = _account_with_contact(office)
    office.later()
    office.salesforce.perform("delete", "Account", account)
    _poll(office)
    assert office.one("SELECT count(*) FROM prospects") == 0

    office.later()
    office.salesforce.perform("undelete", "Account", account)
    _poll(office)

    assert office.sql("SELECT email FROM prospects") == [("ada@example.com",)]
    assert ("live", contact) in _links(office)
