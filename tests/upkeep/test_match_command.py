"""Records that nobody can match, as a person at a terminal lists and answers them."""

from __future__ import annotations

from tests.fixtures.office import LEAD
from tests.fixtures.shell import Shell, shell

__all__ = ["shell"]


def test_ambiguous_records_are_listed_and_answered(shell: Shell) -> None:
    office = shell.office
    first, second = office.insert(
        "Lead", [{"LastName": "Twin", "Company": "T", "Email": "twin@example.com", "OwnerId": office.owner}] * 2
    )
    office.sql("UPDATE sync_cursors SET cursor = NULL, upper = NULL")
    assert shell("sync", LEAD).code == 0

    listed = shell("matches", LEAD, "--json").document["matches"]

    assert [(each["direction"], each["external_id"] in (first, second)) for each in listed] == [("polling", True)]
    waits = listed[0]["external_id"]
    assert "To answer: modstamp match" in shell("matches").output
    assert "nothing of it waits" in shell("match", LEAD, "4711", "new").problem
    assert shell("match", LEAD, "new", "new").code == 2
    answered = shell("match", LEAD, "new", waits)
    assert "the next polling run makes a new prospect" in answered.output
