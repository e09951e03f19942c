"""Column types of the state; they are the engagement tables' too, and so stand beside both."""

from __future__ import annotations

from modstamp.sqltypes import Instant

__all__ = ["Instant"]
