"""Lists of records as frames and bases hold them: JSON, each member once, sorted, because their order means nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable


def to_text(members: Iterable[str]) -> str | None:
    """None: there are none."""
    ordered = sorted(set(members))
    return json.dumps(ordered) if ordered else None
