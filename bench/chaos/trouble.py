"""Faults of the local Salesforce, and the deaths of whole servers."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from bench.chaos.chains import Chains
from bench.chaos.database import Server
from bench.chaos.scene import Journal
from bench.chaos.salesforce import Salesforce

# Within what the settings of `variety` allow for: a write that commits later than the time-out and the margin together
# is looked for too early, whoever looks.
_DELAYS: Final = {"late_commit": (0.5, 3.5), "slow": (0.1, 3.0)}
_SECONDS: Final = (0.5, 4.0)
_LONGEST: Final = 6.0


@dataclass
class Trouble:
    """`faults`: how often each kind was switched on."""

    server: Server
    salesforce: Salesforce
    chains: Chains
    dice: random.Random
    journal: Journal
    faults: Counter[str] = field(default_factory=Counter)
    kinds: list[str] = field(default_factory=list)

    def fault(self) -> None:
        """Switch one of the registry's faults on, for some requests or seconds."""
        if not self.kinds:
            self.kinds = sorted(self.salesforce.fault_kinds())
        kind = self.dice.choice(self.kinds)
        options: dict[str, Any] = {"seconds": round(self.dice.uniform(*_SECONDS), 1)}
        if self.dice.random() < 0.6:  # noqa: PLR2004  # more often by number than by time alone
            options = {"seconds": _LONGEST, "times": self.dice.randint(1, 3)}
        if kind in _DELAYS:
            options["delay"] = round(self.dice.uniform(*_DELAYS[kind]), 1)
        if kind == "shrinking_pages":
            options["size"] = self.dice.randint(1, 5)
        if kind == "unavailable":
            options["html"] = self.dice.random() < 0.5  # noqa: PLR2004
        if kind == "api_disabled":
            options["code"] = self.dice.choice(["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
        if self.salesforce.fault(kind, **options):
            self.faults[kind] += 1
            self.journal.tell("fault", kind=kind, **options)

    def stall(self) -> None:
        """Longer than a lease, shorter than what recovery waits for."""
        self.chains.stall(self.dice.uniform(1.0, 5.5))

    def command(self) -> None:
        self.chains.command("sync", *self.dice.choice([(), (), ("salesforce_lead",), ("salesforce_contact",)]))

    def kill_database(self) -> None:
        self.journal.tell("KILL", task="database")
        self.server.kill()
        self.chains.kills["the database"] += 1
        time.sleep(self.dice.uniform(0, 0.7))
        self.server.start()
        self.journal.tell("database is up")

    def kill_salesforce(self) -> None:
        self.journal.tell("KILL", task="salesforce")
        self.salesforce.kill()
        self.chains.kills["Salesforce"] += 1
        time.sleep(self.dice.uniform(0, 0.7))
        self.salesforce.start()
        self.journal.tell("salesforce is up")

    def kill_worker(self) -> None:
        self.chains.kill_worker()
