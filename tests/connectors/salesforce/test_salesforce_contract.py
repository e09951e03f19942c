from __future__ import annotations

from tests.connectors.contract import ConnectorContract


class TestContract(ConnectorContract):
    pass
