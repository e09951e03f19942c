"""What a meeting or an activity must look like in Salesforce, worked out from the rows of both sides, not by the sync.

Whom it names is known by the links: whether those are right is judged with the people themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.chaos import database
from bench.chaos.diary import EVENT, KINDS, TASK, Happening, name_in
from bench.chaos.scene import Scene

Row = dict[str, Any]
_TYPES: Final = {
    "salesforce_lead": "prospect",
    "salesforce_contact": "prospect",
    "salesforce_user": "user",
    "salesforce_opportunity": "opportunity",
}
LISTS: Final = {
    "AcceptedEventInviteeIds": ("accepted_invitees", ("Accepted",)),
    "DeclinedEventInviteeIds": ("declined_invitees", ("Declined",)),
    "UndecidedEventInviteeIds": ("undecided_invitees", ("New", "Maybe")),
}
_SHORT, _LONG = 255, 32_000
_STATUSES: Final = {"done": "Completed", "open": "Not Started", "skipped": "Deferred"}
_SUBTYPES: Final = {"email": "Email", "call": "Call", "linkedin": "LinkedIn"}
_LEAD: Final = "00Q"


@dataclass
class Sight:
    """Both sides. `inside`, `outside`, `bin`: name → rows. `links`: (mapping, external id) → internal id, of live ones.

    `people`: type:id → id outside. `former`: type:id → ids outside of links that ended. `gone`: ids outside of who
    was deleted, merged or converted → who they are now, or None.

    `strays`: rows outside without a name. `named`: (mapping, internal id) → name.
    """

    inside: dict[str, list[Row]] = field(default_factory=dict)
    outside: dict[str, list[Row]] = field(default_factory=dict)
    bin: dict[str, list[Row]] = field(default_factory=dict)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    former: dict[str, set[str]] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)
    strays: list[Row] = field(default_factory=list)
    named: dict[tuple[str, str], str] = field(default_factory=dict)

    def now(self, external_id: str) -> str | None:
        """Who this is by now; None: nobody."""
        known: str | None = external_id
        while known in self.gone:
            known = self.gone[known]
        return known

    def was_linked(self, record: Row) -> bool:
        """Its link has ended."""
        return any(record["Id"] in ids for ids in self.former.values())

    def made_anew(self, who: str) -> bool:
        """Deleted outside, which took him off his meetings, and made again: he is on them when they are edited."""
        return any(self.gone.get(each, each) is None for each in self.former.get(who, ()))

    def row_of(self, happening: Happening, record: Row) -> Row | None:
        """The row inside that this record of Salesforce is linked to."""
        for mapping in happening.kind.mappings:
            if internal_id := self.links.get((mapping, record["Id"])):
                return next((row for row in self.inside[happening.name] if str(row["id"]) == internal_id), None)
        return None


def look(scene: Scene) -> Sight:
    sight = Sight()
    _linked(scene, sight)
    _people_gone(scene, sight)
    for kind in KINDS.values():
        for row in database.rows(scene.engine, f"SELECT * FROM {kind.table} ORDER BY id"):  # noqa: S608
            sight.inside.setdefault(str(row[kind.named_by]), []).append(row)
            sight.named |= {(mapping, str(row["id"])): str(row[kind.named_by]) for mapping in kind.mappings}
    invited = _invited(scene)
    for kind_name in (EVENT, TASK):
        for row in scene.org.store.rows(kind_name, "IsChild = 0" if kind_name == EVENT else "1"):
            name = name_in(row) or _by_link(sight, row["Id"])
            place = sight.bin if row["IsDeleted"] else sight.outside
            if name is not None:
                place.setdefault(name, []).append({**row, **invited.get(row["Id"], {})})
            elif not row["IsDeleted"]:
                sight.strays.append(row)
    return sight


def _linked(scene: Scene, sight: Sight) -> None:
    statement = "SELECT * FROM sync_links WHERE external_id IS NOT NULL AND state <> 'provisional'"
    for link in database.rows(scene.engine, statement):
        who = f"{_TYPES.get(link['mapping'])}:{link['internal_id']}"
        if link["state"] == "tombstone":
            sight.former.setdefault(who, set()).add(link["external_id"])
            continue
        sight.links[link["mapping"], link["external_id"]] = link["internal_id"]
        if link["mapping"] in _TYPES:
            sight.people[who] = link["external_id"]


def _by_link(sight: Sight, record: str) -> str | None:
    """The name of a record whose texts somebody has replaced."""
    found = (
        sight.named.get((mapping, record_id)) for (mapping, other), record_id in sight.links.items() if other == record
    )
    return next((name for name in found if name), None)


def _people_gone(scene: Scene, sight: Sight) -> None:
    for kind in ("Lead", "Contact"):
        for row in scene.org.store.rows(kind):
            if row.get("IsConverted"):
                sight.gone[row["Id"]] = row["ConvertedContactId"]
            elif row["IsDeleted"]:
                sight.gone[row["Id"]] = row["MasterRecordId"]


def _invited(scene: Scene) -> dict[str, Row]:
    """Event → list → the people on it."""
    found: dict[str, Row] = {}
    for row in scene.org.store.rows("EventRelation", "IsDeleted = 0 AND IsInvitee = 1"):
        for name, (_, statuses) in LISTS.items():
            if row["Status"] in statuses:
                found.setdefault(row["EventId"], {}).setdefault(name, set()).add(row["RelationId"])
    return found


@dataclass(frozen=True, slots=True)
class Invited:
    """`may`: who was merged into somebody else, or has become somebody else, may stand there as that."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()

    def agrees(self, shown: Iterable[str]) -> bool:
        there = set(shown)
        return self.must <= there <= self.must | self.may


def lets_out(happening: Happening, row: Row, *, organizers_only: bool) -> bool:
    """Whether the mapping creates a record for it as it is now."""
    if row["prospect_id"] is None:
        return False
    if happening.kind.name == "meeting":
        return not row["canceled"] and (row["is_organizer"] or not organizers_only)
    return row.get("in_app") is not False and row.get("status") in {None, "done"}


def wanted(sight: Sight, happening: Happening, row: Row, record: Row) -> dict[str, Any]:
    """External field → what it must hold; fields that nothing can be said of are missing. `record`: as it is there."""
    own = {"meeting": _event, "call": _call, "mail": _mail, "text": _text, "task": _task}[happening.kind.name]
    values = {**own(row), **_whom(sight, row, record)}
    return values | _lists(sight, row) if happening.kind.external == EVENT else values | {"Priority": "Normal"}


def _event(row: Row) -> dict[str, Any]:
    end = row["ends_at"]
    if row["all_day"]:
        end -= timedelta(days=1)
    return {
        "Subject": _cut(row["title"]),
        "Location": _cut(row["location"]),
        "Description": _cut(row["description"], _LONG),
        "StartDateTime": moment(row["starts_at"]),
        "EndDateTime": moment(end),
        "IsAllDayEvent": row["all_day"],
        "Canceled__c": row["canceled"],
        "No_Show__c": row["no_show"],
        "Booked_By_Prospect__c": row["booked_by_prospect"],
        "Meeting_Type__c": row["meeting_type_name"],
        "Source__c": row["source"],
        "Attributed_Sequence__c": row["attributed_sequence_name"],
        "Recording_URL__c": row["recording_url"],
        "Recording_Object__c": row["recording_object"],
        "Recording_Summary__c": row["recording_summary"],
    }


def _call(row: Row) -> dict[str, Any]:
    return {
        "Subject": _cut(f"Call: {row['disposition']}" if row["disposition"] else "Call"),
        "ActivityDate": _day(row["called_at"]),
        "CallDurationInSeconds": row["duration_seconds"],
        "CallDisposition": row["disposition"],
        "Call_Purpose__c": row["purpose"],
        "CallType": row["direction"].capitalize(),
        **_done(row["note"], "Call", "Call"),
    }


def _mail(row: Row) -> dict[str, Any]:
    way = "Email" if row["direction"] == "sent" else "Email received"
    subject = _cut(f"{way}: {row['subject'] or '(no subject)'}")
    return {"Subject": subject, "ActivityDate": _day(row["sent_at"]), **_done(row["body"], "Email", "Email")}


def _text(row: Row) -> dict[str, Any]:
    subject = f"Text message {row['direction']}"
    return {"Subject": subject, "ActivityDate": _day(row["sent_at"]), **_done(row["body"], "Other", "Task")}


def _task(row: Row) -> dict[str, Any]:
    kind = {"email": "Email", "call": "Call"}.get(row["type"], "Other")
    done = _done(row["note"], kind, _SUBTYPES.get(row["type"], "Task"))
    day = row["due_on"].isoformat() if row["due_on"] else _day(row["completed_at"])
    return {"Subject": row["subject"], "ActivityDate": day, **done, "Status": _STATUSES[row["status"]]}


def _done(told: str | None, kind: str, subtype: str) -> dict[str, Any]:
    return {"Description": _cut(told, _LONG), "Status": "Completed", "Type": kind, "TaskSubtype": subtype}


def _whom(sight: Sight, row: Row, record: Row) -> dict[str, Any]:
    """References. Whom the sync holds for a person, and whom nobody names any longer, stays as he is outside."""
    found: dict[str, Any] = {}
    if owner := sight.people.get(f"user:{row['user_id']}"):
        found["OwnerId"] = owner
    if who := sight.now(sight.people.get(f"prospect:{row['prospect_id']}", "")):
        found["WhoId"] = who
    who = who or record["WhoId"]
    deal = sight.people.get(f"opportunity:{row['opportunity_id']}")
    held = "WhoId" not in found and record["WhoId"]  # what he has become out there is not ours to know
    if row["opportunity_id"] is None or (deal and not (held and record["WhatId"] is None)):
        found["WhatId"] = None if who and who.startswith(_LEAD) else deal
    return found


def _lists(sight: Sight, row: Row) -> dict[str, Any]:
    """Who took the place of somebody without a counterpart has the answer that Salesforce gives him."""
    named = {name: _entries(row[column]) for name, (column, _) in LISTS.items()}
    everybody = set(itertools.chain(*named.values()))
    before = {each for entry in everybody for each in sight.former.get(entry, ())}
    linked = {name: {sight.people[each] for each in found if each in sight.people} for name, found in named.items()}
    gone = [each for each in before.union(*linked.values()) if each in sight.gone]
    anew = {sight.people[each] for each in everybody & sight.people.keys() if sight.made_anew(each)}
    may = frozenset(now for each in gone if (now := sight.now(each))) | anew
    return {name: Invited(frozenset(ids - sight.gone.keys() - anew), may) for name, ids in linked.items()}


def _entries(text: str) -> list[str]:
    return [each.strip('" ') for each in text.strip("[]").split(",") if each.strip('" ')]


def _cut(text: str | None, length: int = _SHORT) -> str | None:
    return text if text is None or len(text) <= length else text[: length - 1] + "…"


def moment(value: datetime | str) -> str:
    """Of either side."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC).isoformat()


def _day(value: datetime) -> str:
    return value.astimezone(UTC).date().isoformat()
