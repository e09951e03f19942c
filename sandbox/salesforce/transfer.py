"""What belongs to one record goes to another one: in a merge everything, in a conversion the activities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sandbox.salesforce.activities import account_of
from sandbox.salesforce.schema import ACTIVITIES, Field, ObjectType
from sandbox.salesforce.store import Store
from sandbox.salesforce.tables import quoted

# Fields that nobody may change and that follow all the same.
FOLLOWING: Final = frozenset({("Event", "AccountId"), ("Task", "AccountId"), ("EventRelation", "RelationId")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """From the record `old` to the record `new`; what is moved gets new stamps."""

    store: Store
    old: str
    new: str
    moment: datetime
    by: str

    def everything(self, object_name: str) -> None:
        """All records that point to the old one, which is of this type, point to the new one of the same type."""
        for child in self.store.schema.objects.values():
            for field in child.fields.values():
                follows = "updateable" in field.flags or (child.name, field.name) in FOLLOWING
                if object_name in field.references and follows:
                    self._move(child, field)

    def activities(self) -> None:
        """What was to be done with a person, and the invitations, are another person's."""
        for child, name in (*((each, "WhoId") for each in ACTIVITIES), ("EventRelation", "RelationId")):
            object_type = self.store.schema[child]
            self._move(object_type, object_type.fields[name])

    def _move(self, child: ObjectType, field: Field) -> None:
        for row in list(self.store.rows(child.name, f"{quoted(field.name)} = ?", (self.old,))):
            if child.name == "EventRelation" and self._invited(row["EventId"]):
                self.store.delete(child.name, [row["Id"]], by=self.by, modified=self.moment)
                continue
            values: dict[str, Any] = {field.name: self.new}
            if child.name in ACTIVITIES and field.name != "AccountId":
                values |= self._account(row | values)
            self.store.update(child.name, row["Id"], values, modified=self.moment, by=self.by)

    def _account(self, activity: Mapping[str, Any]) -> dict[str, str | None]:
        return {"AccountId": account_of(self.store, activity["WhoId"], activity["WhatId"])}

    def _invited(self, event_id: str) -> bool:
        condition = "EventId = ? AND RelationId = ? AND IsDeleted = 0"
        return bool(self.store.count("EventRelation", condition, (event_id, self.new)))
