"""The stand-in's own switches, under `/__sandbox__`: counts, faults, rules, clock, and edits by other people."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.kinds import KINDS, Kind, options_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import DEEDS, perform
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.rules import rules_from
from sandbox.salesforce.views import views_from
from sandbox.salesforce.web.call import Answer, Call


def counts(org: Org, _call: Call) -> Answer:
    return Answer(body=org.meter.counts())


def reset_counts(org: Org, _call: Call) -> Answer:
    org.meter.reset()
    return Answer(status=204)


def faults(org: Org, _call: Call) -> Answer:
    """What is in force, every kind with its options, and what people can be let do by `edit`."""
    return Answer(
        body={
            "active": [each.shown() for each in org.faults.active],
            "kinds": {name: _told(kind) for name, kind in KINDS.items()},
            "deeds": {name: deed.does for name, deed in DEEDS.items()},
        }
    )


def _told(kind: Kind) -> dict[str, Any]:
    options = options_of(kind).items()
    return {
        "does": kind.does,
        "options": {name: {"default": each.default, "is": each.meaning} for name, each in options},
    }


def add_fault(org: Org, call: Call) -> Answer:
    """Switch a fault on: `{"kind": …, "times": …, "seconds": …, …}`, see `kinds`; answers its number."""
    options = dict(call.json_object)
    try:
        fault = org.faults.add(str(options.pop("kind", "")), **options)
    except (TypeError, ValueError) as fault_in_request:
        raise Refusal(400, "INVALID_FAULT", str(fault_in_request)) from fault_in_request
    return Answer(status=201, body=fault.shown())


def clear_faults(org: Org, call: Call) -> Answer:
    """Switch off all, those of a `kind`, or the one of this `id`."""
    number = call.query.get("id", "0")
    org.faults.clear(call.query.get("kind"), number=int(number) if number.isdigit() else -1)
    return Answer(status=204)


def set_rules(org: Org, call: Call) -> Answer:
    """Replace validation and duplicate rules: `{"validation": […], "duplicate": […]}`."""
    try:
        org.rules = rules_from(call.json_object)
    except (KeyError, TypeError) as fault:
        raise Refusal(400, "INVALID_RULE", str(fault)) from fault
    return Answer(status=204)


def set_views(org: Org, call: Call) -> Answer:
    """Replace list views and reports: `{"list_views": […], "reports": […]}`."""
    try:
        org.show(views_from(call.json_object))
    except (KeyError, TypeError) as fault:
        raise Refusal(400, "INVALID_VIEW", str(fault)) from fault
    return Answer(status=204)


def metadata(org: Org, _call: Call) -> Answer:
    """The fields and object types of the org's own, in the form of `custom_fields.yaml`."""
    return Answer(body=org.metadata)


def add_metadata(org: Org, call: Call) -> Answer:
    """Make fields (`{"Lead": {"Score__c": {…}}}`) and object types (`{"Project__c": {…, "fields": {…}}}`).

    They are there at once and stay: the state folder's `custom_fields.yaml` is written anew.
    """
    try:
        org.add_metadata(call.json_object)
    except (KeyError, TypeError, ValueError) as fault:
        raise Refusal(400, "INVALID_METADATA", str(fault)) from fault
    return Answer(status=201, body=org.metadata)


def clock(org: Org, _call: Call) -> Answer:
    return Answer(body={"now": org.clock.stamp(), "skew": org.clock.skew})


def set_clock(org: Org, call: Call) -> Answer:
    """Let the server's clock differ from the real one by `skew` seconds."""
    org.clock.skew = float(call.json_object.get("skew", 0))
    return clock(org, call)


def edit(org: Org, call: Call) -> Answer:
    """Save as a person would in the org's own screens, see `people.perform`; no API call is counted.

    With `"late": n` the change is stamped now and becomes visible n seconds later.
    """
    order = dict(call.json_object)
    late = float(order.pop("late", 0))
    if not late:
        return Answer(body={"id": perform(org, order)})
    org.work.start(perform, org, order, org.clock.now(), delay=late)
    return Answer(status=202, body={"id": order.get("id"), "modified": org.clock.stamp()})
