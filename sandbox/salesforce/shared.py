"""Shared activities: an Event may be about several contacts, or one lead, of whom WhoId is the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sandbox.salesforce.junctions import PEOPLE, WHO_LIST
from sandbox.salesforce.problems import invalid_record
from sandbox.salesforce.saving import Saving, Values
from sandbox.salesforce.tables import quoted

MOST_CONTACTS: Final = 50


def with_primary(saving: Saving) -> Values:
    """The values of an Event with the WhoId that follows from its list.

    Raises:
        Refusal: the list holds several leads, too many contacts, or something else.
    """
    values = dict(saving.values)
    if not _shared(saving):
        return values
    if WHO_LIST in values:
        members = values[WHO_LIST] or []
        _check(saving, members)
        given = values.get("WhoId") or (saving.known["WhoId"] if not members else None)
        values["WhoId"] = given or _primary(saving, members)
    elif saving.before is not None and saving.changes("WhoId") and values["WhoId"] is None:
        others = [each for each in _members(saving, saving.before["Id"]) if each != saving.before["WhoId"]]
        values["WhoId"] = others[0] if others else None
    return values


def settle(saving: Saving, event_id: str) -> None:
    """Keep the relations of a saved Event to the people whom it is about, and their number."""
    if not _shared(saving) or not saving.touches(WHO_LIST, "WhoId", "WhatId"):
        return
    known, there = saving.known, _members(saving, event_id)
    if WHO_LIST in saving.values:
        listed = saving.values[WHO_LIST] or []
    else:
        left = saving.before["WhoId"] if saving.before is not None and saving.changes("WhoId") else None
        promoted = known["WhoId"] in there
        listed = [each for each in there if not (promoted and each == left)]
    wanted = list(dict.fromkeys([known["WhoId"], *listed] if known["WhoId"] else listed))
    _relate(saving, event_id, there, wanted)
    sql = f"UPDATE {quoted('Event')} SET WhoCount = ?, WhatCount = ? WHERE Id = ?"  # noqa: S608 - a fixed name
    with saving.store.writing() as connection:
        connection.execute(sql, (len(wanted), int(bool(known["WhatId"])), event_id))


def _shared(saving: Saving) -> bool:
    return WHO_LIST in saving.store.schema["Event"].fields


def _members(saving: Saving, event_id: str) -> list[str]:
    condition = "EventId = ? AND IsParent = 1 AND IsDeleted = 0"
    return [row["RelationId"] for row in saving.store.rows("EventRelation", condition, (event_id,))]


def _primary(saving: Saving, members: Sequence[str]) -> str | None:
    before = saving.before["WhoId"] if saving.before is not None else None
    return before if before in members else next(iter(members), None)


def _check(saving: Saving, members: Sequence[str]) -> None:
    store = saving.store
    types = [target.name if (target := store.schema.object_of_id(each)) else "" for each in members]
    if set(types) - set(PEOPLE):
        message = f"{WHO_LIST}: id value of incorrect type: {members}"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, WHO_LIST)
    if len(members) > (1 if "Lead" in types else MOST_CONTACTS):
        message = f"An event can be about {MOST_CONTACTS} contacts or one lead"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, WHO_LIST)
    if not all(store.living(name, [each]) for name, each in zip(types, members, strict=True)):
        raise invalid_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", WHO_LIST)


def _relate(saving: Saving, event_id: str, there: Sequence[str], wanted: Sequence[str]) -> None:
    store, moment, by = saving.store, saving.moment, saving.by
    condition = "EventId = ? AND IsDeleted = 0"
    rows = {row["RelationId"]: row for row in store.rows("EventRelation", condition, (event_id,))}
    for member in set(there) - set(wanted):
        if rows[member]["IsInvitee"]:
            store.update("EventRelation", rows[member]["Id"], {"IsParent": False}, modified=moment, by=by)
        else:
            store.delete("EventRelation", [rows[member]["Id"]], by=by, modified=moment)
    for member in [each for each in wanted if each not in there and each in rows]:
        store.update("EventRelation", rows[member]["Id"], {"IsParent": True}, modified=moment, by=by)
    about: dict[str, Any] = {"EventId": event_id, "IsInvitee": False, "IsParent": True}
    new = [about | {"RelationId": each} for each in wanted if each not in rows]
    store.insert_many("EventRelation", new, created=moment, by=by)
