from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from modstamp.engine.validation_report import render


class Text(HTMLParser):
    """The words of a page, and the number of its sections that are open from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += tag == "details" and ("open", None) in attrs

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def read(page: str) -> Text:
    text = Text()
    text.feed(page)
    return text


def validation(run_id: str, at: str, rejected: int, reason: str = "email has no value") -> dict[str, Any]:
    found = {
        "expectation": "expect_column_values_to_not_be_null",
        "columns": ["email"],
        "reason": reason,
        "where": "prospect.email",
        "checked": 200,
        "failed": rejected,
        "examples": ["00Q1", "00Q2"][:rejected],
    }
    document = {"rows": 200, "rejected": rejected, "expectations": [found] if reason else []}
    return {"run_id": run_id, "mapping": "salesforce_lead", "direction": "polling", "at": at, "document": document}


def test_the_newest_run_comes_first_and_what_failed_is_open() -> None:
    runs = [
        validation("run-1", "2026-01-01T00:00:00Z", 0),
        validation("run-2", "2026-01-02T00:00:00Z", 2),
    ]
    page = read(render(runs))
    text = " ".join(page.words)
    assert text.index("run-2") < text.index("run-1")
    assert page.open == 1
    for expected in ("2026-01-02T00:00:00Z", "200 rows", "2 rejected", "email has no value", "00Q1, 00Q2"):
        assert expected in text


def test_nothing_of_the_data_becomes_markup() -> None:
    page = render([validation("<script>", "2026-01-01T00:00:00Z", 1, reason="<b>bold</b>")])
    assert "<script>" not in page
    assert "<b>bold</b>" not in page


def test_an_empty_page_says_so() -> None:
    assert "No run has been validated yet." in render([])
    assert "No expectation applied." in render([validation("run", "2026-01-01T00:00:00Z", 0, reason="")])
