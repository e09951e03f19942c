"""The stand-in's own switches, under `/__sandbox__`: counts, faults, rules, clock, and edits by other people."""

from __future__ import annotations

import threading
from dataclasses import asdict

from sandbox.salesforce.faults import KINDS
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import perform
from sandbox.salesforce.problems import Refusal
from sandbox.salesforce.rules import rules_from
from sandbox.salesforce.web.call import Answer, Call


def counts(org: Org, _call: Call) -> Answer:
    return Answer(body=org.meter.counts())


def reset_counts(org: Org, _call: Call) -> Answer:
    org.meter.reset()
    return Answer(status=204)


def faults(org: Org, _call: Call) -> Answer:
    return Answer(body={"active": [asdict(each) for each in org.faults.active], "kinds": dict(KINDS)})


def add_fault(org: Org, call: Call) -> Answer:
    """Switch a fault on: `{"kind": …, "times": …, "seconds": …, …}`, see `faults.Fault`."""
    options = dict(call.json_object)
    try:
        fault = org.faults.add(str(options.pop("kind", "")), **options)
    except (TypeError, ValueError) as fault_in_request:
        raise Refusal(400, "INVALID_FAULT", str(fault_in_request)) from fault_in_request
    return Answer(status=201, body=asdict(fault))


def clear_faults(org: Org, call: Call) -> Answer:
    org.faults.clear(call.query.get("kind"))
    return Answer(status=204)


def set_rules(org: Org, call: Call) -> Answer:
    """Replace validation and duplicate rules: `{"validation": […], "duplicate": […]}`."""
    try:
        org.rules = rules_from(call.json_object)
    except (KeyError, TypeError) as fault:
        raise Refusal(400, "INVALID_RULE", str(fault)) from fault
    return Answer(status=204)


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
    timer = threading.Timer(late, perform, (org, order), {"moment": org.clock.now()})
    timer.daemon = True
    timer.start()
    return Answer(status=202, body={"id": order.get("id"), "modified": org.clock.stamp()})
