"""People who work on both sides at random."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bench.chaos.activities import Activities
from bench.chaos.clerks import Clerks
from bench.chaos.diary import MEETING, Happening
from bench.chaos.editors import Editors
from bench.chaos.leavers import Leavers
from bench.chaos.meetings import Meetings
from bench.chaos.newcomers import Newcomers
from bench.chaos.scene import Scene
from bench.chaos.versions import BOTH


class People:
    """`deeds`: how often they acted."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.newcomers, self.editors, self.leavers = Newcomers(scene), Editors(scene), Leavers(scene)
        self.meetings, self.activities, self.clerks = Meetings(scene), Activities(scene), Clerks(scene)
        self.deeds = 0
        self._habits: dict[Callable[[], None], float] = {
            self.newcomers.inside: 2,
            self.newcomers.outside: 2,
            self.editors.inside: 8,
            self.editors.outside: 8,
            self.editors.both: 4,
            self.leavers.delete_inside: 0.6,
            self.leavers.delete_outside: 0.6,
            self.leavers.restore_outside: 0.5,
            self.leavers.insert_again: 0.3,
            self.leavers.merge: 0.4,
            self.leavers.convert: 0.4,
            self.meetings.book: 1.5,
            self.meetings.book_again: 0.2,
            self.meetings.copy: 0.3,
            self.meetings.edit: 1.5,
            self.meetings.move: 1,
            self.meetings.cancel: 0.4,
            self.meetings.relate: 0.6,
            self.meetings.answer: 1.5,
            self.meetings.invite: 0.6,
            self.meetings.uninvite: 0.4,
            self.meetings.delete: 0.15,
            self.activities.note: 3,
            self.activities.edit: 2,
            self.activities.complete: 0.6,
            self.activities.relate: 0.6,
            self.clerks.edit: 0.7,
            self.clerks.delete: 0.25,
        }

    def begin(self) -> None:
        """What is there before the first sync."""
        for _ in range(4):
            self.newcomers.outside("Account")
        for _ in range(12):
            self.newcomers.outside()
        for _ in range(8):
            self.newcomers.inside("Lead")
        for _ in range(3):
            self.newcomers.pair()
        self.newcomers.colleague()
        for number in range(3):
            self.newcomers.deal(number)
        for _ in range(6):
            self.meetings.book()
            self.activities.note()

    def act(self) -> None:
        """Do one thing."""
        self.scene.dice.choices(list(self._habits), list(self._habits.values()))[0]()
        self.deeds += 1

    def touch(self, happening: Happening) -> None:
        """Its description is worded anew."""
        editor = self.meetings if happening.kind is MEETING else self.activities
        editor.edit(happening, happening.kind.told_by)

    def in_step(self, name: str, values: Mapping[str, Any]) -> None:
        """Both sides agree on the record: whatever was before is forgotten."""
        record = self.scene.records[name]
        record.deletions, record.loose, record.settled = [], "", True
        for field_name, value in values.items():
            record.fields[field_name].begin(BOTH, value, time.time())

    def retire(self, name: str) -> None:
        """Nobody touches it any more."""
        del self.scene.records[name]
        self.scene.retired.add(name)
