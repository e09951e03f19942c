from __future__ import annotations

import pytest

from modstamp.mapping.documents import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("on", "on"),
        ("no", "no"),
        ("2025-01-01", "2025-01-01"),
        ("2025-01-01T10:00:00Z", "2025-01-01T10:00:00Z"),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("007", "007"),
        ("12:30", "12:30"),
        ("null", None),
        ("'12'", "12"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    data = parse(f"key: {text}", "file").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_each_part_knows_its_line() -> None:
    document = parse("a: 1\nb:\n  - x\n  - y: {z: 1}\n", "file.yaml")
    assert document.data == {"a": 1, "b": ["x", {"y": {"z": 1}}]}
    assert document.where() == "file.yaml:1"
    assert document.where(("b", 0)) == "file.yaml:3"
    assert document.where(("b", 1, "y", "z")) == "file.yaml:4"
    assert document.where(("b", 0, "unknown")) == "file.yaml:3"


def test_a_key_written_twice_is_reported_and_the_first_counts() -> None:
    document = parse("a: 1\nb: 2\na: 3\n", "file.yaml")
    assert document.data == {"a": 1, "b": 2}
    assert [problem.where for problem in document.problems] == ["file.yaml:3"]
    assert "first in line 1" in document.problems[0].what


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: [", 3), ("a: 1\n  b: 2", 2), ("a: &x [*x]", 1), ("a: !!python/object:os.system x", 1), ("a: \x00", 1)],
)
def test_what_is_not_yaml_is_one_problem_with_its_line(text: str, line: int) -> None:
    document = parse(text, "file.yaml")
    assert document.data is None
    assert [problem.where for problem in document.problems] == [f"file.yaml:{line}"]


def test_anchors_are_followed() -> None:
    assert parse("a: &x {k: 1}\nb: *x", "file").data == {"a": {"k": 1}, "b": {"k": 1}}
