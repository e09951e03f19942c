"""What people did, so that a test can look for every edit afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Action(StrEnum):
    """What was done; what one may expect of it."""

    EDIT = "edit"  # one side changed one field: both sides end with that value
    CREATE = "create"  # a new record: the other side gets one too
    BOTH = "both"  # the same field, a different value on each side: both sides end with one of them
    MERGE = "merge"  # a different field on each side: both values end on both sides
    REFUSE = "refuse"  # the Salesforce administrator's rule refuses the value: it stays on the engagement side


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing done to one record.

    `side` is where it was typed: internal (the engagement database) or external (Salesforce); BOTH and MERGE have an
    entry for each side. `values` and `before` are named by column or by Salesforce field, as `side` says. `key` is the
    mail address or name in lower case; the ids of a CREATE are None on the other side.
    """

    action: Action
    side: str
    table: str
    object: str
    key: str
    internal_id: int | None
    external_id: str | None
    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)


def write_manifest(path: Path, entries: Sequence[Entry]) -> None:
    """Write the entries as one JSON document: `counts` by action and side, and `entries`."""
    document = {
        "counts": dict(sorted(counts(entries).items())),
        "entries": [asdict(entry) for entry in entries],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> list[Entry]:
    """The entries that `write_manifest` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return [Entry(**{**entry, "action": Action(entry["action"])}) for entry in document["entries"]]


def counts(entries: Sequence[Entry]) -> Counter[str]:
    """How many entries there are by `action side`."""
    return Counter(f"{entry.action} {entry.side}" for entry in entries)
