"""What people do in the org's own screens: edit, delete, restore, merge, convert. None of it is an API call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sandbox.salesforce.org import Org
from sandbox.salesforce.problems import Refusal, unsupported
from sandbox.salesforce.records import Change, Writer, read_values
from sandbox.salesforce.schema import ObjectType
from sandbox.salesforce.tables import quoted
from sandbox.salesforce.transfer import Transfer
from sandbox.salesforce.validation import check_restorable


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that a person does, at the moment that its stamps will show."""

    org: Org
    object_type: ObjectType
    record_id: str
    values: Mapping[str, Any]
    losers: tuple[str, ...]
    user_id: str
    moment: datetime

    def save(self, operation: str, object_name: str | None = None, values: Mapping[str, Any] | None = None) -> str:
        """Save a record under the org's rules and return its id."""
        object_type = self.org.schema[object_name] if object_name else self.object_type
        read = read_values(self.org, object_type, self.values if values is None else values)
        record_id = None if operation == "create" else self.record_id
        change = Change(operation=operation, object_type=object_type, values=read, record_id=record_id)
        return Writer(org=self.org, user_id=self.user_id, moment=self.moment).save_one(change)[0]

    def transfer(self, old: str, new: str) -> Transfer:
        return Transfer(store=self.org.store, old=old, new=new, moment=self.moment, by=self.user_id)


def perform(org: Org, order: Mapping[str, Any], moment: datetime | None = None) -> str:
    """Carry out one order and return the id of the record.

    `{"object": …, "id": …, "values": {…}, "user": …, "operation": …}`: the operation is create without an id and
    update with one, unless it names another one of `DEEDS`. The user is a person by default, not the integration.

    Raises:
        Refusal: what the person would read on the screen.
    """
    object_type = org.schema.object_named(str(order.get("object")))
    operation = str(order.get("operation") or ("update" if order.get("id") else "create"))
    if object_type is None or operation not in DEEDS:
        raise Refusal(400, "INVALID_EDIT", f"unknown object or operation: {order.get('object')}, {operation}")
    deed = Deed(
        org=org,
        object_type=object_type,
        record_id=str(order.get("id") or ""),
        values=order.get("values") or {},
        losers=tuple(order.get("losers", ())),
        user_id=str(order.get("user") or org.people_id),
        moment=moment or org.begin_write(org.people_id),
    )
    with org.store.writing():
        return DEEDS[operation].done(deed)


def _undelete(deed: Deed) -> str:
    check_restorable(deed.org.store, deed.object_type, deed.record_id)
    deed.org.store.undelete(deed.object_type.name, [deed.record_id], by=deed.user_id, modified=deed.moment)
    return deed.record_id


def _purge(deed: Deed) -> str:
    deed.org.store.purge(deed.object_type.name, [deed.record_id])
    return deed.record_id


def _touch(deed: Deed) -> str:
    deed.org.store.touch(deed.object_type.name, deed.record_id, modified=deed.moment)
    return deed.record_id


def _archive(deed: Deed) -> str:
    """As Salesforce does by itself with activities of more than a year ago."""
    if "IsArchived" not in deed.object_type.fields:
        raise unsupported(f"archiving {deed.object_type.name}")
    sql = f"UPDATE {quoted(deed.object_type.name)} SET IsArchived = 1 WHERE Id = ?"  # noqa: S608 - a name of the schema
    with deed.org.store.writing() as connection:
        connection.execute(sql, (deed.record_id,))
    return deed.record_id


def _merge(deed: Deed) -> str:
    """The losers are deleted and point to the winner; what belonged to them belongs to it."""
    store, name = deed.org.store, deed.object_type.name
    if "MasterRecordId" not in deed.object_type.fields:
        raise unsupported(f"merging {name}")
    if deed.values:
        deed.save("update")
    store.touch(name, deed.record_id, modified=deed.moment)
    for loser in deed.losers:
        deed.transfer(loser, deed.record_id).everything(name)
        store.update(name, loser, {"MasterRecordId": deed.record_id}, modified=deed.moment, by=deed.user_id)
        store.delete(name, [loser], by=deed.user_id, modified=deed.moment)
    return deed.record_id


def _convert(deed: Deed) -> str:
    """A Lead becomes an Account and a Contact, whose activities are the Lead's; no Opportunity is made."""
    store = deed.org.store
    lead = store.get("Lead", deed.record_id)
    if deed.object_type.name != "Lead" or lead is None or lead["IsConverted"]:
        raise Refusal(400, "CANNOT_UPDATE_CONVERTED_LEAD", "only a Lead that is not converted yet can be converted")
    account_id = deed.save("create", "Account", {"Name": lead["Company"]})
    person = {name: lead[name] for name in ("FirstName", "LastName", "Email", "Phone", "Title")}
    contact_id = deed.save("create", "Contact", {**person, "AccountId": account_id})
    deed.transfer(deed.record_id, contact_id).activities()
    status = next(store.rows("LeadStatus", "IsConverted = 1"))["ApiName"]
    values = {
        "IsConverted": True,
        "Status": status,
        "ConvertedDate": deed.moment.date().isoformat(),
        "ConvertedAccountId": account_id,
        "ConvertedContactId": contact_id,
    }
    store.update("Lead", deed.record_id, values, modified=deed.moment, by=deed.user_id)
    return deed.record_id


@dataclass(frozen=True, slots=True)
class Possible:
    """Something that people can be let do."""

    done: Callable[[Deed], str]
    does: str


DEEDS: Final[Mapping[str, Possible]] = MappingProxyType(
    {
        "create": Possible(lambda deed: deed.save("create"), "a new record with `values`"),
        "update": Possible(lambda deed: deed.save("update"), "`values` for a record"),
        "delete": Possible(lambda deed: deed.save("delete"), "a record goes into the recycle bin and the delete log"),
        "undelete": Possible(_undelete, "a record comes back out of the recycle bin and leaves the delete log"),
        "purge": Possible(_purge, "a record is gone for good; the delete log keeps it"),
        "touch": Possible(_touch, "a record gets a new SystemModstamp and nothing else"),
        "merge": Possible(_merge, "`losers` are deleted, point to the record, and what was theirs is the record's"),
        "convert": Possible(_convert, "a Lead becomes an Account and a Contact, which gets its activities"),
        "archive": Possible(_archive, "an Event or a Task is no longer shown by `query`, only by `queryAll`"),
    }
)
