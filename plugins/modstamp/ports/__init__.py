"""What the engine asks of the world, as protocols.

Connectors, state and staging implement them without knowing each other; the wiring brings them together. A fake for a
test implements the same protocol.
"""

from __future__ import annotations

from modstamp.mapping.changes import Affected
from modstamp.ports.journal import Choices, Journal, Quarantine
from modstamp.ports.links import LINK_COLUMNS, Adoption, Intents, Links, Missing, NamesOf, Pendings
from modstamp.ports.outside import Connector, Lane, Page, Staging
from modstamp.ports.records import ChangeColumn, Records
from modstamp.ports.runs import Cursor, Cursors, Hold, Holds, Lease, Leases, RunRecord, Runs
from modstamp.ports.state import Store, Transaction

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
