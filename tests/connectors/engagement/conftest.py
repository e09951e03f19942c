"""Records of an internal database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.records import Records


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    """One transaction, never committed."""
    with database.connect() as opened:
        yield opened


@pytest.fixture
def records(connection: Connection) -> Records:
    return Records(connection, Catalog())
