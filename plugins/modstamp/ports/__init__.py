"""What the engine asks of the world, as protocols.

Connectors, state and staging implement them without knowing each other; the wiring brings them together. A fake for a
test implements the same protocol.
"""

from __future__ import annotations

from modstamp.mapping.changes import Affected
from modstamp.ports.outside import Connector, Lane, Page, Staging
from modstamp.ports.state import (
    LINK_COLUMNS,
    Adoption,
    ChangeColumn,
    Choices,
    Cursor,
    Cursors,
    Hold,
    Holds,
    Intents,
    Journal,
    Lease,
    Leases,
    Links,
    Missing,
    NamesOf,
    Pendings,
    Quarantine,
    Records,
    RunRecord,
    Runs,
    Store,
    Transaction,
)

__all__ = [
    "LINK_COLUMNS",
    "Adoption",
    "Affected",
    "ChangeColumn",
    "Choices",
    "Connector",
    "Cursor",
    "Cursors",
    "Hold",
    "Holds",
    "Intents",
    "Journal",
    "Lane",
    "Lease",
    "Leases",
    "Links",
    "Missing",
    "NamesOf",
    "Page",
    "Pendings",
    "Quarantine",
    "Records",
    "RunRecord",
    "Runs",
    "Staging",
    "Store",
    "Transaction",
]
