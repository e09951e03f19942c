"""The list of rows and tests is true, and says so when it is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.coverage_of_rows import COVERAGE, Marked, document, known_rows, marked_tests

MOST = 3  # a test that proves more proves none of them well


def found(folder: Path, text: str) -> list[Marked]:
    module = folder / "tests" / "test_module.py"
    module.parent.mkdir()
    module.write_text(dedent(text), encoding="utf-8")
    return marked_tests(module.parent)


def test_the_page_is_up_to_date() -> None:
    made = document(known_rows(), marked_tests())
    assert COVERAGE.read_text(encoding="utf-8") == made, "run `python -m tests.coverage_of_rows`"


def test_no_test_names_more_rows_than_it_can_prove() -> None:
    groups = [(each.test, group) for each in marked_tests() for group in (each.rows, *each.cases)]
    assert [test for test, group in groups if len(group) > MOST] == []


def test_markers_of_tests_cases_and_modules_are_found(tmp_path: Path) -> None:
    text = """
        pytestmark = [pytest.mark.requirement("OSF-001"), pytest.mark.guarantee("G1")]

        def test_plain(): ...

        class TestMore:
            @pytest.mark.requirement("OSF-002")
            @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("OSF-003")), 2])
            def test_method(self, x): ...

        @pytest.mark.requirement("OSF-004")
        def helper(): ...
    """
    assert found(tmp_path, text) == [
        Marked(test="tests/test_module.py::test_plain", rows=("OSF-001",)),
        Marked(test="tests/test_module.py::test_method", rows=("OSF-001", "OSF-002"), cases=(("OSF-003",),)),
    ]


def test_an_id_that_is_not_written_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tests/test_module.py:2: write the row's id"):
        found(tmp_path, "\n@pytest.mark.requirement(ROW)\ndef test_it(): ...\n")


def test_a_row_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="a::b names OSF-999"):
        document({"OSF-001": "words"}, [Marked(test="a::b", rows=("OSF-999",))])


def test_a_row_without_a_test_is_told() -> None:
    page = document({"OSF-001": "one", "OSF-002": "two"}, [Marked(test="tests/a.py::test_b", rows=("OSF-001",))])
    assert "1 of 2 rows are proved" in page
    assert "- OSF-002: two" in page
    assert "| OSF-001 | one | [test_b](../tests/a.py) |" in page
