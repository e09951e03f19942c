"""People at work on both sides while something goes wrong, and the account that is taken when all is quiet again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modstamp.engine.handoff import Summary
from modstamp.errors import ModstampError
from modstamp.model import Direction
from sandbox.salesforce.server import Salesforce
from tests.fixtures.office import CONTACT, LEAD, Office

FIELDS = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "company": "Company",
    "title": "Title",
    "phone": "Phone",
    "mobile_phone": "MobilePhone",
}
OBJECTS = {LEAD: "Lead", CONTACT: "Contact"}
_LONG_AGO = "2000-01-01 00:00:00.000000"


@dataclass
class Desk:
    """`told` is what runs that could not go on have said."""

    office: Office
    mapping: str = LEAD
    told: list[str] = field(default_factory=list)

    @property
    def salesforce(self) -> Salesforce:
        return self.office.salesforce

    def in_step(self, count: int = 6) -> list[str]:
        """Ids of so many leads that are the same on both sides, as lead0@example.com and so on."""
        ids = self.office.fill_leads(count)
        self.poll()
        self.account()
        return ids

    def work(self, ids: list[str]) -> dict[tuple[str, str], str]:
        """An edit and a new record on each side; returns (address, internal field) → what both sides shall show."""
        self.office.later(1)
        self.change("lead0@example.com", title="inside")
        self.add("inside@example.com", title="new inside")
        self.salesforce.edit("Lead", ids[1], Phone="outside")
        self.salesforce.edit(
            "Lead", LastName="Outside", Company="Firm", Email="outside@example.com", Title="new outside"
        )
        return {
            ("lead0@example.com", "title"): "inside",
            ("inside@example.com", "title"): "new inside",
            ("lead1@example.com", "phone"): "outside",
            ("outside@example.com", "title"): "new outside",
        }

    def add(self, mail: str, **values: Any) -> None:
        """A prospect that somebody enters inside."""
        row = {"email": mail, "last_name": "Inside", "company": "Firm", **values}
        names = ", ".join(row)
        self.office.sql(f"INSERT INTO prospects ({names}) VALUES (:{', :'.join(row)})", **row)  # noqa: S608 - our names

    def change(self, mail: str, **values: str | None) -> None:
        """An edit inside."""
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self.office.sql(f"UPDATE prospects SET {assignments} WHERE email = :mail", mail=mail, **values)  # noqa: S608

    def poll(self) -> Summary | None:
        return self._run(Direction.POLLING)

    def push(self) -> Summary | None:
        return self._run(Direction.PUSHING)

    def settle(self, rounds: int = 2) -> None:
        """Nothing goes wrong any more, time passes, and both directions run until they are quiet."""
        self.salesforce.clear_faults()
        self.salesforce.rest()  # before time is made to pass: a lost answer is sought later than any request can end
        told = list(self.told)
        for _ in range(rounds):
            self.pass_time()
            self.poll()
            self.push()
        assert self.told == told

    def pass_time(self) -> None:
        """Long enough for lost answers to be looked up, and for whatever waits for a time."""
        self.office.later(2)
        self.office.sql(f"UPDATE sync_intents SET recover_after = '{_LONG_AGO}'")  # noqa: S608
        self.office.sql("UPDATE sync_pending SET not_before = NULL")

    def account(self, expected: dict[tuple[str, str], str] | None = None, *, rests: bool = True) -> None:
        """Each record once on each side and linked to its other half, both the same, every edit there, none waiting."""
        inside = {str(row["id"]): row for row in self.prospects()}
        outside = {str(row["Id"]): row for row in self.records()}
        pairs = self.links()
        assert sorted(internal for internal, _ in pairs) == sorted(inside)
        assert sorted(external for _, external in pairs) == sorted(outside)
        for internal, external in pairs:
            shown = {name: outside[external].get(other) for name, other in self.fields.items()}
            assert {name: inside[internal][name] for name in self.fields} == shown
        assert set(Counter(row["email"] for row in inside.values()).values()) <= {1}
        by_mail = {row["email"]: row for row in inside.values()}
        found = {(mail, name): by_mail[mail][name] for mail, name in expected or {}}
        assert found == (expected or {})
        if rests:
            self.rests()

    def rests(self) -> None:
        """Nothing waits to be looked at, for an answer or for a person."""
        assert self.office.sql("SELECT reason FROM sync_pending WHERE mapping = :name", name=self.mapping) == []
        assert self.office.one("SELECT count(*) FROM sync_intents") == 0
        assert self.quarantine() == []

    @property
    def fields(self) -> dict[str, str]:
        return {name: other for name, other in FIELDS.items() if self.mapping == LEAD or name != "company"}

    def prospects(self) -> Iterator[dict[str, Any]]:
        names = ("id", *self.fields)
        for row in self.office.sql(f"SELECT {', '.join(names)} FROM prospects"):  # noqa: S608 - our names
            yield dict(zip(names, row, strict=True))

    def records(self) -> list[dict[str, Any]]:
        """The living ones."""
        return list(self.salesforce.store.rows(OBJECTS[self.mapping], "IsDeleted = 0"))

    def record(self, mail: str) -> dict[str, Any]:
        (found,) = (row for row in self.records() if row["Email"] == mail)
        return found

    def links(self) -> list[tuple[str, str]]:
        rows = self.office.sql(
            "SELECT internal_id, external_id FROM sync_links WHERE mapping = :name AND state = 'live'",
            name=self.mapping,
        )
        return [(str(internal), str(external)) for internal, external in rows]

    def quarantine(self) -> list[str]:
        """Why records wait for somebody."""
        rows = self.office.sql("SELECT code, reason FROM sync_quarantine WHERE mapping = :name", name=self.mapping)
        return [f"{code}: {reason}" for code, reason in rows]

    def said(self) -> str:
        """Everything that a person can read of what was not done: runs, log, quarantine, what waits."""
        runs = [message for (message,) in self.office.sql("SELECT message FROM sync_runs")]
        log = [f"{code}: {text}" for code, text in self.office.sql("SELECT code, message FROM sync_actions")]
        waiting = [str(reason) for (reason,) in self.office.sql("SELECT reason FROM sync_pending")]
        return "\n".join([*self.told, *runs, *log, *self.quarantine(), *waiting])

    def _run(self, direction: Direction) -> Summary | None:
        try:
            return self.office.run(self.mapping, direction)
        except ModstampError as error:
            self.told.append(str(error))
            return None
