"""People who delete records, take them out of the recycle bin, make them a second time, merge or convert them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench.chaos.diary import KINDS
from bench.chaos.fields import FIELDS
from bench.chaos.scene import Deletion, Record, Scene
from bench.chaos.versions import EXTERNAL, INTERNAL, FieldStory
from sandbox.salesforce.people import perform

# References forbid to delete what they name.
_TAKEN_OFF: Final = (
    "DELETE FROM meeting_attendees WHERE prospect_id = :id",
    *(f"UPDATE {kind.table} SET prospect_id = NULL WHERE prospect_id = :id" for kind in KINDS.values()),  # noqa: S608
)


@dataclass
class Leavers:
    """Accounts stay: people refer to them. Who is deleted inside is taken off meetings and activities first."""

    scene: Scene

    def delete_inside(self) -> None:
        scene, record = self.scene, self.scene.person()
        if record is None:
            return
        scene.journal.tell("delete inside", record=record.name)
        try:
            with scene.engine.begin() as connection:
                row = scene.locked(connection, record)
                if row is None:
                    return
                scene.seen_inside(record, row)
                for statement in _TAKEN_OFF:
                    connection.execute(text(statement), {"id": row["id"]})
                connection.execute(text("DELETE FROM prospects WHERE id = :id"), {"id": row["id"]})
        except DBAPIError as error:
            scene.journal.refused(record.name, error)
            return
        record.deletions.append(Deletion(INTERNAL, time.time(), scene.is_outside(record)))

    def delete_outside(self) -> None:
        scene, record = self.scene, self.scene.person()
        if record is None:
            return
        with scene.outside(record) as row:
            if row is None:
                return
            scene.journal.tell("delete outside", record=record.name, id=row["Id"])
            scene.seen_outside(record, row)
            perform(scene.org, {"object": record.type, "id": row["Id"], "operation": "delete"})
        record.deletions.append(Deletion(EXTERNAL, time.time(), scene.is_inside(record)))

    def restore_outside(self) -> None:
        record = self._gone(("Lead", "Contact"))
        if record is None:
            return
        scene = self.scene
        with scene.org.store.writing():
            rows = list(scene.org.store.rows(record.type, f"{record.keys[1]} = ?", (record.name,)))
            if not rows or not all(row["IsDeleted"] for row in rows):
                return
            row = scene.dice.choice(rows)
            record.loose = "restored outside"
            scene.journal.tell("restore outside", record=record.name, id=row["Id"])
            perform(scene.org, {"object": record.type, "id": row["Id"], "operation": "undelete"})

    def insert_again(self) -> None:
        """Somebody made a mistake, or imports a list."""
        record = self._gone(("Lead",))
        if record is None or record.alone or self.scene.is_inside(record):
            return
        scene = self.scene
        scene.journal.tell("insert again", record=record.name)
        record.loose = "made again inside"
        columns = {
            "last_name": record.name,
            "email": f"{record.name}@example.com",
            "company": f"{record.name} Inc",
            "owner_id": next(iter(scene.words.inside["owner"])),
        }
        try:
            with scene.engine.begin() as connection:
                scene.insert(connection, "prospects", columns)
        except DBAPIError as error:
            scene.journal.refused(record.name, error)

    def merge(self) -> None:
        """Two Leads that both sides know become one; the loser's prospect is left to a person (G12)."""
        scene, settled = self.scene, self._settled("Lead")
        if len(settled) < 2:  # noqa: PLR2004
            return
        winner, loser = scene.dice.sample(settled, 2)
        with scene.outside(winner) as kept, scene.outside(loser) as lost:
            if kept is None or lost is None:
                return
            scene.journal.tell("merge", record=winner.name, id=kept["Id"], loser=loser.name, loser_id=lost["Id"])
            order = {"object": "Lead", "id": kept["Id"], "operation": "merge", "losers": [lost["Id"]]}
            perform(scene.org, order)
        loser.loose, loser.merged = "merged", winner.name

    def convert(self) -> None:
        """A Lead becomes a Contact at an Account of its own, which are compared as at a first link (G12)."""
        scene, settled = self.scene, self._settled("Lead")
        if not settled:
            return
        record = scene.dice.choice(settled)
        with scene.outside(record) as row:
            if row is None:
                return
            scene.journal.tell("convert", record=record.name, id=row["Id"])
            perform(scene.org, {"object": "Lead", "id": row["Id"], "operation": "convert"})
        record.type, record.loose = "Contact", "converted"
        for each in FIELDS["Contact"]:
            record.fields.setdefault(each.internal, FieldStory())

    def _settled(self, kind: str) -> list[Record]:
        """Records that were in step, and that nothing unusual has happened to since."""
        return [
            record
            for record in self.scene.records.values()
            if record.type == kind and record.settled and not (record.loose or record.deletions or record.alone)
        ]

    def _gone(self, kinds: tuple[str, ...]) -> Record | None:
        gone = [record for record in self.scene.records.values() if record.deletions and record.type in kinds]
        return self.scene.dice.choice(gone) if gone else None
