"""The shipped mappings against the schemas that the project ships: both databases, and the local Salesforce."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from modstamp.connectors.engagement.catalog import Catalog
from modstamp.connectors.engagement.types import TYPES
from modstamp.connectors.salesforce.connector import SalesforceConnector
from modstamp.engine.expectations import suite
from modstamp.engine.validate import unusable
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.live import check_live
from modstamp.model import Direction, TypeDescription
from sandbox.salesforce.server import Salesforce
from tests.connectors.salesforce.world import SalesforceWorld
from tests.fixtures.salesforce import salesforce

__all__ = ["salesforce"]


@pytest.fixture
def external(salesforce: Salesforce) -> Iterator[SalesforceConnector]:
    connector = SalesforceWorld(salesforce).connector
    yield connector
    connector.close()


@pytest.fixture
def internal(database: Engine) -> dict[str, TypeDescription]:
    with database.connect() as connection:
        return {name: Catalog().describe(connection, name) for name in TYPES}


@pytest.mark.requirement("STG-002")
def test_every_field_exists_fits_and_may_be_written(
    defaults: Mappings, internal: dict[str, TypeDescription], external: SalesforceConnector
) -> None:
    problems = [
        problem
        for file in defaults.files
        for problem in check_live(
            file, internal[file.mapping.internal], external.describe(file.mapping.external_type), internal
        )
    ]
    assert problems == []


def test_every_expectation_can_be_applied(
    defaults: Mappings, internal: dict[str, TypeDescription], external: SalesforceConnector
) -> None:
    for mapping in defaults:
        sides = internal[mapping.internal], external.describe(mapping.external_type)
        assert unusable(suite(mapping, Direction.PUSHING, *sides)) == []
        assert unusable(suite(mapping, Direction.POLLING, *reversed(sides))) == []


@pytest.mark.requirement("OSF-152")
def test_every_lead_status_of_the_org_has_its_stage(defaults: Mappings, external: SalesforceConnector) -> None:
    table = defaults.tables(defaults["salesforce_lead"])["stage_id"]
    assert set(external.describe("Lead").fields["Status"].choices) <= set(table.lookup(Direction.POLLING))
