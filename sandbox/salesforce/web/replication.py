"""What has changed and what has been deleted in a span of time."""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sandbox.salesforce.clock import parse_stamp, stamp
from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.tables import quoted
from sandbox.salesforce.web.call import Answer, Call
from sandbox.salesforce.web.targets import object_of

REACH: Final = timedelta(days=30)
SHORTEST: Final = timedelta(minutes=1)
MOST_IDS: Final = 600_000


def updated(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    start, end = _span(org, call)
    living = " AND IsDeleted = 0" if object_type.soft_deletes else ""
    condition = f"SystemModstamp BETWEEN ? AND ?{living} ORDER BY SystemModstamp"
    sql = f"SELECT Id FROM {quoted(object_type.name)} WHERE {condition}"
    every = [record_id for (record_id,) in org.store.reader().execute(sql, (stamp(start), stamp(end)))]
    seen = org.access.seen(object_type.name, every)
    found = [record_id for record_id in every if record_id in seen]
    if len(found) > MOST_IDS:
        raise Refusal(400, "EXCEEDED_ID_LIMIT", f"too many ids: more than {MOST_IDS}")
    return Answer(body={"ids": found, "latestDateCovered": _covered(org, end)})


def deleted(org: Org, call: Call) -> Answer:
    object_type = object_of(org, call)
    start, end = _span(org, call)
    found = org.store.deletions(object_type.name, stamp(start), stamp(end))
    return Answer(
        body={
            "deletedRecords": [{"id": record_id, "deletedDate": moment} for record_id, moment in found],
            "earliestDateAvailable": stamp(org.clock.now() - REACH),
            "latestDateCovered": _covered(org, end),
        }
    )


def _span(org: Org, call: Call) -> tuple[datetime, datetime]:
    try:
        start, end = (parse_stamp(call.query[name].replace(" ", "+")) for name in ("start", "end"))
    except (KeyError, ValueError) as fault:
        raise Refusal(400, "INVALID_REPLICATION_DATE", "start and end must be given as ISO 8601 date-times") from fault
    if end - start <= SHORTEST:
        raise Refusal(400, "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
    if start < org.clock.now() - REACH:
        raise Refusal(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
    return start.replace(second=0), end.replace(second=0)


def _covered(org: Org, end: datetime) -> str:
    return stamp(min(end, org.clock.now()))
