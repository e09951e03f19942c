"""Objects that nobody planned: a mapping file and a table are all that they need."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.salesforce.server import Salesforce
from tests.fixtures.office import Office
from tests.fixtures.shell import Shell, open_shell
from tests.fixtures.small_office import MappingFiles

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial-custom-object.md").read_text(encoding="utf-8")
CAMPAIGNS = """
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title VARCHAR(80) NOT NULL, begins DATE, live BOOLEAN
)
"""
CAMPAIGN = """
internal: campaigns
external: salesforce.Campaign
connection: salesforce
inbound: {create: true, update: true}
outbound: {create: true, update: true}
match: [title]
fields:
  - {internal: title, external: Name}
  - {internal: begins, external: StartDate}
  - {internal: live, external: IsActive}
"""


@pytest.fixture
def terminal(
    small_office: Office, files: MappingFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    assert small_office.settings.mappings == files.folder
    return open_shell(small_office, monkeypatch, capsys)


def administer(salesforce: Salesforce, path: str, document: Any) -> None:
    """What the tutorial does with curl."""
    answer = requests.post(f"{salesforce.login_url}{path}", json=document, verify=str(salesforce.ca_bundle), timeout=10)
    assert answer.ok, answer.text


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL)
    return str(found)


def commands(heading: str) -> list[str]:
    """The lines of a section's shell blocks."""
    _, _, section = TUTORIAL.partition(f"\n## {heading}")
    section = section.partition("\n## ")[0]
    return [line for text in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in text.splitlines()]


def follow(terminal: Shell, line: str) -> str:
    """One line of the tutorial, as it stands there."""
    office, words = terminal.office, shlex.split(line)
    match words:
        case ["python", "-m", "modstamp", *arguments]:
            answer = terminal(*arguments)
            assert answer.code == 0, answer.error
            return answer.output
        case ["python", "-c", program]:
            for statement in re.findall(r"d\.execute\('(.*?)'(?:, \['(.*?)'\])?\)", program):
                office.sql(statement[0].replace("?", ":value"), **({"value": statement[1]} if statement[1] else {}))
        case ["curl", *_, "--json", body, address]:
            administer(office.salesforce, "/" + address.split("/", 3)[3], json.loads(body))
        case _:
            raise AssertionError(line)
    office.later()
    return ""


@pytest.mark.requirement("OSF-031")
def test_a_custom_object_takes_what_the_tutorial_says_and_nothing_else(terminal: Shell, files: MappingFiles) -> None:
    office = terminal.office
    administer(office.salesforce, "/__sandbox__/metadata", json.loads(block("json")))
    for statement in filter(str.strip, block("sql").split(";")):
        office.sql(statement)
    (files.folder / "salesforce" / "project.yaml").write_text(block("yaml"))

    for line in commands("4. "):
        shown = follow(terminal, line)
        assert "Project__c" not in shown or "✗" not in shown
    told = [follow(terminal, line) for line in commands("5. ")]

    rows = {row["Name"]: row["Budget__c"] for row in office.salesforce.store.rows("Project__c")}
    assert rows == {"Bridge": 900, "Tunnel": None}
    assert office.sql("SELECT name, budget FROM projects ORDER BY id") == [("Bridge", 900), ("Tunnel", None)]
    assert "900" in told[3]


@pytest.mark.requirement("OSF-031")
def test_a_standard_object_takes_a_file_and_a_table(small_office: Office, files: MappingFiles) -> None:
    small_office.sql(CAMPAIGNS)
    (files.folder / "salesforce" / "campaign.yaml").write_text(CAMPAIGN)
    files.change("lead")  # whatever changes a file prepares the database
    made = small_office.salesforce.edit("Campaign", Name="Fair", StartDate="2026-09-01", IsActive=True)
    small_office.later()
    small_office.poll("salesforce_campaign")
    assert small_office.sql("SELECT title, begins, live FROM campaigns") == [("Fair", "2026-09-01", 1)]

    small_office.sql("UPDATE campaigns SET begins = '2026-10-01'")
    assert small_office.push("salesforce_campaign").counts["updated"] == 1
    row = small_office.salesforce.store.get("Campaign", made)
    assert row
    assert row["StartDate"] == "2026-10-01"
