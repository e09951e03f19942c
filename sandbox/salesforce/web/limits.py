"""What may still be called, and how many records there are."""

from __future__ import annotations

from typing import Final

from sandbox.salesforce.org import Org
from sandbox.salesforce.web.call import Answer, Call

# Limits that are stated and, except for the daily calls, never used up here.
FIXED: Final = {
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "DailyAsyncApexExecutions": 250_000,
}


def limits(org: Org, _call: Call) -> Answer:
    most = org.meter.daily_limit
    stated = {name: {"Max": number, "Remaining": number} for name, number in FIXED.items()}
    return Answer(body={"DailyApiRequests": {"Max": most, "Remaining": max(0, most - org.meter.used)}} | stated)


def record_count(org: Org, call: Call) -> Answer:
    """Counts of the named types that are known, else of all; the real service answers from an estimate."""
    asked = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    types = (
        [org.access.shown.object_named(name) for name in asked] if asked else list(org.access.shown.objects.values())
    )
    counted = [
        {"count": org.store.count(each.name, "IsDeleted = 0" if each.soft_deletes else "1"), "name": each.name}
        for each in types
        if each is not None
    ]
    return Answer(body={"sObjects": counted})
