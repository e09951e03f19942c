from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.salesforce.server import Salesforce
from tests.connectors.salesforce.world import SalesforceWorld
from tests.fixtures.salesforce import salesforce, start_salesforce

__all__ = ["salesforce", "start_salesforce"]


@pytest.fixture
def world(salesforce: Salesforce) -> Iterator[SalesforceWorld]:
    made = SalesforceWorld(salesforce)
    yield made
    made.connector.close()
