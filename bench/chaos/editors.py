"""People who change one field of a record, on one side or on both; some keep their transaction open for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bench.chaos.fields import FIELDS, Field
from bench.chaos.scene import Record, Scene
from bench.chaos.versions import EXTERNAL, INTERNAL
from sandbox.salesforce.people import perform

_HELD: Final = 1.5  # seconds at most
_HELD_SHARE, _SAME_FIELD = 0.1, 0.6


@dataclass(frozen=True, slots=True)
class Held:
    """A transaction that somebody keeps open. `check`: whether its change is there, when that is not known."""

    until: float
    connection: Connection
    done: Callable[[], None]
    check: Callable[[], bool]


@dataclass
class Editors:
    """`held`: transactions that are open."""

    scene: Scene
    held: list[Held] = field(default_factory=list)

    def both(self) -> None:
        """The same record on both sides, often the same field."""
        record = self.scene.somebody()
        if record is None:
            return
        shared = self.scene.dice.choice(FIELDS[record.type]) if self.scene.happens(_SAME_FIELD) else None
        edits = [self.inside, self.outside]
        self.scene.dice.shuffle(edits)
        for edit in edits:
            edit(record, shared)

    def inside(self, record: Record | None = None, which: Field | None = None) -> None:
        record = record or self.scene.somebody()
        if record is None:
            return
        connection = self.scene.engine.connect()
        try:
            held = self._begin(connection, record, which)
        except DBAPIError as error:
            connection.close()
            self.scene.journal.refused(record.name, error)
            return
        if held is None:
            connection.close()
        elif held.until > time.monotonic():
            self.held.append(held)
        else:
            self._end(held)

    def _begin(self, connection: Connection, record: Record, which: Field | None) -> Held | None:
        """The change, not committed yet."""
        scene = self.scene
        row = scene.locked(connection, record)
        each = which or scene.dice.choice(FIELDS[record.type])
        if row is None or self._is_early(record, each, inside=True):
            return None
        shown = scene.words.from_inside(each, row[each.internal])
        value = scene.words.new(each, shown, scene.common())
        until = time.monotonic() + (scene.dice.uniform(0.2, _HELD) if scene.happens(_HELD_SHARE) else -1)
        scene.journal.tell("edit inside", record=record.name, field=each.internal, shown=shown, value=value)
        statement = f"UPDATE {record.table} SET {each.internal} = :value WHERE id = :id"  # noqa: S608
        connection.execute(text(statement), {"value": scene.words.to_inside(each, value), "id": row["id"]})
        return Held(
            until,
            connection,
            lambda: scene.edited(record, each, INTERNAL, (shown, value), time.time()),
            lambda: self._shows(record, each, value),
        )

    def _is_early(self, record: Record, each: Field, *, inside: bool) -> bool:
        """Whoever opts out before both sides know of the record keeps it from travelling."""
        there = self.scene.is_outside(record) if inside else self.scene.is_inside(record)
        return each.kind == "flag" and not there

    def _shows(self, record: Record, each: Field, value: Any) -> bool:
        with self.scene.engine.connect() as connection:
            row = self.scene.locked(connection, record)
            return row is not None and self.scene.words.from_inside(each, row[each.internal]) == value

    def _end(self, held: Held) -> None:
        try:
            held.connection.commit()
            done = True
        except DBAPIError:
            done = held.check()
        finally:
            held.connection.close()
        self.scene.journal.tell("committed" if done else "not done")
        if done:
            held.done()

    def end_held(self, *, all_of_them: bool = False) -> None:
        """Commit the transactions whose time has come."""
        for held in [each for each in self.held if all_of_them or each.until <= time.monotonic()]:
            self.held.remove(held)
            self._end(held)

    def outside(self, record: Record | None = None, which: Field | None = None) -> None:
        scene, record = self.scene, record or self.scene.somebody()
        if record is None:
            return
        each = which or scene.dice.choice(FIELDS[record.type])
        if self._is_early(record, each, inside=False):
            return
        with scene.outside(record) as row:
            if row is None:
                return
            shown = scene.words.from_outside(each, row[each.external])
            value, moment = scene.words.new(each, shown, scene.common()), scene.moment(row)
            scene.journal.tell(
                "edit outside",
                record=record.name,
                field=each.internal,
                shown=shown,
                value=value,
                id=row["Id"],
                stamp=moment,
            )
            values = {each.external: scene.words.to_outside(each, value)}
            perform(scene.org, {"object": record.type, "id": row["Id"], "values": values}, moment)
        scene.edited(record, each, EXTERNAL, (shown, value), time.time())
