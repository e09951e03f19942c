"""The fields that people edit, and their values in words that mean the same on both sides: references by name."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from bench.chaos.variety import SHIPPED
from sandbox.salesforce.store import Store

BLANK_SHARE, SPACE_SHARE = 0.06, 0.1


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: text, flag, owner, stage or account."""

    internal: str
    external: str
    kind: str = "text"
    blank: bool = True


_PERSON: Final = (
    Field("title", "Title"),
    Field("phone", "Phone"),
    Field("mobile_phone", "MobilePhone"),
    Field("first_name", "FirstName"),
    Field("opted_out", "HasOptedOutOfEmail", "flag"),
    Field("owner_id", "OwnerId", "owner"),
)
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "Lead": (*_PERSON, Field("company", "Company", blank=False), Field("stage_id", "Status", "stage")),
    "Contact": (*_PERSON, Field("account_id", "AccountId", "account")),
    "Account": (
        Field("phone", "Phone"),
        Field("website", "Website"),
        Field("city", "BillingCity"),
        Field("country", "BillingCountry"),
        Field("owner_id", "OwnerId", "owner"),
    ),
}
TABLES: Final = {"Lead": "prospects", "Contact": "prospects", "Account": "accounts"}
NAMES: Final = {"Lead": ("last_name", "LastName"), "Contact": ("last_name", "LastName"), "Account": ("name", "Name")}


def statuses() -> dict[str, str]:
    """Stage → status, without the one that only a conversion sets."""
    path = SHIPPED / "salesforce" / "values" / "lead_status.csv"
    with path.open(encoding="utf-8") as file:
        return {row["internal"]: row["external"] for row in csv.DictReader(file) if "Converted" not in row["internal"]}


@dataclass
class Words:
    """Ids of either side ↔ words: users by mail address, stages and accounts by name."""

    store: Store
    dice: random.Random
    statuses: dict[str, str] = field(default_factory=statuses)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    inside: dict[str, dict[int, str]] = field(default_factory=dict)

    def learn(self, connection: Connection) -> None:
        """Users and stages do not change; accounts do."""
        for kind, statement in _LISTS.items():
            self.inside[kind] = {int(row[0]): str(row[1]).lower() for row in connection.execute(text(statement))}

    def from_inside(self, each: Field, value: Any) -> Any:
        return value if value is None or each.kind in {"text", "flag"} else self.inside[each.kind].get(value, value)

    def to_inside(self, each: Field, word: Any) -> Any:
        if word is None or each.kind in {"text", "flag"}:
            return word
        return next((key for key, known in self.inside[each.kind].items() if known == str(word).lower()), None)

    def from_outside(self, each: Field, value: Any) -> Any:
        if value is None or each.kind in {"text", "flag"}:
            return value
        if each.kind == "stage":
            return next((stage.lower() for stage, status in self.statuses.items() if status == value), value)
        name, key = _OUTSIDE[each.kind]
        row = self.store.get(name, str(value))
        return value if row is None else str(row[key]).lower()

    def to_outside(self, each: Field, word: Any) -> Any:
        if word is None or each.kind in {"text", "flag"}:
            return word
        if each.kind == "stage":
            return next(status for stage, status in self.statuses.items() if stage.lower() == word)
        name, key = _OUTSIDE[each.kind]
        found = [row["Id"] for row in self.store.rows(name, f"lower({key}) = ?", (str(word).lower(),))]
        return found[0] if found else None

    def new(self, each: Field, shown: Any, common: Mapping[str, list[str]]) -> Any:
        """Another value than is shown. `common`: kind → words that both sides know."""
        if each.kind == "flag":
            return not shown
        if each.kind != "text":
            return self.dice.choice([word for word in common[each.kind] if word != shown] or [shown])
        if each.blank and shown is not None and self.dice.random() < BLANK_SHARE:
            return None
        value = f"{each.internal} {next(self.numbers)}"
        return f" {value} " if self.dice.random() < SPACE_SHARE else value


_LISTS: Final = {
    "owner": "SELECT id, email FROM users",
    "stage": "SELECT id, name FROM stages",
    "account": "SELECT id, name FROM accounts",
}
_OUTSIDE: Final = {"owner": ("User", "Email"), "account": ("Account", "Name")}
