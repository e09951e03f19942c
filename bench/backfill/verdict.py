"""What is on both sides in the end: each record of the engagement database is to be in the org once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from bench.systems import LEAD, Systems
from sandbox.salesforce.clock import stamp

_EVENTS = "SELECT title, starts_at, ends_at FROM meetings"
_TASKS = f"""
SELECT kind, links.external_id, words FROM (
    SELECT 'Call' AS kind, prospect_id, note AS words FROM calls UNION ALL
    SELECT 'Email', prospect_id, body FROM mails UNION ALL
    SELECT 'Other', prospect_id, note FROM tasks
) AS every JOIN sync_links AS links ON links.mapping = '{LEAD}' AND links.internal_id = every.prospect_id::text
"""  # noqa: S608
_LINKED = "SELECT external_id FROM sync_links WHERE mapping = ANY(:mappings) AND state = 'live'"
_FIELDS = {"Event": ("Subject", "StartDateTime", "EndDateTime"), "Task": ("Type", "WhoId", "Description")}


def judge(both: Systems, external: str, mappings: Sequence[str]) -> tuple[int, int, int, int]:
    """Records in the org, those too many, those missing, and those that exactly one link knows."""
    found = both.salesforce.records(external, ["Id", *_FIELDS[external]])
    there = Counter(tuple(values) for _, *values in found)
    with both.database.connect() as connection:
        wanted = Counter(
            _as_outside(row) for row in connection.execute(text(_EVENTS if external == "Event" else _TASKS))
        )
        links = Counter(connection.execute(text(_LINKED), {"mappings": list(mappings)}).scalars())
    linked = sum(links[record_id] == 1 for record_id, *_ in found)
    return len(found), (there - wanted).total(), (wanted - there).total(), linked


def _as_outside(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(stamp(each) if isinstance(each, datetime) else each for each in row)
