"""Faults of the local Salesforce, and the deaths of whole servers."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from bench.chaos.chains import Chains
from bench.chaos.database import Server
from bench.chaos.salesforce import Salesforce
from bench.chaos.scene import Scene

# Within what the settings of `variety` allow for: a write that commits later than the time-out and the margin together
# is looked for too early, and a row with a stamp from before the lookback is not read, whoever looks. Nobody but the
# people of the journal writes to the fields that are compared.
_HALF: Final = 0.5
_SECONDS: Final = (0.5, 4.0)
_LONGEST: Final = 6.0
_TOUCH: Final = {"Description": "touched"}
_TYPES: Final = ("Lead", "Contact", "Account")
_ONES: Final = ("Phone", "Title", "MobilePhone", "FirstName")
_OF_ACTIVITIES: Final = (("Event", "Location"), ("Event", "Subject"), ("Task", "CallDisposition"))
_CODES: Final = ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED")
_STYLES: Final = ("lower", "upper", "title", "spaces")


def _options(kind: str, dice: random.Random) -> dict[str, Any]:
    """What a kind of fault cannot do without, and what would break the assumptions that the settings are made of."""
    person, one = dice.choice(_TYPES[:2]), dice.choice(_ONES)
    place = dice.choice(_OF_ACTIVITIES) if dice.random() < _HALF else (person, one)
    struck = {"object": place[0], "field": place[1]}
    special: dict[str, dict[str, Any]] = {
        "late_commit": {"delay": round(dice.uniform(0.5, 3.5), 1), "by": "api"},
        "slow": {"delay": round(dice.uniform(0.1, 3.0), 1), "done": dice.random() < _HALF},
        "clock_skew": {"skew": round(dice.uniform(-2, 2), 1)},
        "ties": {"span": dice.randint(2, 5)},
        "shrinking_pages": {"size": dice.randint(1, 5)},
        "unavailable": {"html": dice.random() < _HALF},
        "api_disabled": {"code": dice.choice(_CODES)},
        "edit_between_pages": {"values": _TOUCH},
        "validation_rule": {**struck, "matches": f".*[{dice.randint(0, 9)}]"},
        "duplicate_rule": {"object": person, "fields": [dice.choice(["Email", "Phone"])]},
        "rewriting": {"object": place[0], "fields": [place[1]], "style": dice.choice(_STYLES)},
        "flow": {"object": dice.choice(_TYPES), "values": _TOUCH, "delay": dice.choice([0.0, 0.0, 0.7])},
        "hidden_field": {**struck, "read_only": dice.random() < _HALF},
        "hidden_records": {"object": dice.choice(_TYPES)},
        "changed_field": {"object": person, "field": one, "length": 40},
        "dropped_field": {"object": "Contact", "field": "Contact_Status__c"},
        "added_field": {"object": person, "field": "Chaos__c", "required": dice.random() < _HALF},
    }
    return special.get(kind, {})


@dataclass
class Trouble:
    """`faults`: how often each kind was switched on."""

    server: Server
    salesforce: Salesforce
    chains: Chains
    dice: random.Random
    scene: Scene
    faults: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Any] = field(default_factory=dict)

    def fault(self) -> None:
        """Switch one of the registry's faults on, for some requests or seconds."""
        self.kinds = self.kinds or self.salesforce.fault_kinds()
        kind = self.dice.choice(sorted(self.kinds))
        options: dict[str, Any] = {"seconds": round(self.dice.uniform(*_SECONDS), 1)}
        if "times" in self.kinds[kind]["options"] and self.dice.random() < _HALF:
            options = {"seconds": _LONGEST, "times": self.dice.randint(1, 3)}
        options |= _options(kind, self.dice)
        refused = self.salesforce.fault(kind, **options)
        self.faults[f"{kind} (refused)" if refused else kind] += 1
        if kind == "hidden_field":
            self.scene.hidden.add((options["object"], options["field"]))
        self.scene.journal.tell("fault", kind=kind, **options, refused=refused)

    def stall(self) -> None:
        """Longer than a lease, shorter than what recovery waits for."""
        self.chains.stall(self.dice.uniform(1.0, 5.5))

    def command(self) -> None:
        self.chains.command("sync", *self.dice.choice([(), (), ("salesforce_lead",), ("salesforce_contact",)]))

    def kill_database(self) -> None:
        self.scene.journal.tell("KILL", task="database")
        self.server.kill()
        self.chains.kills["the database"] += 1
        time.sleep(self.dice.uniform(0, 0.7))
        self.server.start()
        self.scene.journal.tell("database is up")

    def kill_salesforce(self) -> None:
        self.scene.journal.tell("KILL", task="salesforce")
        self.salesforce.kill()
        self.chains.kills["Salesforce"] += 1
        time.sleep(self.dice.uniform(0, 0.7))
        self.salesforce.start()
        self.scene.journal.tell("salesforce is up")

    def kill_worker(self) -> None:
        self.chains.kill_worker()
