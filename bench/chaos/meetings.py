"""People who book meetings inside, move and cancel them, invite others, and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from bench.chaos.diary import MEETING, Happening
from bench.chaos.scene import Scene
from sandbox.salesforce.people import perform

_FIRST: Final = datetime(2027, 1, 4, 8, tzinfo=UTC)
_LONG, _ALL_DAY, _COPIED, _ABOUT, _CANCELED, _SYNC = 0.1, 0.15, 0.3, 0.4, 0.05, 0.3
_ANSWERS: Final = ("accepted", "declined", "tentative", None)
# Whoever it is stands on every copy.
_ANSWER: Final = """
UPDATE meeting_attendees AS attendee SET answer = :answer FROM meeting_attendees AS asked
WHERE asked.id = :one AND attendee.meeting_id = ANY(:ids)
    AND (attendee.email, attendee.user_id, attendee.prospect_id)
        IS NOT DISTINCT FROM (asked.email, asked.user_id, asked.prospect_id)
"""
_EDITED: Final = ("title", "location", "description", "recording_url", "recording_summary")


@dataclass
class Meetings:
    """`number`: of the last one that was booked."""

    scene: Scene
    number: int = 0

    def book(self, *, known_outside: bool = False) -> None:
        """In one calendar or in two; `known_outside`: somebody has put it into Salesforce before."""
        scene, owners = self.scene, self.scene.users()
        self.number += 1
        meeting = Happening(f"meeting{self.number}", MEETING)
        values = self._values(meeting.name)
        values["user_id"] = scene.dice.choice(owners)
        if known_outside:
            values["title"] = f"{meeting.name} Demo"  # one that need not be shortened
            self._enter(values)
            meeting.entered = True
        copies = [values | {"user_id": each, "is_organizer": False} for each in self._others(owners, values)]
        meeting.made += len(copies)

        def insert(connection: Connection) -> None:
            people = self._people(connection)
            for each in (values, *copies):
                made = scene.insert(connection, "meetings", each)
                organizer = {"user_id": values["user_id"], "organizer": True, "answer": "accepted"}
                for person in (organizer, *people):
                    scene.insert(connection, "meeting_attendees", {"meeting_id": made, **person})

        scene.happenings[meeting.name] = meeting
        self._do("book", meeting, insert, **values, copies=len(copies))

    def book_again(self) -> None:
        self.book(known_outside=True)

    def copy(self) -> None:
        """It turns up in one more calendar."""
        scene, meeting = self.scene, self._some()
        if meeting is None or meeting.made > 1:
            return

        def insert(connection: Connection) -> None:
            rows = self._rows(connection, meeting)
            if not rows:
                return
            kept = {name: rows[0][name] for name in ("title", "location", "description", "starts_at", "ends_at")}
            kept |= {name: rows[0][name] for name in ("all_day", "canceled", "provider_uid", "source")}
            other = next(each for each in scene.users() if each != rows[0]["user_id"])
            made = scene.insert(connection, "meetings", {**kept, "user_id": other, "is_organizer": False})
            statement = """
                INSERT INTO meeting_attendees (meeting_id, email, user_id, prospect_id, answer, organizer)
                SELECT :made, email, user_id, prospect_id, answer, organizer
                FROM meeting_attendees WHERE meeting_id = :id ORDER BY id"""
            connection.execute(text(statement), {"made": made, "id": rows[0]["id"]})

        meeting.made += 1  # even where it is not known whether it was done
        self._do("copy", meeting, insert)

    def edit(self, meeting: Happening | None = None, column: str = "") -> None:
        """Of all copies, as the calendars tell each other."""
        meeting, column = meeting or self._some(), column or self.scene.dice.choice(_EDITED)
        if meeting is None or (meeting.entered and column == "title"):  # else nothing tells that both are one
            return
        value: str | None = f"{meeting.name} {column} {next(self.scene.words.numbers)}"
        if self.scene.happens(_LONG):
            value = f"{value} {'x' * 300}" if column in {"title", "location"} else None
        if self._set(meeting, **{column: value if column != "title" else value or meeting.name}):
            meeting.edited = [] if column == MEETING.told_by else meeting.edited

    def move(self) -> None:
        if (meeting := self._some()) and not meeting.entered:
            day = self.scene.dice.randint(400, 800)
            self._set(meeting, **self._times(day, all_day=self.scene.happens(_ALL_DAY)))

    def cancel(self) -> None:
        if meeting := self._some():
            self._set(meeting, canceled=self.scene.happens(0.7))

    def relate(self) -> None:
        """It is about an opportunity, or no longer; or nobody came."""
        if meeting := self._some():
            deals = self.scene.deals()
            self._set(meeting, opportunity_id=self.scene.dice.choice([*deals, None]), no_show=self.scene.happens(0.3))

    def answer(self) -> None:
        """Somebody answers, with all copies at once."""

        def change(connection: Connection, rows: list[dict[str, Any]]) -> None:
            asked = "SELECT id FROM meeting_attendees WHERE meeting_id = :id AND NOT organizer ORDER BY id"
            people = connection.execute(text(asked), {"id": rows[0]["id"]}).scalars().all()
            known = {"answer": self.scene.dice.choice(_ANSWERS), "ids": [row["id"] for row in rows]}
            if people:
                connection.execute(text(_ANSWER), {**known, "one": self.scene.dice.choice(people)})

        self._change("answer", change)

    def invite(self) -> None:
        def change(connection: Connection, rows: list[dict[str, Any]]) -> None:
            for person in self._people(connection):
                for row in rows:
                    self.scene.insert(connection, "meeting_attendees", {"meeting_id": row["id"], **person})

        self._change("invite", change)

    def uninvite(self) -> None:
        """The first one on it but for whoever invited; often it is the prospect whom it is with."""

        def change(connection: Connection, rows: list[dict[str, Any]]) -> None:
            statement = """
                DELETE FROM meeting_attendees WHERE id IN (
                    SELECT min(id) FROM meeting_attendees
                    WHERE meeting_id = ANY(:ids) AND NOT organizer GROUP BY meeting_id)"""
            connection.execute(text(statement), {"ids": [row["id"] for row in rows]})

        self._change("uninvite", change)

    def delete(self) -> None:
        """Out of every calendar, without a trace."""

        def change(connection: Connection, rows: list[dict[str, Any]]) -> None:
            ids = {"ids": [row["id"] for row in rows]}
            connection.execute(text("DELETE FROM meeting_attendees WHERE meeting_id = ANY(:ids)"), ids)
            connection.execute(text("DELETE FROM meetings WHERE id = ANY(:ids)"), ids)

        self._change("delete", change)

    # How

    def _some(self) -> Happening | None:
        found = [each for each in self.scene.happenings.values() if each.kind is MEETING and not each.wrong]
        return self.scene.dice.choice(found) if found else None

    def _values(self, name: str) -> dict[str, Any]:
        happens, dice = self.scene.happens, self.scene.dice
        deals = self.scene.deals()
        return {
            "title": f"{name} Demo" + (" " + "x" * 300 if happens(_LONG) else ""),
            "location": dice.choice([None, f"{name} room", f"{name} {'y' * 300}"]),
            "description": dice.choice([None, f"{name} first"]),
            "provider_uid": name,
            "source": "Sync" if happens(_SYNC) else "App",
            "canceled": happens(_CANCELED),
            "opportunity_id": dice.choice(deals) if deals and happens(_ABOUT) else None,
            **self._times(self.number, all_day=happens(_ALL_DAY)),
        }

    @staticmethod
    def _times(day: int, *, all_day: bool) -> dict[str, Any]:
        start = _FIRST + timedelta(days=day)
        if all_day:
            start = start.replace(hour=0)
        length = timedelta(days=1) if all_day else timedelta(minutes=45)
        return {"starts_at": start, "ends_at": start + length, "all_day": all_day}

    def _others(self, owners: list[int], values: Mapping[str, Any]) -> list[int]:
        others = [each for each in owners if each != values["user_id"]]
        return [self.scene.dice.choice(others)] if self.scene.happens(_COPIED) else []

    def _people(self, connection: Connection) -> list[dict[str, Any]]:
        """Attendees: prospects by id or by address, a user, somebody whom nobody knows; nobody twice."""
        scene, found = self.scene, dict[str, dict[str, Any]]()
        for _ in range(scene.dice.randint(1, 3)):
            if record := scene.person():
                prospect = scene.prospect(connection, record)
                by_id = prospect is not None and scene.happens(0.6)
                found[record.name] = {"prospect_id": prospect} if by_id else {"email": f"{record.name}@example.com"}
        if scene.happens(0.4):
            found["user"] = {"user_id": scene.dice.choice(list(scene.words.inside["owner"]))}
        if scene.happens(0.3):
            found["stranger"] = {"email": f"stranger{self.number}@nowhere.example"}
        return [{**each, "answer": scene.dice.choice(_ANSWERS)} for each in found.values()]

    def _enter(self, values: Mapping[str, Any]) -> None:
        """Somebody notes the same meeting in Salesforce, in the name of the same owner."""
        mail = self.scene.words.inside["owner"][values["user_id"]]
        owner = next(self.scene.org.store.rows("User", "lower(Email) = ?", (mail,)))["Id"]
        entered = {
            "Subject": values["title"],
            "StartDateTime": values["starts_at"].isoformat(),
            "DurationInMinutes": int((values["ends_at"] - values["starts_at"]).total_seconds() // 60),
            "IsAllDayEvent": values["all_day"],
            "OwnerId": owner,
        }
        self.scene.journal.tell("enter", values=entered)
        perform(self.scene.org, {"object": "Event", "values": entered})

    def _set(self, meeting: Happening, **values: Any) -> bool:
        names = ", ".join(f"{name} = :{name}" for name in values)

        def change(connection: Connection, rows: list[dict[str, Any]]) -> None:
            statement = f"UPDATE meetings SET {names} WHERE id = ANY(:ids)"  # noqa: S608
            connection.execute(text(statement), {**values, "ids": [row["id"] for row in rows]})

        return self._change("change", change, meeting, **values)

    def _change(
        self,
        what: str,
        change: Callable[[Connection, list[dict[str, Any]]], None],
        meeting: Happening | None = None,
        **told: Any,
    ) -> bool:
        """Done with all copies in one transaction."""
        meeting = meeting or self._some()
        if meeting is None:
            return False
        chosen = meeting

        def work(connection: Connection) -> None:
            if rows := self._rows(connection, chosen):
                change(connection, rows)

        return self._do(what, chosen, work, **told)

    @staticmethod
    def _rows(connection: Connection, meeting: Happening) -> list[dict[str, Any]]:
        statement = text("SELECT * FROM meetings WHERE provider_uid = :name ORDER BY id FOR UPDATE")
        return [dict(row) for row in connection.execute(statement, {"name": meeting.name}).mappings()]

    def _do(self, what: str, meeting: Happening, work: Callable[[Connection], None], **told: Any) -> bool:
        return self.scene.carry_out(f"{what} meeting", meeting.name, work, **told)
