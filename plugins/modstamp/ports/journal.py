"""What is kept for people: quarantine, log, history, their choices.

Frames passed here have object columns, None for missing, ids as text. JSON columns hold plain dicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction


class Quarantine(Protocol):
    """Where records wait with a reason. One entry per mapping, direction and record: a newer one replaces it (G26)."""

    def put(self, mapping: str, direction: Direction, rows: pd.DataFrame) -> None:
        """record_id, kind, code, reason, detail (dict), stamp, hash, mapping_hash, run_id."""
        ...

    def release(self, mapping: str, direction: Direction, ids: Sequence[str]) -> int: ...

    def held_for(self, mapping: str, direction: Direction) -> dict[str, list[str]]:
        """Ambiguous records → the ids that they matched; none for one that had a twin in its batch."""
        ...

    def matched_by(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Ambiguous external records → internal field → the value by which they were matched (G26)."""
        ...

    def became(self, mapping: str) -> dict[str, str]:
        """Held internal records → ``Type:id`` of what their counterpart became (G12)."""
        ...

    def lacking(self, mapping: str, direction: Direction) -> dict[str, dict[str, str]]:
        """Rejected records → internal field → the value that named no record (G16)."""
        ...

    def taken(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Rejected external records → internal field → the value that another record has (G26)."""
        ...

    def sent(self, mapping: str) -> dict[str, dict[str, Any]]:
        """Internal records that the target refused → external field → the value that was sent."""
        ...

    def release_linked_elsewhere(self, mapping: TypeMapping) -> int:
        """Let go of records that another mapping of the family has linked: they are not pushed here (G20)."""
        ...

    def of_cause(self, mapping: str, direction: Direction, code: str | None, after: str, limit: int) -> list[str]:
        """The next ids behind `after`, in order, of records that wait for this cause; None: for any."""
        ...

    def withheld(self, mapping: str, direction: Direction, after: str, limit: int) -> list[str]:
        """The next ids behind `after`, in order, of records that a condition withholds (G7)."""
        ...

    def unmatched(self, mapping: str, direction: Direction, after: str, limit: int) -> pd.DataFrame:
        """The same as `waiting`, of the next records behind `after` that are ambiguous or held."""
        ...

    def waiting(self, mapping: str, direction: Direction, ids: Sequence[str]) -> pd.DataFrame:
        """record_id, kind, code, reason, detail (dict), stamp, hash."""
        ...


class Journal(Protocol):
    """What is written down. No run reads it; undoing one does."""

    def log(self, rows: pd.DataFrame) -> None:
        """run_id, mapping, direction, status, code, message, internal_type, internal_id, external_type, external_id."""
        ...

    def history(self, rows: pd.DataFrame) -> None:
        """run_id, mapping, link_id, side, field, old, new, rule."""
        ...

    def writes_of(self, run_id: str, mapping: str, side: str, after: int, links: int) -> pd.DataFrame:
        """link_id, field, old, new of what a run wrote on one side, oldest first, of the next links behind `after`."""
        ...

    def count_writes(self, run_id: str) -> int:
        """How many fields a run has written."""
        ...

    def count_done(self, run_id: str, statuses: Sequence[str]) -> dict[str, int]:
        """Status → rows of the log, of those statuses that the run has any of."""
        ...

    def validation(self, run_id: str, mapping: str, direction: Direction, document: Mapping[str, Any]) -> None: ...


class Choices(Protocol):
    """Records of which a person has said that they match nothing that is there."""

    def put(self, mapping: str, direction: Direction, record_id: str, who: str) -> None: ...

    def among(self, mapping: str, direction: Direction, ids: Sequence[str]) -> set[str]:
        """Those of these records that are to be made anew."""
        ...

    def drop(self, mapping: str, direction: Direction, ids: Sequence[str]) -> None: ...
