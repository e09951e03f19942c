"""People who work on Events and Tasks in Salesforce: they word a description anew, or delete a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.chaos.diary import DESCRIPTION, EVENT, TASK, Happening, name_in
from bench.chaos.scene import Scene
from sandbox.salesforce.people import perform


@dataclass
class Clerks:
    """Nothing of what they do travels: meetings and activities are told to Salesforce alone."""

    scene: Scene

    def edit(self) -> None:
        with self.scene.org.store.writing():
            happening, row = self._some()
            if happening is None or happening.made > 1:
                return
            value = f"{happening.name} noted {next(self.scene.words.numbers)}"
            happening.edited.append(value)
            self._perform("edit outside", happening, row, values={DESCRIPTION: value})

    def delete(self) -> None:
        with self.scene.org.store.writing():
            happening, row = self._some()
            if happening is None:
                return
            if row["CreatedById"] == self.scene.org.user_id:  # what people have entered may not be known yet
                happening.removed.add(row["Id"])
            self._perform("delete outside", happening, row, operation="delete")

    def _some(self) -> tuple[Happening | None, dict[str, Any]]:
        """One of the records that are there; child events are their event's."""
        store, dice = self.scene.org.store, self.scene.dice
        name, condition = dice.choice([(EVENT, "IsDeleted = 0 AND IsChild = 0"), (TASK, "IsDeleted = 0")])
        rows = list(store.rows(name, condition))
        row = dice.choice(rows) if rows else {}
        found = self.scene.happenings.get(name_in(row) or "") if row else None
        return (None, row) if found is None or found.wrong else (found, row)

    def _perform(self, what: str, happening: Happening, row: dict[str, Any], **order: Any) -> None:
        self.scene.journal.tell(what, record=happening.name, id=row["Id"], **order)
        perform(self.scene.org, {"object": happening.kind.external, "id": row["Id"], **order})
