"""An external system in memory, behind the same protocol as the real ones.

`MemorySystem` is the world: records, people who edit them, a clock that stands still until it is moved, and faults.
`MemoryConnector` is one client of it. Nothing is random and nothing waits, so that a state machine can attack the
engine with it; it checks uniqueness by looking through all records, so worlds stay in the thousands.
"""

from __future__ import annotations

from modstamp.connectors.memory.connector import MemoryConnector
from modstamp.connectors.memory.system import Fault, MemorySystem

__all__ = ["Fault", "MemoryConnector", "MemorySystem"]
