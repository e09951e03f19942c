"""Every fault has a test, and the page of faults is true."""

from __future__ import annotations

from sandbox.salesforce.kinds import KINDS, STYLES
from sandbox.salesforce.people import DEEDS
from sandbox.salesforce.validation import STYLES as WRITTEN
from tests.faults.table import PAGE, document, used_by

ORDINARY = {"create", "update", "touch"}  # what every test does, and what undoes nothing


def test_every_fault_and_deed_is_survived_by_a_test() -> None:
    tests = used_by()
    assert KINDS.keys() | (DEEDS.keys() - ORDINARY) <= tests.keys()
    assert tests.keys() <= KINDS.keys() | DEEDS.keys()


def test_the_page_of_faults_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(used_by()), "run `python -m tests.faults.table`"


def test_every_style_of_rewriting_is_known() -> None:
    assert set(STYLES) == WRITTEN.keys()
