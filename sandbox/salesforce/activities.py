"""What Event and Task have in common: whom and what they are about, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.salesforce.clock import stamp
from sandbox.salesforce.problems import invalid_record, unsupported
from sandbox.salesforce.saving import Saving, Values
from sandbox.salesforce.store import Store

CLOSED: Final = "Completed"
# Types that name the account of an activity that is about them.
WITH_ACCOUNT: Final = frozenset({"Account", "Opportunity"})


def completed_task(saving: Saving) -> Values:
    """The values of a Task with what follows from them.

    Raises:
        Refusal: whom or what it is about does not fit, or it recurs.
    """
    values = related(saving)
    known = saving.known
    if saving.touches("Status"):
        values["IsClosed"] = known["Status"] == CLOSED
        was_closed = saving.before is not None and saving.before["IsClosed"]
        if values["IsClosed"] != was_closed or saving.before is None:
            values["CompletedDateTime"] = stamp(saving.moment) if values["IsClosed"] else None
    if saving.touches("Priority"):
        values["IsHighPriority"] = known["Priority"] == "High"
    return values


def related(saving: Saving) -> Values:
    """The values with the account that follows from whom and what the activity is about.

    Raises:
        Refusal: a Lead together with something else, a Lead that is converted, or a recurring activity.
    """
    _check_recurrence(saving.values)
    values = dict(saving.values)
    if saving.touches("WhoId", "WhatId"):
        who, what = (saving.known[name] for name in ("WhoId", "WhatId"))
        _check_lead(saving.store, who, what)
        values["AccountId"] = account_of(saving.store, who, what)
    return values


def account_of(store: Store, who: str | None, what: str | None) -> str | None:
    """The account of what an activity is about, else that of the contact."""
    for record_id, types in ((what, WITH_ACCOUNT), (who, frozenset({"Contact"}))):
        target = store.schema.object_of_id(record_id) if record_id else None
        if target is None or target.name not in types:
            continue
        record = store.get(target.name, str(record_id)) or {}
        return str(record_id) if target.name == "Account" else record.get("AccountId")
    return None


def _check_lead(store: Store, who: str | None, what: str | None) -> None:
    target = store.schema.object_of_id(who) if who else None
    if target is None or target.name != "Lead":
        return
    if what is not None:
        message = "An activity with a lead cannot be related to anything else"
        raise invalid_record("FIELD_INTEGRITY_EXCEPTION", message, "WhoId", "WhatId")
    if (store.get("Lead", str(who)) or {}).get("IsConverted"):
        raise invalid_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "WhoId")


def _check_recurrence(values: Mapping[str, Any]) -> None:
    given = [name for name, value in values.items() if name.removeprefix("Is").startswith("Recurrence") and value]
    if given:
        raise unsupported(f"recurring activities ({', '.join(given)})")
