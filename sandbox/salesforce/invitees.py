"""Who is invited to an Event: its relations, the lists of ids that stand for them, and the child events of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.salesforce import shared
from sandbox.salesforce.junctions import STATUSES, condition_of
from sandbox.salesforce.problems import invalid_record
from sandbox.salesforce.saving import Saving, Values
from sandbox.salesforce.store import Store
from sandbox.salesforce.tables import quoted

MOST_INVITEES: Final = 1_000
MEMBERS: Final = ("Contact", "Lead", "User")
# An answer was given to a time and a place.
ANSWERED: Final = ("StartDateTime", "DurationInMinutes", "IsAllDayEvent", "Location")
UNANSWERED: Final[Mapping[str, Any]] = {"Status": "New", "RespondedDate": None, "Response": None}
# What a child event has of its own.
OWN: Final = frozenset({"Id", "OwnerId", "IsChild", "ParentEventId", "IsReminderSet", "ReminderDateTime"})


def check_lists(saving: Saving) -> None:
    """Raise `Refusal` unless every id in the lists of an Event is that of a living person, once."""
    seen: set[str] = set()
    for name in STATUSES:
        members = saving.values.get(name) or []
        _check_members(saving.store, name, members)
        twice = seen.intersection(members) or {each for each in members if members.count(each) > 1}
        if twice:
            message = f"{name}: an invitee can be named only once: {min(twice)}"
            raise invalid_record("DUPLICATE_VALUE", message, name)
        seen.update(members)
    _check_number(len(seen))


def settle_event(saving: Saving, event_id: str) -> None:
    """Make the relations of a saved Event what its lists say; child events follow the event itself."""
    shared.settle(saving, event_id)
    lists = {name: saving.values[name] or [] for name in STATUSES if name in saving.values}
    before = saving.before
    if not lists and (before is None or not before["IsGroupEvent"]):
        return
    if saving.changes(*ANSWERED):
        _reset(saving, event_id)
    if lists:
        _apply(saving, event_id, lists)
        _settle_group(saving.store, event_id)
    if before is not None:
        _carry_over(saving, event_id)


def event_removed(saving: Saving, _event_id: str) -> None:
    """An invitee who deletes the event in his own calendar has declined."""
    record = saving.before or {}
    if record["IsChild"]:
        condition = "EventId = ? AND RelationId = ? AND IsDeleted = 0"
        for row in _relations(saving.store, condition, record["ParentEventId"], record["OwnerId"]):
            _write(saving, row["Id"], {"Status": "Declined"})


def completed(saving: Saving) -> Values:
    """The values of an EventRelation.

    Raises:
        Refusal: for a child event, for somebody who is invited already, or for one too many.
    """
    if saving.before is None:
        store, event_id = saving.store, saving.values["EventId"]
        if (store.get("Event", event_id) or {}).get("IsChild"):
            raise invalid_record("FIELD_INTEGRITY_EXCEPTION", "A child event has no invitees of its own", "EventId")
        there = {row["RelationId"] for row in _relations(store, "EventId = ? AND IsDeleted = 0", event_id)}
        if saving.values["RelationId"] in there:
            raise invalid_record("DUPLICATE_VALUE", "This person is already related to the event", "RelationId")
        _check_number(len(there) + 1)
    return dict(saving.values)


def settle_relation(saving: Saving, _relation_id: str) -> None:
    """A new invitee who is a user has the event in his own calendar too."""
    known = saving.known
    if saving.before is None:
        _add_child(saving, known["EventId"], known["RelationId"])
        _settle_group(saving.store, known["EventId"])


def relation_removed(saving: Saving, _relation_id: str) -> None:
    """Who is no longer invited no longer has the event in his calendar."""
    record = saving.before or {}
    _remove_child(saving, record["EventId"], record["RelationId"])
    _settle_group(saving.store, record["EventId"])


def _apply(saving: Saving, event_id: str, lists: Mapping[str, Sequence[str]]) -> None:
    store = saving.store
    there = {row["RelationId"]: row for row in _relations(store, "EventId = ? AND IsDeleted = 0", event_id)}
    wanted = {member: name for name, members in lists.items() for member in members}
    for name in lists:
        for row in there.values():
            if row["IsInvitee"] and row["Status"] in STATUSES[name] and row["RelationId"] not in wanted:
                _uninvite(saving, row)
    for member, name in wanted.items():
        if member in there and not (there[member]["IsInvitee"] and there[member]["Status"] in STATUSES[name]):
            _write(saving, there[member]["Id"], {"Status": STATUSES[name][0], "IsInvitee": True})
    new = [
        {"EventId": event_id, "RelationId": member, "Status": STATUSES[name][0]}
        for member, name in wanted.items()
        if member not in there
    ]
    store.insert_many("EventRelation", new, created=saving.moment, by=saving.by)
    for row in new:
        _add_child(saving, event_id, row["RelationId"])


def _uninvite(saving: Saving, row: Mapping[str, Any]) -> None:
    """Whom the event is about all the same stays related to it."""
    if row["IsParent"]:
        _write(saving, row["Id"], {"IsInvitee": False})
    else:
        saving.store.delete("EventRelation", [row["Id"]], by=saving.by, modified=saving.moment)
    _remove_child(saving, row["EventId"], row["RelationId"])


def _reset(saving: Saving, event_id: str) -> None:
    for row in _relations(saving.store, "EventId = ? AND IsInvitee = 1 AND IsDeleted = 0", event_id):
        _write(saving, row["Id"], UNANSWERED)


def _settle_group(store: Store, event_id: str) -> None:
    """Note on the event whether anybody is invited; this alone moves no stamp."""
    conditions = " OR ".join(f"({condition_of(name)})" for name in STATUSES)
    group = bool(store.count("EventRelation", f"EventId = ? AND ({conditions})", (event_id,)))
    sql = f"UPDATE {quoted('Event')} SET IsGroupEvent = ?, GroupEventType = ? WHERE Id = ?"  # noqa: S608 - a fixed name
    with store.writing() as connection:
        connection.execute(sql, (group, str(int(group)), event_id))


def _add_child(saving: Saving, event_id: str, member: str) -> None:
    store = saving.store
    if not member.startswith(store.schema["User"].prefix):
        return
    event = store.get("Event", event_id) or {}
    if member == event["OwnerId"]:
        return
    row = _shared(store, event) | {"OwnerId": member, "IsChild": True, "ParentEventId": event_id}
    group = {"IsGroupEvent": True, "GroupEventType": "1"}
    store.insert_many("Event", [row | group], created=saving.moment, by=saving.by)


def _remove_child(saving: Saving, event_id: str, member: str) -> None:
    store = saving.store
    condition = "ParentEventId = ? AND OwnerId = ? AND IsDeleted = 0"
    children = [row["Id"] for row in store.rows("Event", condition, (event_id, member))]
    store.delete("Event", children, by=saving.by, modified=saving.moment)


def _carry_over(saving: Saving, event_id: str) -> None:
    """What was changed on the event is changed on its child events."""
    store = saving.store
    values = _shared(store, saving.values)
    for row in list(store.rows("Event", "ParentEventId = ? AND IsDeleted = 0", (event_id,))):
        store.update("Event", row["Id"], values, modified=saving.moment, by=saving.by)


def _shared(store: Store, values: Mapping[str, Any]) -> Values:
    """What a child event has from its event: all but what is unique, and what Salesforce notes of each record."""
    fields = store.schema["Event"].fields
    audit = {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "IsDeleted"}
    return {
        name: value
        for name, value in values.items()
        if name not in OWN | audit and fields[name].stored and not fields[name].flags & {"unique", "externalId"}
    }


def _check_members(store: Store, name: str, members: Sequence[str]) -> None:
    by_type: dict[str, list[str]] = {each: [] for each in MEMBERS}
    for member in members:
        target = store.schema.object_of_id(member)
        if target is None or target.name not in by_type:
            raise invalid_record("FIELD_INTEGRITY_EXCEPTION", f"{name}: id value of incorrect type: {member}", name)
        by_type[target.name].append(member)
    if any(given and set(given) - store.living(each, given) for each, given in by_type.items()):
        raise invalid_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", name)
    if any((store.get("Lead", each) or {}).get("IsConverted") for each in by_type["Lead"]):
        raise invalid_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", name)


def _check_number(number: int) -> None:
    if number > MOST_INVITEES:
        message = f"An event can have at most {MOST_INVITEES} invitees, not {number}"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message)


def _relations(store: Store, condition: str, *parameters: str) -> list[dict[str, Any]]:
    return list(store.rows("EventRelation", condition, parameters))


def _write(saving: Saving, relation_id: str, values: Mapping[str, Any]) -> None:
    saving.store.update("EventRelation", relation_id, values, modified=saving.moment, by=saving.by)
