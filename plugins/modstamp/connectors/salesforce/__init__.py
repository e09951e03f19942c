"""Salesforce, over REST with composite requests and Bulk 2.0.

One request's way: `connector` → `pull`, `retrieve` or `write` (what is asked) → `queries`, `composite` (how it is
packed) → `calls` (login, meter, budget, repetition) → the network.
"""

from __future__ import annotations

from modstamp.connectors.salesforce.connector import SalesforceConnector
from modstamp.connectors.salesforce.limits import Report

__all__ = ["Report", "SalesforceConnector"]
