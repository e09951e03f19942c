"""People who log calls, send mails and texts, and complete tasks; later they correct what they noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from bench.chaos.diary import ACTIVITIES, MEETING, Happening, Kind
from bench.chaos.scene import Scene

_TWICE, _ABOUT, _NOBODY, _DONE, _LONG = 0.06, 0.3, 0.1, 0.5, 0.05
_TYPES: Final = ("email", "call", "action_item", "linkedin", "text", "generic")
_EDITED: Final = {
    "call": ("note", "disposition", "purpose"),
    "mail": ("body", "subject"),
    "text": ("body",),
    "task": ("note",),
}


@dataclass
class Activities:
    """`number`: of the last one that was noted."""

    scene: Scene
    number: int = 0

    def note(self) -> None:
        """Now and then twice, equal in every field; then both are to be there."""
        scene, kind = self.scene, self.scene.dice.choice(ACTIVITIES)
        self.number += 1
        activity = Happening(f"{kind.name}{self.number}", kind, made=2 if scene.happens(_TWICE) else 1)
        values = self._values(activity)

        def insert(connection: Connection) -> None:
            record = scene.person()
            prospect = scene.prospect(connection, record) if record and not scene.happens(_NOBODY) else None
            for _ in range(activity.made):
                scene.insert(connection, kind.table, {**values, "prospect_id": prospect})

        scene.happenings[activity.name] = activity
        self._do("note", activity, insert, **values, times=activity.made)

    def edit(self, activity: Happening | None = None, column: str = "") -> None:
        activity = activity or self._some()
        if activity is None:
            return
        column = column or self.scene.dice.choice(_EDITED[activity.kind.name])
        value = f"{activity.name} {column} {next(self.scene.words.numbers)}"
        if self._set(activity, **{column: value}) and column == activity.kind.told_by:
            activity.edited = []

    def complete(self) -> None:
        """What was still to be done."""
        if activity := self._some("task"):
            self._set(activity, status="done")

    def relate(self) -> None:
        """It is about an opportunity, or was with somebody else."""
        activity = self._some()
        if activity is None:
            return
        deals, record = self.scene.deals(), self.scene.person()
        if record is None or self.scene.happens(0.5):
            self._set(activity, opportunity_id=self.scene.dice.choice([*deals, None]))
            return

        def change(connection: Connection) -> None:
            prospect = self.scene.prospect(connection, record)
            if prospect is not None:
                self._update(connection, activity, {"prospect_id": prospect})

        self._do("change", activity, change, prospect=record.name)

    # How

    def _some(self, name: str = "") -> Happening | None:
        """One that was noted once: of two equal ones nobody says which is meant."""
        found = [
            each
            for each in self.scene.happenings.values()
            if each.kind is not MEETING and each.made == 1 and not each.wrong and name in {"", each.kind.name}
        ]
        return self.scene.dice.choice(found) if found else None

    def _values(self, activity: Happening) -> dict[str, Any]:
        scene, kind, name = self.scene, activity.kind, activity.name
        deals = scene.deals()
        now = scene.org.clock.now()
        told = f"{name} first" + (" " + "z" * 33_000 if scene.happens(_LONG) else "")
        return {
            kind.named_by: name,
            kind.told_by: told,
            "user_id": scene.dice.choice(scene.users()),
            "opportunity_id": scene.dice.choice(deals) if deals and scene.happens(_ABOUT) else None,
            **self._own(kind, name, now),
        }

    def _own(self, kind: Kind, name: str, now: Any) -> dict[str, Any]:
        """What a kind has of its own."""
        dice, happens = self.scene.dice, self.scene.happens
        before = now - timedelta(minutes=dice.randint(1, 600))
        if kind.name == "call":
            spoken = {"duration_seconds": dice.randint(5, 900), "disposition": f"{name} spoken", "called_at": before}
            return {**spoken, "direction": dice.choice(["outbound", "inbound"])}
        if kind.name == "mail":
            way = {"direction": dice.choice(["sent", "received"]), "in_app": not happens(_NOBODY)}
            return {**way, "subject": f"{name} Hello", "sent_at": before}
        if kind.name == "text":
            return {"direction": dice.choice(["sent", "received"]), "sent_at": before}
        due = now.date() if happens(_ABOUT) else None
        return {"type": dice.choice(_TYPES), "status": "done" if happens(_DONE) else "open", "due_on": due}

    def _set(self, activity: Happening, **values: Any) -> bool:
        return self._do("change", activity, lambda connection: self._update(connection, activity, values), **values)

    @staticmethod
    def _update(connection: Connection, activity: Happening, values: dict[str, Any]) -> None:
        kind, names = activity.kind, ", ".join(f"{name} = :{name}" for name in values)
        statement = f"UPDATE {kind.table} SET {names} WHERE {kind.named_by} = :_name"  # noqa: S608
        connection.execute(text(statement), {**values, "_name": activity.name})

    def _do(self, what: str, activity: Happening, work: Callable[[Connection], None], **told: Any) -> bool:
        return self.scene.carry_out(f"{what} {activity.kind.name}", activity.name, work, **told)
