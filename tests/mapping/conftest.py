from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.loading import load

MINIMAL = """
    internal: prospect
    external: salesforce.Lead
    connection: salesforce
    inbound: {create: true}
    match: [email]
    fields:
      - {internal: email, external: Email}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into a folder of mappings, by path below it."""

    def write_files(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return write_files


@pytest.fixture
def problems(write: Write) -> Callable[..., list[Problem]]:
    """What loading these files finds wrong; `where` without the folder."""

    def load_files(files: dict[str, str]) -> list[Problem]:
        folder = write(files)
        try:
            load(folder)
        except ConfigurationError as error:
            return [
                Problem(found.where.removeprefix(f"{folder}/"), found.what.replace(f"{folder}/", ""), found.fix)
                for found in error.problems
            ]
        return []

    return load_files


@pytest.fixture
def minimal() -> str:
    return MINIMAL


@pytest.fixture(scope="session")
def defaults() -> Mappings:
    """The mapping files that the project ships."""
    return load(Path(__file__).parents[2] / "include" / "mappings")
