"""Once all is quiet: does each meeting and each activity stand in Salesforce as often as it should, and rightly?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.chaos import database
from bench.chaos.counterparts import Invited, Row, Sight, lets_out, look, moment, wanted
from bench.chaos.diary import DESCRIPTION, MEETING, Happening
from bench.chaos.scene import Scene
from bench.chaos.variety import Policies
from bench.chaos.verdict import Finding
from bench.chaos.versions import same

_AWAITED: Final = re.compile(r"(\w+)[^:,]*:(\d+)")
_TOUCHED: Final = "touched"  # by somebody between two pages of a query; see `trouble`
UNSEEN: Final = "came back with its person, unseen"
_WAITING: Final = {"quarantine": "kind || ' ' || code || ': ' || reason", "pending": "coalesce(reason, '')"}
ALONG: Final = "deleted by Salesforce with its person, whom we deleted"
_IDS: Final = frozenset({"OwnerId", "WhoId", "WhatId"})
_TIMES: Final = frozenset({"StartDateTime", "EndDateTime"})


@dataclass
class Reckoning:
    """`waiting`: name → why it waits. `compared`: by kind; `fields`: so many values were compared.

    `ours`: id of the user of the sync. `deletes`: whether what is deleted inside is deleted outside.
    """

    sight: Sight
    waiting: Mapping[str, list[str]]
    ours: str
    organizers_only: bool
    deletes: bool
    recreates: bool
    compared: Counter[str] = field(default_factory=Counter)
    accounted: Counter[str] = field(default_factory=Counter)

    def judge(self, happenings: Mapping[str, Happening]) -> list[Finding]:
        """Of those in which nothing was found before, all; of the others, whether they have become too many."""
        found = [Finding("doubled", str(row["Id"]), f"nobody knows it: {row['Subject']}") for row in self.sight.strays]
        strangers = self.sight.outside.keys() - happenings.keys()
        found += [Finding("doubled", name, "it is outside, and nobody noted it inside") for name in strangers]
        for happening in happenings.values():
            mine = list(self._one(happening))
            if happening.wrong:
                mine = [each for each in mine if each.kind == "doubled"]
            else:
                self.compared["meetings" if happening.kind is MEETING else "activities"] += 1
            happening.wrong = happening.wrong or bool(mine)
            happening.sent = bool(self.sight.outside.get(happening.name))
            found += mine
        return found

    def _one(self, happening: Happening) -> Iterator[Finding]:
        rows, records = (each.get(happening.name, []) for each in (self.sight.inside, self.sight.outside))
        most = 1 if happening.kind is MEETING else len(rows) or happening.made
        back = [row["Id"] for row in records if self._came_back(happening, row)]
        if len(records) > most >= len(records) - len(back):
            yield Finding(UNSEEN, happening.name, f"made again before they were restored: {back}")
            return
        if len(records) > most:
            told = f"{len(rows)} inside, {len(records)} outside: {[row['Id'] for row in records]}"
            yield Finding("doubled", happening.name, told)
            return
        too_many = len(happening.removed - {row["Id"] for row in records}) + len(records) - most
        if too_many > 0 and not self.recreates:
            yield Finding(
                "resurrected", happening.name, f"people deleted {happening.removed}, and {len(records)} are there"
            )
        yield from self._number(happening, rows, records)
        for record in records:
            yield from self._record(happening, rows, record)

    def _number(self, happening: Happening, rows: list[Row], records: list[Row]) -> Iterator[Finding]:
        if not rows:
            yield from self._without_row(happening, records)
            return
        fit = [row for row in rows if lets_out(happening, row, organizers_only=self.organizers_only)]
        must = min(1, len(fit)) if happening.kind is MEETING else len(fit)
        if happening.sent:
            must = max(must, 1)
        buried = self.sight.bin.get(happening.name, [])
        taken = [row for row in buried if row["LastModifiedById"] != self.ours]
        along = [row for row in buried if row not in taken and row["WhoId"] in self.sight.gone]
        if len(records) + len(taken) >= must:
            return
        if len(records) + len(taken) + len(along) >= must:
            if fit:
                yield Finding(ALONG, happening.name, f"{along[0]['Id']}, about {along[0]['WhoId']}")
            return
        reasons = self.waiting.get(happening.name, [])
        if self._goes_on_by_itself(happening, reasons):
            return
        told = f"{len(records)} outside, {must} expected; we deleted {len(buried) - len(taken)}, people {len(taken)}"
        yield Finding("stuck" if reasons else "lost", happening.name, "; ".join([told, *reasons]))

    def _without_row(self, happening: Happening, records: list[Row]) -> Iterator[Finding]:
        linked = [row for row in records if self._is_linked(happening, row)]
        if linked:
            yield Finding("disagreeing", happening.name, "deleted inside, and its link lives")
        elif self.deletes and any(self._was_ours(row) for row in records):
            reasons = self.waiting.get(happening.name, [])
            yield Finding("disagreeing", happening.name, f"deleted inside, and it is still there; {reasons}")
        elif not records and happening.sent and not self.deletes and not happening.removed:
            taken = any(row["LastModifiedById"] != self.ours for row in self.sight.bin.get(happening.name, []))
            if not taken:
                yield Finding("lost", happening.name, "deleted inside, and outside too, which the mapping forbids")

    def _was_ours(self, record: Row) -> bool:
        """Made by us or linked once; what somebody entered by hand and nothing was linked to is his."""
        return record["CreatedById"] == self.ours or self.sight.was_linked(record)

    def _came_back(self, happening: Happening, record: Row) -> bool:
        """With its person, whom somebody restored: its link had ended."""
        restored = self.sight.was_linked(record) and record["LastModifiedById"] != self.ours
        return restored and not self._is_linked(happening, record)

    def _is_linked(self, happening: Happening, record: Row) -> bool:
        return any((mapping, record["Id"]) in self.sight.links for mapping in happening.kind.mappings)

    def _goes_on_by_itself(self, happening: Happening, reasons: list[str]) -> bool:
        """It waits for somebody or something that indeed has no counterpart, whatever refused it before."""
        named = [each for reason in reasons for each in _AWAITED.findall(reason.partition("waits for ")[2])]
        if not named or any(f"{kind}:{key}" in self.sight.people for kind, key in named):
            return False
        self.accounted[f"{happening.kind.name} waits for {named[0][0]}"] += 1
        return True

    # One record

    def _record(self, happening: Happening, rows: list[Row], record: Row) -> Iterator[Finding]:
        row = self.sight.row_of(happening, record)
        happening.entered = happening.entered and row is None
        if row is None and (happening.entered or not rows):
            return
        if row is None:
            yield self._unlinked(happening, record)
            return
        wrong = list(self._wrong(happening, row, record))
        if not wrong:
            return
        reasons = self.waiting.get(happening.name, [])
        if self._goes_on_by_itself(happening, reasons):
            return
        yield Finding("stuck" if reasons else "disagreeing", happening.name, "; ".join([*wrong, *reasons]))

    def _unlinked(self, happening: Happening, record: Row) -> Finding:
        """A record that came back with the person whom it is about is found when its meeting is edited."""
        if record["LastModifiedById"] != self.ours and not self.recreates:
            return Finding(UNSEEN, happening.name, str(record["Id"]))
        return Finding("disagreeing", happening.name, f"no link names {record['Id']}")

    def _wrong(self, happening: Happening, row: Row, record: Row) -> Iterator[str]:
        for name, value in wanted(self.sight, happening, row, record).items():
            self.compared["values"] += 1
            shown = record.get(name)
            if name == DESCRIPTION and any(same(each, shown) for each in (*happening.edited[-1:], _TOUCHED)):
                continue
            if not _agrees(name, value, shown):
                yield f"{name}: {_brief(value)} inside, {_brief(shown)} outside"


def _agrees(name: str, value: Any, shown: Any) -> bool:
    if isinstance(value, Invited):
        return value.agrees(shown or ())
    if name in _IDS:
        return bool(value == shown)
    if name in _TIMES:
        return shown is not None and value == moment(shown)
    return same(value, shown)


def _brief(value: Any) -> str:
    return repr(value)[:160]


def reckon(scene: Scene, policies: Policies) -> Reckoning:
    """Both sides as they are now, and what waits."""
    sight = look(scene)
    return Reckoning(
        sight,
        waits(scene, sight),
        scene.org.user_id,
        organizers_only=policies.organizers_only,
        deletes=policies.deletes_outbound,
        recreates=policies.after_delete == "recreate",
    )


def waits(scene: Scene, sight: Sight) -> dict[str, list[str]]:
    """Name → reasons, of what waits of meetings and activities; a condition that withholds is no such thing."""
    found: dict[str, list[str]] = {}
    for table, cause in _WAITING.items():
        statement = f"SELECT mapping, record_id, {cause} AS cause FROM sync_{table} WHERE direction = 'pushing'"  # noqa: S608
        for entry in database.rows(scene.engine, statement):
            name = sight.named.get((entry["mapping"], str(entry["record_id"])))
            if name is not None and not entry["cause"].startswith("withheld"):
                found.setdefault(name, []).append(f"{table} {entry['mapping']}: {entry['cause']}")
    return found


def refused(scene: Scene) -> dict[str, str]:
    """Name → cause, of what was refused or is held."""
    found = waits(scene, look(scene))
    return {name: each for name, reasons in found.items() for each in reasons if each.startswith("quarantine")}
