from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from modstamp.mapping.values import ValueTable, read_table
from modstamp.model import Direction

TABLE = ValueTable("status", (("New", "Open - Not Contacted"), ("Replied", "Nurturing")))


def table_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "status.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.requirement("STG-004")
@pytest.mark.parametrize(
    ("direction", "values", "expected"),
    [
        (Direction.POLLING, ["Nurturing", "Open - Not Contacted"], ["Replied", "New"]),
        (Direction.PUSHING, ["Replied", "New"], ["Nurturing", "Open - Not Contacted"]),
    ],
)
def test_pairs_translate_both_ways(direction: Direction, values: list[str], expected: list[str]) -> None:
    translated, unmapped = TABLE.translate(pd.Series(values, dtype=object), direction)
    assert translated.tolist() == expected
    assert not unmapped.any()


@pytest.mark.requirement("OSF-149")
@pytest.mark.parametrize("value", ["nurturing", " Nurturing", "Nurturing "])
def test_case_and_spaces_count(value: str) -> None:
    translated, unmapped = TABLE.translate(pd.Series([value], dtype=object), Direction.POLLING)
    assert translated.tolist() == [None]
    assert unmapped.tolist() == [True]


def test_empty_stays_empty_and_is_not_unmapped() -> None:
    translated, unmapped = TABLE.translate(pd.Series([None, "", "Nurturing"], dtype=object), Direction.POLLING)
    assert translated.tolist() == [None, None, "Replied"]
    assert translated.dtype == object
    assert unmapped.tolist() == [False, False, False]


def test_no_rows_are_no_special_case() -> None:
    translated, unmapped = TABLE.translate(pd.Series([], dtype=object), Direction.PUSHING)
    assert (str(translated.dtype), len(translated), len(unmapped)) == ("object", 0, 0)


@pytest.mark.requirement("STG-012")
def test_a_file_gives_its_pairs_as_they_are_written(tmp_path: Path) -> None:
    table, problems = read_table(
        table_file(tmp_path, '\ufeffinternal,external\r\nIn talks,"Working, soon"\r\n\r\n A , b\r\n')
    )
    assert table == ValueTable("status", (("In talks", "Working, soon"), (" A ", " b")))
    assert problems == []


@pytest.mark.requirement("STG-021")
@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ("New,Open\nNew,Working", "3", "already maps the internal value 'New' (FILE:2)"),
        ("New,Open\nReplied,Open", "3", "already maps the external value 'Open' (FILE:2)"),
        ("New,Open\n,Working", "3", "has a blank internal value"),
        ("New,", "2", "has a blank external value"),
        ("New,Open,3", "2", "does not have two values"),
        ("New", "2", "does not have two values"),
    ],
)
def test_a_row_that_breaks_one_to_one_is_named_with_its_line(tmp_path: Path, rows: str, where: str, what: str) -> None:
    path = table_file(tmp_path, f"internal,external\n{rows}\n")
    _, problems = read_table(path)
    assert [problem.where for problem in problems] == [f"{path}:{where}"]
    assert what.replace("FILE", str(path)) in problems[0].what


@pytest.mark.parametrize(
    ("content", "what"),
    [("", "header"), ("external,internal\na,b", "header"), (b"internal,external\n\xff,b", "cannot be read")],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: str | bytes, what: str) -> None:
    table, problems = read_table(table_file(tmp_path, content))
    assert table is None
    assert [what in problem.what for problem in problems] == [True]
