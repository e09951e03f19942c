"""Texts that are too long outside are shortened on the way out, told of once, and never come back (G19)."""

from __future__ import annotations

import pytest

from modstamp.engine.shorten import shortened
from tests.fixtures.meetings import Diary
from tests.fixtures.world import MAPPING, World

LONG = "Quarterly review " * 50
DESCRIPTION = {"internal": "description", "external": "Description", "too_long": "shorten"}

pytestmark = pytest.mark.guarantee("G19")


def told(world: World) -> list[str]:
    return [row[0] for row in world.sql("SELECT message FROM sync_actions WHERE code = 'SHORTENED' ORDER BY id")]


def test_a_long_title_is_sent_short_and_told_of_once(diary: Diary) -> None:
    record = diary.meeting(title=LONG)
    diary.push()
    subject = diary.event()["Subject"]
    assert subject == shortened(LONG, 255)
    assert len(subject) <= 255

    diary.edit(record, title=LONG + "and more")
    assert "updated" not in diary.push().counts
    diary.edit(record, title="Monthly " + LONG)
    diary.push()

    assert diary.event()["Subject"].startswith("Monthly Quarterly")
    assert told(diary.meetings) == ["Subject was shortened from 850 to 255 characters"]


def test_what_was_shortened_never_comes_back(sqlite_world: World) -> None:
    fields = [*MAPPING["fields"][:-1], DESCRIPTION]
    sqlite_world.change_mapping(fields=fields)
    sqlite_world.poll()
    record = sqlite_world.prospect(email="ada@example.com", last_name="Lovelace", description=LONG)
    sqlite_world.push()
    ((lead, held),) = sqlite_world.leads().items()
    assert held["Description"] == shortened(LONG, 255)

    sqlite_world.edit_lead(lead, Phone="1")
    sqlite_world.settle()
    assert sqlite_world.prospects()[record]["description"] == LONG

    sqlite_world.sql("UPDATE sync_links SET internal_base = '{}', external_base = '{}'")
    sqlite_world.edit_lead(lead, Phone="2")
    sqlite_world.change_mapping(first_link="crm")
    sqlite_world.settle()
    assert sqlite_world.prospects()[record]["description"] == LONG
    sqlite_world.edit_lead(lead, Description="Short")
    sqlite_world.settle()
    assert sqlite_world.prospects()[record]["description"] == "Short"


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 5, "short"),
        ("shorter", 5, "shor…"),
        ("two words", 5, "two…"),
        ("ae\u0301bc", 3, "a…"),  # the accent belongs to its letter
        ("ab👩\u200d💻c", 5, "ab…"),  # three characters that are one sign
        ("ab👍🏽c", 4, "ab…"),
        ("a🇦🇹🇩🇪b", 5, "a🇦🇹…"),
        ("a🇦🇹🇩🇪b", 4, "a🇦🇹…"),
    ],
)
def test_no_character_is_torn(text: str, length: int, expected: str) -> None:
    assert shortened(text, length) == expected
