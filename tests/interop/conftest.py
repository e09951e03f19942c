"""Everything here wants foreign programs; their environments are made before the first test that needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import foreign
from tests.fixtures.salesforce import salesforce, start_salesforce
from tests.interop.figures import Figures

__all__ = ["salesforce", "start_salesforce"]
HERE = Path(__file__).parent
FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def jsforce_folder() -> Path:
    return foreign.node("jsforce", HERE / "jsforce")


@pytest.fixture(scope="session")
def tap_folder() -> Path:
    return foreign.python("tap_salesforce", HERE / "tap_salesforce" / "requirements.txt")


@pytest.fixture(scope="session")
def recordings_folder() -> Path:
    return foreign.unpacked("recordings", HERE / "recordings" / "requirements.txt")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    taken = config.stash[FIGURES].taken
    if taken:
        terminalreporter.section("what foreign clients did")
        for figure in taken:
            terminalreporter.line(figure.line())
