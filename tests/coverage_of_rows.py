"""Writes docs/coverage.md: which test proves which requirement row. Run ``python -m tests.coverage_of_rows``.

Markers are read from the source, so that the list can be made without running anything; the suite proves it by passing
as a whole, as none of its tests may be skipped.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
ROWS = ROOT / "docs" / "requirement-rows.txt"
COVERAGE = ROOT / "docs" / "coverage.md"

_MARK = "pytest.mark.requirement"
_HEAD = """# Requirement rows and their tests

Made by `python -m tests.coverage_of_rows` from `docs/requirement-rows.txt` and the markers of the tests. A row counts
as proved when a test of the suite carries its id; a change that breaks the row breaks that test.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One test and the rows that it names; `cases`: the rows that its parametrised cases name, one group per case."""

    test: str
    rows: tuple[str, ...]
    cases: tuple[tuple[str, ...], ...] = ()

    @property
    def every_row(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.rows, *(row for case in self.cases for row in case)]))


def known_rows(path: Path = ROWS) -> dict[str, str]:
    """Row id → our words, in the file's order."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {row: words for row, _, words in (line.partition(" ") for line in lines)}


def marked_tests(folder: Path = TESTS) -> list[Marked]:
    """Every test that names a row. Raises `ValueError` for a marker that cannot be read without running the test."""
    return [
        found
        for path in sorted(folder.rglob("*.py"))
        for found in _of_module(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(folder.parent).as_posix())
    ]


def _of_module(module: ast.Module, path: str) -> Iterator[Marked]:
    shared = [row for node in module.body if _is_pytestmark(node) for row in _rows(node, path)]
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found = _of_test(node, shared, path)
            if found.every_row:
                yield found


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _of_test(test: ast.FunctionDef, shared: list[str], path: str) -> Marked:
    own, cases = list(shared), []
    for decorator in test.decorator_list:
        if "parametrize" not in ast.unparse(decorator):
            own += _rows(decorator, path)
            continue
        params = (node for node in ast.walk(decorator) if isinstance(node, ast.Call))
        cases += [tuple(_rows(node, path)) for node in params if ast.unparse(node.func) == "pytest.param"]
    return Marked(test=f"{path}::{test.name}", rows=tuple(own), cases=tuple(filter(None, cases)))


def _rows(node: ast.AST, path: str) -> Iterator[str]:
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != _MARK:
            continue
        match call.args:
            case [ast.Constant(value=str(row))]:
                yield row
            case _:
                raise ValueError(f"{path}:{call.lineno}: write the row's id itself into the marker")


def document(rows: Mapping[str, str], tests: Iterable[Marked]) -> str:
    """The page. Raises `ValueError` for a test that names a row which nobody knows."""
    proved: dict[str, list[str]] = {row: [] for row in rows}
    for each in tests:
        for row in each.every_row:
            if row not in proved:
                raise ValueError(f"{each.test} names {row}, which {ROWS.name} does not have")
            proved[row].append(each.test)
    missing = [f"- {row}: {rows[row]}" for row, found in proved.items() if not found]
    lines = [f"| {row} | {rows[row]} | {_links(found)} |" for row, found in proved.items() if found]
    return "\n".join(
        [
            _HEAD,
            f"{len(lines)} of {len(rows)} rows are proved.\n",
            "## Not yet\n",
            *(missing or ["Nothing."]),
            "\n## Proved\n",
            "| row | what it asks for | proved by |\n| --- | --- | --- |",
            *lines,
            "",
        ]
    )


def _links(tests: Iterable[str]) -> str:
    return "<br>".join(f"[{name}](../{path})" for path, _, name in (test.partition("::") for test in tests))


if __name__ == "__main__":
    COVERAGE.write_text(document(known_rows(), marked_tests()), encoding="utf-8")
