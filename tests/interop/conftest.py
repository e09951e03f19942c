"""Everything here wants foreign programs; their environments are made before the first test that needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.salesforce import salesforce, start_salesforce
from tests.interop import environments
from tests.interop.figures import Figures

__all__ = ["salesforce", "start_salesforce"]
FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def jsforce_folder() -> Path:
    return environments.jsforce()


@pytest.fixture(scope="session")
def tap_folder() -> Path:
    return environments.tap_salesforce()


@pytest.fixture(scope="session")
def recordings_folder() -> Path:
    return environments.recordings()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    taken = config.stash[FIGURES].taken
    if taken:
        terminalreporter.section("what foreign clients did")
        for figure in taken:
            terminalreporter.line(figure.line())
