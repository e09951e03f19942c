"""Once all is quiet: does each side hold what people's journal says it must?

What cannot be avoided (docs/guarantees.md, "Not promised") is told apart from violations by what the history of the
sync and the recycle bin of Salesforce prove.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bench.chaos import database
from bench.chaos.diary import MAPPINGS
from bench.chaos.fields import FIELDS, NAMES, TABLES, Field
from bench.chaos.scene import Deletion, Record, Scene
from bench.chaos.variety import DEADLINE, TIMEOUT, Policies
from bench.chaos.versions import BOTH, EXTERNAL, INTERNAL, Version, same

VIOLATIONS: Final = ("lost", "doubled", "overwritten", "disagreeing", "resurrected", "untold", "stuck")
NOT_PROMISED: Final = "overwritten in the gap (not promised)"
_OTHER: Final = {INTERNAL: EXTERNAL, EXTERNAL: INTERNAL}


_GAP: Final = """
SELECT count(*) AS count FROM sync_history h
JOIN sync_calls w ON w.mapping = h.mapping AND w.kind = 'write' AND w.at + w.seconds * interval '1 second' >= :at
JOIN sync_calls r ON r.run_id = w.run_id AND r.kind = 'get'
    AND r.at BETWEEN w.at - interval '1 second' * :deadline AND :at
WHERE h.side = 'external' AND h.field = :field AND CAST(h.new AS text) LIKE :value
    AND (h.run_id = w.run_id OR NOT EXISTS (
        SELECT 1 FROM sync_calls own WHERE own.run_id = h.run_id AND own.kind = 'write' AND own.mapping = h.mapping
    ))
"""


_HELD: Final = """
SELECT message FROM sync_actions WHERE status = 'held' AND internal_type = :type AND internal_id = :id
"""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    record: str
    text: str


@dataclass
class Sides:
    """What both sides hold: name → rows. `bin`: rows of Salesforce's recycle bin."""

    inside: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outside: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bin: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class Verdict:
    """`conflicts`: who won. `waiting`: what waits where, and why."""

    findings: list[Finding] = field(default_factory=list)
    conflicts: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    compared: int = 0

    @property
    def violations(self) -> list[Finding]:
        return [each for each in self.findings if each.kind in VIOLATIONS]


def read(scene: Scene) -> Sides:
    sides = Sides()
    with scene.engine.connect() as connection:
        scene.words.learn(connection)
    for table, key in {TABLES[kind]: NAMES[kind][0] for kind in FIELDS}.items():
        for row in database.rows(scene.engine, f"SELECT * FROM {table}"):  # noqa: S608
            sides.inside.setdefault(str(row[key]), []).append(row)
    for kind in FIELDS:
        for row in scene.org.store.rows(kind):
            place = sides.bin if row["IsDeleted"] or row.get("IsConverted") else sides.outside
            place.setdefault(str(row[NAMES[kind][1]]), []).append(row)
    return sides


def waiting(scene: Scene, sides: Sides) -> list[tuple[str, str]]:
    """(name, where and why) of everything in quarantine and pending."""
    names: dict[str, str] = {}
    for name, rows in sides.inside.items():
        names |= {f"{'accounts' if 'website' in row else 'prospects'} {row['id']}": name for row in rows}
    for where in (sides.outside, sides.bin):
        names |= {str(row["Id"]): name for name, rows in where.items() for row in rows}
    for link in database.rows(scene.engine, "SELECT mapping, internal_id, external_id FROM sync_links"):
        if link["external_id"] in names:  # what was deleted inside is known by its other half
            names.setdefault(f"{_owner(link)} {link['internal_id']}", names[link["external_id"]])
    found = []
    for table, cause in (("quarantine", "kind || ': ' || code"), ("pending", "coalesce(reason, '')")):
        statement = f"SELECT mapping, direction, record_id, {cause} AS cause FROM sync_{table}"  # noqa: S608
        for row in database.rows(scene.engine, statement):
            key = row["record_id"] if row["direction"] == "polling" else f"{_owner(row)} {row['record_id']}"
            found.append((names.get(key, key), f"{table} {row['mapping']} {row['direction']}: {row['cause']}"))
    return found


def _owner(row: Mapping[str, Any]) -> str:
    kind = MAPPINGS.get(row["mapping"])
    return kind.table if kind else "accounts" if row["mapping"].endswith("account") else "prospects"


def quarantined(scene: Scene) -> dict[str, str]:
    """Name → cause, of records that were refused or held; a condition that withholds is no such thing."""
    found = waiting(scene, read(scene))
    return {name: text for name, text in found if text.startswith("quarantine") and "withheld" not in text}


def _like(version: Version) -> str:
    """A pattern for its value as the history holds it."""
    return f"%{str(version.value).strip()}%"


class Judge:
    """Compares every record of the journal with both sides."""

    def __init__(self, scene: Scene, policies: Policies) -> None:
        self.scene = scene
        self.policies = policies
        self.sides = read(scene)
        self.verdict = Verdict()
        self._excuses = self._waiting()
        self._held: set[str] = set()

    def judge(self) -> Verdict:
        verdict = self.verdict
        verdict.findings += [Finding("overwritten", *each) for each in self.scene.wrong]
        for record in list(self.scene.records.values()):
            verdict.compared += 1
            found = list(self._record(record))
            if found and record.name in self._excuses:
                reason = self._excuses[record.name]
                kind = "held" if record.loose or record.deletions else "stuck"
                hard = [each for each in found if each.kind in {"doubled", "overwritten"}]
                found = [*hard, Finding(kind, record.name, f"{reason}; {'; '.join(each.text for each in found)}")]
            verdict.findings += found
        names = self.scene.records.keys()
        for place, rows in (("inside", self.sides.inside), ("outside", self.sides.outside)):
            for name in rows.keys() - names:
                if name in self.scene.retired:
                    verdict.findings += self._retired(name, len(rows[name]), place)
        return verdict

    def _retired(self, name: str, count: int, place: str) -> Iterator[Finding]:
        if count > 1:
            yield Finding("doubled", name, f"{count} {place}, long after people left it alone")

    def _waiting(self) -> dict[str, str]:
        """Name → why it waits."""
        found = waiting(self.scene, self.sides)
        self.verdict.waiting.update(text for _, text in found)
        intents = len(database.rows(self.scene.engine, "SELECT id FROM sync_intents"))
        if intents:
            self.verdict.waiting["intents"] += intents
        return dict(found)

    # One record

    def _record(self, record: Record) -> Iterator[Finding]:
        inside, outside = self.sides.inside.get(record.name, []), self.sides.outside.get(record.name, [])
        if len(inside) > 1 or len(outside) > 1:
            ids = [row["id"] for row in inside], [row["Id"] for row in outside]
            yield Finding("doubled", record.name, f"{len(inside)} inside, {len(outside)} outside: {ids}")
            return
        if record.merged:
            if not inside and not record.deletions and not self._followed(record):
                yield Finding("lost", record.name, "its Lead was merged away, and its prospect is gone")
        elif inside and outside:
            yield from self._pair(record, inside[0], outside[0])
        elif not record.loose and not record.alone:
            yield from self._missing(record, {INTERNAL: bool(inside), EXTERNAL: bool(outside)})
        elif record.alone and not record.loose and not inside and not outside and not record.deletions:
            yield Finding("lost", record.name, "it is on neither side")

    def _followed(self, record: Record) -> bool:
        """Whether its prospect took the place of the winner's, which somebody deleted, and the winner's name (G12)."""
        winner = self.scene.records.get(record.merged)
        deleted = winner is None or any(each.side == INTERNAL for each in winner.deletions)
        return deleted and len(self.sides.inside.get(record.merged, [])) == 1

    def _missing(self, record: Record, there: dict[str, bool]) -> Iterator[Finding]:
        deleted = {each.side: each for each in record.deletions}
        if not deleted:
            if self._may_stay_alone(record, there):
                return
            absent = " and ".join(side for side, found in there.items() if not found)
            yield Finding("lost", record.name, f"nobody deleted it, and it is missing on {absent}; born {record.born}")
            return
        deletion = next(iter(deleted.values()))
        if len(deleted) > 1 or self._taken_over(record, deletion):
            return
        other = _OTHER[deletion.side]
        unseen = [version for each in FIELDS[record.type] for version in self._unknown(record, each, deletion)]
        if unseen and not there[other]:
            told = f"deleted {deletion.side} at {deletion.at:.2f}, though {', '.join(map(str, unseen))}"
            yield Finding(self._kind_of_loss(record, deletion, unseen), record.name, told)
        elif there[other] and self._has_unseen_edits(record, deletion):
            return  # `after_delete` decides, under the create toggle
        elif not unseen and deletion.paired and there[other] == self.policies.deletes(deletion.side):
            word = "is still" if there[other] else "is not"
            yield Finding(
                "disagreeing" if there[other] else "lost",
                record.name,
                f"deleted {deletion.side} at {deletion.at:.2f}, nothing written {other}, and it {word} there",
            )
        elif there[deletion.side]:
            yield Finding("resurrected", record.name, f"deleted {deletion.side}, and only there it is again")

    def _taken_over(self, record: Record, deletion: Deletion) -> bool:
        """Of a merge's winner: who deletes its prospect lets the loser's have its Lead, name and all (G12)."""
        losers = (each.name for each in self.scene.records.values() if each.merged == record.name)
        return deletion.side == INTERNAL and any(self.sides.outside.get(name) for name in losers)

    def _unknown(self, record: Record, each: Field, deletion: Deletion) -> list[Version]:
        """What whoever deleted the record had not seen, without losers of conflicts that the history names."""
        story = record.fields[each.internal]
        rivals = any(leaf.side == deletion.side for leaf in story.leaves())
        return [version for version in story.unseen(deletion.side) if not (rivals and self._told(each, version))]

    def _has_unseen_edits(self, record: Record, deletion: Deletion) -> bool:
        return any(record.fields[each.internal].unseen(deletion.side) for each in FIELDS[record.type])

    def _may_stay_alone(self, record: Record, there: dict[str, bool]) -> bool:
        """Accounts that are made inside stay there unless the mapping sends them."""
        return (
            record.type == "Account"
            and record.born == INTERNAL
            and not self.policies.accounts_go_out
            and there[INTERNAL]
        )

    def _kind_of_loss(self, record: Record, deletion: Deletion, unseen: list[Version]) -> str:
        """Our delete in Salesforce: an edit between our last look and the delete cannot be seen."""
        rows = self.sides.bin.get(record.name, [])
        if deletion.side != INTERNAL or not rows:
            return "lost"
        ended = max(datetime.fromisoformat(str(row["LastModifiedDate"])).timestamp() for row in rows)
        near = all(ended - DEADLINE - TIMEOUT <= version.at <= ended + 1 for version in unseen)
        return NOT_PROMISED if near else "lost"

    # One record on both sides

    def _pair(self, record: Record, inside: dict[str, Any], outside: dict[str, Any]) -> Iterator[Finding]:
        words = self.scene.words
        if record.alone:
            yield Finding("disagreeing", record.name, f"it travelled though {record.alone}")
        for each in FIELDS[record.type]:
            mine = words.from_inside(each, inside[each.internal])
            theirs = words.from_outside(each, outside[each.external])
            if not same(mine, theirs) and self._is_held(record, each, inside):
                self._held.add(record.name)
            elif not same(mine, theirs):
                yield Finding("disagreeing", record.name, f"{each.internal}: {mine!r} inside, {theirs!r} outside")
            elif not record.loose and not record.deletions:
                yield from self._survived(record, each, mine, theirs)

    def _is_held(self, record: Record, each: Field, inside: Mapping[str, Any]) -> bool:
        """A first link, of the record or of a field that it went without: the log says that a person is to decide."""
        first = record.loose or self.scene.was_hidden(record, each)
        if not first or self.policies.first_link != "hold":
            return False
        found = database.rows(self.scene.engine, _HELD, type=record.table.removesuffix("s"), id=str(inside["id"]))
        return any(each.internal in str(row["message"]) for row in found)

    def _survived(self, record: Record, each: Field, mine: Any, theirs: Any) -> Iterator[Finding]:
        story = record.fields[each.internal]
        for side, value in ((INTERNAL, mine), (EXTERNAL, theirs)):
            if complaint := story.observe(side, value):
                yield Finding("overwritten", record.name, f"{each.internal}: {complaint}")
                return
        final = story.seen[INTERNAL]
        for loser in story.losers(final):  # who wrote the same value lost nothing
            yield from self._loser(record, each, final, loser)

    def _loser(self, record: Record, each: Field, final: Version, loser: Version) -> Iterator[Finding]:
        told = f"{each.internal}: {final} won over {loser}"
        story = record.fields[each.internal]
        if loser.number not in story.displaced or loser.side == BOTH:
            yield Finding("overwritten", record.name, told)
            return
        expected = {"crm": EXTERNAL, "engagement": INTERNAL}.get(self.policies.conflict)
        if loser.side == EXTERNAL and loser.at - final.at > TIMEOUT:
            expected = expected or EXTERNAL  # newest: Salesforce's time is the record's, so an older field may win too
        against = expected is not None and final.side != expected
        self.verdict.conflicts["decided against the policy" if against else "decided by the policy"] += 1
        if against:
            yield Finding("against the policy", record.name, told)
        if not self._told(each, loser):
            gap = loser.side == EXTERNAL and self._in_gap(each, final, loser)
            yield Finding(NOT_PROMISED if gap else "untold", record.name, told + ", and the history does not name it")

    def _told(self, each: Field, loser: Version) -> bool:
        """Whether the history has the losing value. Only texts are unique, so nothing is asked of the others."""
        if each.kind != "text" or loser.value is None:
            return True
        statement = "SELECT count(*) AS count FROM sync_history WHERE CAST(old AS text) LIKE :value"
        return bool(database.rows(self.scene.engine, statement, value=_like(loser))[0]["count"])

    def _in_gap(self, each: Field, final: Version, loser: Version) -> bool:
        """Whether the run that wrote the winner had read before the loser was written, and wrote after it.

        Where the run that noted it wrote nothing itself, it found out that a run before it had.
        """
        at = datetime.fromtimestamp(loser.at, UTC)
        known = {"field": each.external, "value": _like(final), "at": at, "deadline": DEADLINE}
        found = database.rows(self.scene.engine, _GAP, **known)
        return bool(found[0]["count"])

    def agreed(self) -> dict[str, dict[str, Any]]:
        """Name → field → value, of the records that are on both sides and agree."""
        words, result = self.scene.words, {}
        bad = self._held | {each.record for each in self.verdict.findings}
        for record in self.scene.records.values():
            inside, outside = self.sides.inside.get(record.name, []), self.sides.outside.get(record.name, [])
            if len(inside) == len(outside) == 1 and record.name not in bad:
                result[record.name] = {
                    each.internal: words.from_inside(each, inside[0][each.internal]) for each in FIELDS[record.type]
                }
        return result
