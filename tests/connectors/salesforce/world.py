"""The local Salesforce with our connector in front of it, as the contract suite plays with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from modstamp.connections import ConnectionSettings
from modstamp.connectors.salesforce import Report, SalesforceConnector
from modstamp.model import Call, Values
from modstamp.settings import Settings
from sandbox.salesforce.rules import Rules, ValidationRule
from sandbox.salesforce.server import Salesforce
from tests.connectors.contract import MOMENT


class SalesforceWorld:
    type_name = "Lead"
    key = "Email"
    text = "Phone"
    page = 200

    def __init__(self, salesforce: Salesforce, **extra: Any) -> None:
        self.salesforce = salesforce
        self.calls: list[Call] = []
        self.used = 0  # our own calls, as other processes have made them
        self.report: Report | None = None
        self.settings = Settings(retry_wait=timedelta(milliseconds=1), call_timeout=timedelta(seconds=5))
        self.extra = {"page_size": self.page, **extra}
        self.connector = self.connect()

    def connect(self, *, settings: Settings | None = None, **changes: Any) -> SalesforceConnector:
        """A further client; changes are those of the connection."""
        given = {
            "id": "salesforce",
            "kind": "salesforce",
            "host": self.salesforce.login_url,
            "login": self.salesforce.client_id,
            "password": self.salesforce.client_secret,
            "extra": {},
            **changes,
        }
        given["extra"] = {"ca_bundle": str(self.salesforce.ca_bundle), **self.extra, **given["extra"]}
        return SalesforceConnector(
            ConnectionSettings(**given),
            settings or self.settings,
            record_call=self.calls.append,
            usage=lambda: self.used + sum(call.counted for call in self.calls),
            last_report=lambda: self.report,
        )

    def values(self, number: int) -> dict[str, str]:
        return {"Email": f"person{number}@example.com", "LastName": f"Person {number}", "Company": "Acme"}

    def create(self, values: Iterable[Values], at: datetime = MOMENT) -> list[str]:
        return self.salesforce.store.insert_many("Lead", values, created=at, by=self.salesforce.org.people_id)

    def delete(self, record_id: str) -> None:
        self.salesforce.store.delete("Lead", [record_id], by=self.salesforce.org.people_id)

    def hide(self, record_id: str) -> None:
        """To a client a record that was purged and one that it may not see are the same."""
        self.salesforce.store.purge("Lead", [record_id])

    def merge(self, winner: str, loser: str) -> None:
        self.salesforce.perform("merge", "Lead", winner, losers=[loser])

    def convert(self, record_id: str) -> str:
        self.salesforce.perform("convert", "Lead", record_id)
        row = self.salesforce.store.get("Lead", record_id)
        assert row
        return f"Contact:{row['ConvertedContactId']}"

    def read(self, record_id: str) -> Values:
        row = self.salesforce.store.get("Lead", record_id)
        assert row
        return row

    def refuse(self, text: str) -> None:
        rule = ValidationRule(object="Lead", field="Phone", matches=text, message="Phone is bad")
        self.salesforce.org.rules = Rules(validation=(rule,))

    def drop_field(self, name: str) -> None:
        self.salesforce.fault("hidden_field", object="Lead", field=name)

    def lose_answer(self, *, done: bool) -> None:
        self.salesforce.fault("cut_after" if done else "cut_before", times=1, path="/composite")

    def exhaust(self) -> None:
        self.used = self.settings.own_threshold
