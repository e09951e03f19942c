"""What differs between seeds: mapping files, settings, and how much of everything happens."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bench.chaos.diary import MAPPINGS

SHIPPED: Final = Path(__file__).parents[2] / "include" / "mappings"

# Short, so that a lost answer is looked up within seconds. The order of the real values is kept: a lease is longer than
# an ordinary batch, and what recovery waits for is longer than the server may take.
LOOKBACK, DEADLINE, TIMEOUT, MARGIN, LEASE = 8, 4, 4, 2, 5
ATTENDEE_WAIT = 3
SETTINGS: Final = {
    "MODSTAMP_LOOKBACK": str(LOOKBACK),
    "MODSTAMP_SEND_DEADLINE": str(DEADLINE),
    "MODSTAMP_CALL_TIMEOUT": str(TIMEOUT),
    "MODSTAMP_RECOVERY_MARGIN": str(MARGIN),
    "MODSTAMP_LEASE": str(LEASE),
    "MODSTAMP_ATTENDEE_WAIT": str(ATTENDEE_WAIT),
    "MODSTAMP_RETRIES": "1",
    "MODSTAMP_RETRY_WAIT": "0.1",
    "MODSTAMP_OWN_THRESHOLD": "1000000",
    "GX_ANALYTICS_ENABLED": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Of the mapping files of one seed."""

    conflict: str
    first_link: str
    after_delete: str
    deletes_inbound: bool
    deletes_outbound: bool
    accounts_go_out: bool
    organizers_only: bool

    def deletes(self, side: str) -> bool:
        """Whether a record that was deleted on this side is deleted on the other one."""
        return self.deletes_inbound if side == "external" else self.deletes_outbound


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """`kill_share`: of the steps of runs, on average. `rates`: happenings per second."""

    policies: Policies
    batch: int
    kill_share: float
    rates: dict[str, float]

    def environment(self) -> dict[str, str]:
        return {**SETTINGS, "MODSTAMP_INBOUND_BATCH": str(self.batch), "MODSTAMP_OUTBOUND_BATCH": str(self.batch)}


def draw(dice: random.Random) -> Variety:
    policies = Policies(
        conflict=dice.choice(["newest", "crm", "engagement"]),
        first_link=dice.choice(["hold", "crm", "engagement"]),
        after_delete=dice.choice(["leave", "recreate"]),
        deletes_inbound=dice.random() < 0.6,  # noqa: PLR2004  # more often than not
        deletes_outbound=dice.random() < 0.6,  # noqa: PLR2004
        accounts_go_out=dice.random() < 0.5,  # noqa: PLR2004
        organizers_only=dice.random() < 0.5,  # noqa: PLR2004
    )
    return Variety(
        policies=policies,
        batch=dice.choice([3, 10, 200]),
        kill_share=dice.uniform(0.2, 0.35),
        rates={
            "people": dice.uniform(4, 9),
            "fault": dice.uniform(0.1, 0.4),
            "stall": 0.1,
            "command": 0.1,
            "kill database": 0.03,
            "kill salesforce": 0.05,
            "kill worker": 0.05,
        },
    )


def write_mappings(policies: Policies, folder: Path) -> None:
    """The shipped files with this seed's policies."""
    shutil.copytree(SHIPPED, folder)
    common: dict[str, Any] = {name: getattr(policies, name) for name in ("conflict", "first_link", "after_delete")}
    for name in ("lead", "contact", "account"):
        path = folder / "salesforce" / f"{name}.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8")) | common
        document["inbound"]["delete"] = policies.deletes_inbound
        document["outbound"]["delete"] = policies.deletes_outbound
        if name == "account":
            document["outbound"]["create"] = policies.accounts_go_out
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    for name in MAPPINGS:
        path = folder / "salesforce" / f"{name.removeprefix('salesforce_')}.yaml"
        document = _named(yaml.safe_load(path.read_text(encoding="utf-8"))) | {"after_delete": policies.after_delete}
        document["outbound"]["delete"] = policies.deletes_outbound
        if name == "salesforce_event" and not policies.organizers_only:
            for row in document["outbound"]["create"]["when"]["all"]:
                row["on"] = row.get("on", True) and row["field"] != "is_organizer"
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _named(document: Any) -> Any:
    """With the key ``on``, which YAML reads as true."""
    if isinstance(document, dict):
        return {"on" if key is True else key: _named(value) for key, value in document.items()}
    return [_named(each) for each in document] if isinstance(document, list) else document
