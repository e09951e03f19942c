"""People who make new records, on either side or on both."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from bench.chaos.fields import FIELDS
from bench.chaos.scene import Record, Scene
from bench.chaos.versions import EXTERNAL, INTERNAL, FieldStory
from sandbox.salesforce.people import perform

_FILLED, _MAILED = 0.5, 0.9  # shares of fields and of persons
_INSIDE: Final = {"Lead": 6, "Account": 1}
_OUTSIDE: Final = {"Lead": 5, "Contact": 3, "Account": 1}


@dataclass
class Newcomers:
    """Names are numbered, and never given twice."""

    scene: Scene
    number: int = 0

    def inside(self, kind: str = "") -> None:
        record, values = self._new(kind or self._kind(_INSIDE), INTERNAL)
        words = self.scene.words
        columns = {each.internal: words.to_inside(each, values[each.internal]) for each in FIELDS[record.type]}
        columns[record.keys[0]] = record.name
        if record.type == "Lead":
            columns["email"] = self._mail(record)
        self.scene.journal.tell("create inside", record=record.name, values=values)
        try:
            with self.scene.engine.begin() as connection:
                self.scene.insert(connection, record.table, columns)
        except DBAPIError as error:
            self.scene.journal.refused(record.name, error)
            return
        self._known(record, values)

    def outside(self, kind: str = "") -> None:
        record, values = self._new(kind or self._kind(_OUTSIDE), EXTERNAL)
        sent = {**self.scene.sent(record, values), record.keys[1]: record.name}
        if record.type != "Account" and (mail := self._mail(record)):
            sent["Email"] = mail
        self._make(record, values, sent)

    def pair(self) -> None:
        """Somebody whom both sides know before the sync does; what is blank inside is to be filled."""
        record, values = self._new("Lead", EXTERNAL)
        record.loose = "made on both sides"
        mail = f"{record.name}@example.com"
        with self.scene.engine.begin() as connection:
            self.scene.insert(connection, record.table, {"last_name": record.name, "email": mail.upper()})
        self._make(record, values, {**self.scene.sent(record, values), "LastName": record.name, "Email": mail})

    def deal(self, number: int) -> None:
        """An opportunity, which nobody edits."""
        values = {"Name": f"deal {number}", "StageName": "Prospecting", "CloseDate": "2027-06-30"}
        perform(self.scene.org, {"object": "Opportunity", "values": values})

    def colleague(self) -> None:
        """A user whom Salesforce does not know."""
        with self.scene.engine.begin() as connection:
            self.scene.insert(connection, "users", {"email": "colleague@inside.example"})

    def _make(self, record: Record, values: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
        moment = self.scene.moment()
        self.scene.journal.tell(
            "create outside", record=record.name, type=record.type, values=values, sent=sent, stamp=moment
        )
        perform(self.scene.org, {"object": record.type, "values": sent}, moment)
        self._known(record, values)

    def _kind(self, shares: Mapping[str, float]) -> str:
        return self.scene.dice.choices(list(shares), list(shares.values()))[0]

    def _new(self, kind: str, side: str) -> tuple[Record, dict[str, Any]]:
        """A record that is not made yet, and its values in words."""
        self.number += 1
        record, common = Record(f"{kind[0].lower()}{self.number}", kind, side), self.scene.common()
        values: dict[str, Any] = {}
        for each in FIELDS[kind]:
            filled = each.kind in {"owner", "stage"} or self.scene.happens(_FILLED)
            values[each.internal] = self.scene.words.new(each, None, common) if filled else None
            if each.kind == "flag":
                values[each.internal] = False
            if not each.blank and values[each.internal] is None:
                values[each.internal] = f"{record.name} Inc"
        return record, values

    def _mail(self, record: Record) -> str | None:
        if self.scene.happens(_MAILED):
            return f"{record.name}@example.com"
        if record.type == "Lead":
            record.alone = "it has no mail address"
        return None

    def _known(self, record: Record, values: Mapping[str, Any]) -> None:
        """It is there: from now on people may touch it."""
        now = time.time()
        for each in FIELDS[record.type]:
            story = record.fields.setdefault(each.internal, FieldStory())
            story.begin(record.born, values[each.internal], now)
        self.scene.records[record.name] = record
