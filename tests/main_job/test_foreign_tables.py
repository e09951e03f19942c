"""A table that is not ours is mapped like any other: its triggers are shown, then installed (G31)."""

from __future__ import annotations

import pytest

from modstamp import wiring
from modstamp.model import Direction
from tests.fixtures.office import Office
from tests.fixtures.small_office import MappingFiles

ACCOUNT = "salesforce_account"


@pytest.mark.guarantee("G31")
def test_a_table_that_is_not_ours_is_watched_once_it_was_shown(small_office: Office, files: MappingFiles) -> None:
    small_office.sql("CREATE TABLE companies (number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, tel TEXT)")
    path = files.folder / "salesforce" / "account.yaml"
    text = path.read_text()
    document = (
        "internal: companies\nexternal: salesforce.Account\nconnection: salesforce\n"
        "inbound: {create: true, update: true}\noutbound: {create: true, update: true}\nmatch: [title]\n"
        "fields:\n- {internal: title, external: Name}\n- {internal: tel, external: Phone}\n"
    )
    assert text != document
    for task in ("calls", "mails_received", "mails_sent", "opens_and_clicks", "tasks", "texts"):
        files.remove(f"task_{task}")  # these and the following refer to accounts, or to one that does
    for name in ("event", "opportunity_contact_role", "opportunity", "contact"):
        files.remove(name)
    path.write_text(document)

    shown = wiring.preparation(small_office.settings, small_office.resolve).statements
    assert any("CREATE TRIGGER" in each for each in shown["companies"])
    assert small_office.one("SELECT count(*) FROM sqlite_master WHERE tbl_name = 'companies' AND type = 'trigger'") == 0
    wiring.prepare(small_office.settings, small_office.resolve)
    assert wiring.preparation(small_office.settings, small_office.resolve).statements == {}

    (account,) = small_office.insert("Account", [{"Name": "Analytical", "Phone": "0", "OwnerId": small_office.owner}])
    small_office.poll(ACCOUNT)
    small_office.later(60)
    small_office.sql("UPDATE companies SET tel = '1'")
    summary = small_office.run(ACCOUNT, Direction.PUSHING)

    rows = {row["Id"]: row for row in small_office.salesforce.store.rows("Account")}
    assert rows[account]["Phone"] == "1"
    assert summary.message == ""
