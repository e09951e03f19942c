"""The real engine and connector against the local Salesforce over HTTPS, while it misbehaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sandbox.salesforce.server import Salesforce
from tests.faults.desk import Desk
from tests.fixtures.office import linked_office
from tests.fixtures.salesforce import salesforce, start_salesforce

__all__ = ["salesforce", "start_salesforce"]


@pytest.fixture
def open_desk(salesforce: Salesforce, linked_sqlite: Engine, tmp_path: Path) -> Callable[..., Desk]:
    """A desk whose settings are quick to try again; `extra` is of the Salesforce connection."""

    def opened(*, extra: dict[str, Any] | None = None, **settings: Any) -> Desk:
        quick = {
            "retry_wait": timedelta(milliseconds=1),
            "lock_wait": timedelta(milliseconds=1),
            "retries": 2,
            "recovery_margin": timedelta(0),
            **settings,
        }
        office = linked_office(salesforce, linked_sqlite, tmp_path, **quick)
        office.extra = extra or {}
        return Desk(office)

    return opened


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()
