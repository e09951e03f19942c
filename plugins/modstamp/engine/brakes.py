"""Brakes: a run that would write far more than usual, or finds a side empty, stops before writing and asks (G28).

Three looks, each dearer than the one before, the next only when a limit may be passed: how many rows were staged; how
many of their records are linked; what the plan of every batch would do. The question and its answer are a `Hold` in the
state. An answer is carried out by a run that reads everything anew: hours may lie between the two.

A window that takes several runs is counted as a whole: each run adds what those before it have done. An approval names
the operation and the number that the whole window is expected to come to, and is good until the window is read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from modstamp import instants
from modstamp.engine import amounts, load
from modstamp.engine.amounts import EMPTIED
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column
from modstamp.engine.handoff import Handoff
from modstamp.errors import RunHeldError
from modstamp.model import Column, Direction, Operation, Presence, Window
from modstamp.ports import Cursor, Hold
from modstamp.settings import RunLimit, Settings

_SMALL_BASE = 25  # linked records: with fewer, half of them may well go in a day
_MARGIN, _SHARE_OF_MARGIN = 10, 0.1  # by how much what is done may exceed what was approved


@dataclass(frozen=True, slots=True)
class Excess:
    """One limit that would be passed. `kind`: an operation, or `EMPTIED`; `records`: up to the end of this run.

    `expected`: up to the end of its window.
    """

    kind: str
    records: int
    expected: int
    words: str


@dataclass(frozen=True, slots=True)
class Question:
    """Every limit that a run would pass."""

    excesses: tuple[Excess, ...]
    more: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """What an approval of this question allows."""
        return {each.kind: each.expected for each in self.excesses}

    @property
    def words(self) -> str:
        return "; ".join(each.words for each in self.excesses) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How the mapping stands. `inside`: records of the internal type. `first`: a poll that was never whole before.

    `done`: by earlier runs of the same window.
    """

    linked: int
    inside: int
    first: bool
    done: amounts.Amounts

    @property
    def before(self) -> int:
        """Records that were linked when the window was opened."""
        return max(0, self.linked + self.done.get(EMPTIED, 0) - self.done.get(Operation.CREATE, 0))


def let_pass(environment: Environment, handoff: Handoff) -> bool:
    """Whether the run stays within its limits even if each of its rows were to be written. Calls nobody."""
    standing = _standing(environment, handoff)
    return not _emptied_inside(standing) and not _excesses(environment, handoff, standing, _most(environment, handoff))


def look(environment: Environment, handoff: Handoff) -> Question | None:
    """What the run is to be held for. Writes nothing; when pushing, the last look calls the other system."""
    if not sum(part.rows for part in handoff.parts):
        return None
    standing = _standing(environment, handoff)
    if _emptied_inside(standing):
        words = f"there is no {environment.mapping.internal} left, while {standing.linked:,} of them are linked"
        return Question((Excess(EMPTIED, standing.linked, standing.linked, words),))
    bound = _most(environment, handoff)
    for dearer in (_by_links, _by_plans):
        excesses = _excesses(environment, handoff, standing, bound)
        if not excesses:
            return None
        if _is_approved(environment, handoff, Question(excesses)):
            return Question(excesses)  # as much may be done, so that nobody need know how much it is
        bound = dearer(environment, handoff, standing)
    excesses = _excesses(environment, handoff, standing, bound)
    return _of_window(environment, handoff, standing, bound) if excesses else None


def _is_approved(environment: Environment, handoff: Handoff, question: Question) -> bool:
    """Of a push alone: a poll's question is about its whole window, which only `_of_window` tells."""
    if handoff.direction is Direction.POLLING:
        return False
    with environment.store.begin(read_only=True) as tx:
        hold = tx.holds.get(environment.mapping.name, handoff.direction)
    return (
        hold is not None
        and hold.decision == "approved"
        and _answered(environment.settings, hold, environment.store.now())
        and _covers(hold, question)
    )


def _emptied_inside(standing: _Standing) -> bool:
    return standing.inside == 0 and standing.linked >= _SMALL_BASE


def _most(environment: Environment, handoff: Handoff) -> Mapping[str, int]:
    """What the run could do at the most."""
    rows, gone = sum(part.rows for part in handoff.parts), sum(part.deleted for part in handoff.parts)
    deleted = rows if environment.mapping.deletes_canceled else gone
    return {Operation.CREATE: rows - gone, Operation.UPDATE: rows - gone, Operation.DELETE: deleted, EMPTIED: gone}


def _of_window(environment: Environment, handoff: Handoff, standing: _Standing, here: Mapping[str, int]) -> Question:
    """What the whole window comes to if the rest of it is like this slice: one counted call."""
    rest = 0 if handoff.whole or handoff.upper is None else _still_to_be_read(environment, handoff)
    parts = 1 + rest / max(1, handoff.counts.get("seen", 0))
    coming = {kind: math.ceil(records * parts) for kind, records in here.items()}
    excesses = tuple(
        replace(each, records=here[each.kind] + standing.done.get(each.kind, 0))
        for each in _excesses(environment, handoff, standing, coming)
    )
    more = f"; {rest:,} records of its window are still to be read, and are counted as if they were like the others"
    return Question(excesses, more if rest else "")


def _still_to_be_read(environment: Environment, handoff: Handoff) -> int:
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        cursor = tx.cursors.get(mapping.name)
    upper = cursor.upper or environment.connector.now()
    window = Window(lower=cursor.lower, upper=upper, after=handoff.reached_place or cursor.after)
    return environment.connector.count(mapping.external_type, window)


def foretell(environment: Environment, handoff: Handoff, counts: Mapping[str, int]) -> str:
    """What a dry run says about a run that would be held; `counts`: of its plans, by `Kind`."""
    standing, exact = _standing(environment, handoff), amounts.planned(counts)
    excesses = _excesses(environment, handoff, standing, exact)
    if excesses:
        return f"a run would be held: {Question(excesses).words}"
    if exact[Operation.CREATE] > _allowed(environment, replace(standing, first=False), Operation.CREATE):
        return "a run would not be held: creates inside by a first load are not limited"
    return ""


def _standing(environment: Environment, handoff: Handoff) -> _Standing:
    mapping = environment.mapping
    with environment.store.begin(read_only=True) as tx:
        cursor = tx.cursors.get(mapping.name)
        return _Standing(
            linked=tx.links.count(mapping.name),
            inside=tx.records.count(mapping.internal),
            first=cursor.cursor is None and handoff.direction is Direction.POLLING and not handoff.origin,
            done=cursor.done if handoff.upper is not None else {},
        )


def _excesses(
    environment: Environment, handoff: Handoff, standing: _Standing, counts: Mapping[str, int]
) -> tuple[Excess, ...]:
    """The limits that these counts pass, in words."""
    mapping, direction, found = environment.mapping, handoff.direction, []
    target = mapping.internal if direction is Direction.POLLING else mapping.external_type
    for operation in Operation:
        allowed = _allowed(environment, standing, operation)
        here, earlier = counts.get(operation, 0), standing.done.get(operation, 0)
        records = here + earlier
        if mapping.toggles(direction).of(operation).on and here and records > allowed:
            words = f"it would {operation} {records:,} {target} records, and may {operation} {allowed:,.0f} unasked"
            words += f" ({earlier:,} of them are done by earlier runs of this window)" if earlier else ""
            found.append(Excess(str(operation), records, records, words))
    here, share = counts.get(EMPTIED, 0), environment.settings.emptied_share
    gone = here + standing.done.get(EMPTIED, 0)
    if here and gone >= _SMALL_BASE and gone > share * standing.before:
        source = mapping.external_type if direction is Direction.POLLING else mapping.internal
        words = f"{gone:,} of {standing.before:,} linked {source} records are deleted"
        found.append(Excess(EMPTIED, gone, gone, words))
    return tuple(found)


def _allowed(environment: Environment, standing: _Standing, operation: Operation) -> float:
    """How many records one run may do this to. A first load's creates inside are what it is for."""
    own, usual = environment.mapping.limits.of(operation), _usual(environment.settings, operation)
    if not own.on or (operation is Operation.CREATE and standing.first):
        return math.inf
    share = usual.share if own.share is None else own.share
    records = usual.records if own.records is None else own.records
    return min(records, max(usual.floor, int(share * standing.before)))


def _usual(settings: Settings, operation: Operation) -> RunLimit:
    limits = {
        Operation.CREATE: settings.create_limit,
        Operation.UPDATE: settings.update_limit,
        Operation.DELETE: settings.delete_limit,
    }
    return limits[operation]


def _by_links(environment: Environment, handoff: Handoff, standing: _Standing) -> Mapping[str, int]:
    """The most that could be done, knowing which of the rows are linked."""
    mapping, direction = environment.mapping, handoff.direction
    found = linked = gone = 0
    for part in handoff.parts:
        records = environment.staging.read(part.reference)
        ids, deleted = column(records, Column.ID), column(records, Column.STATE) == Presence.DELETED
        with environment.store.begin(read_only=True) as tx:
            known = tx.links.translate(mapping.connection, mapping.internal, direction.source, ids.tolist())
        found += int((~deleted).sum())
        linked += sum(each in known for each in ids[~deleted])
        gone += sum(each in known for each in ids[deleted])
    updated = found
    if direction is Direction.POLLING:  # an unlinked row can only update a record that nothing is linked to yet
        updated = linked + min(found - linked, max(0, standing.inside - standing.linked))
    created = found if mapping.after_delete == "recreate" else found - linked
    deleted = gone + linked if mapping.deletes_canceled else gone
    return {Operation.CREATE: created, Operation.UPDATE: updated, Operation.DELETE: deleted, EMPTIED: gone}


def _by_plans(environment: Environment, handoff: Handoff, standing: _Standing) -> Mapping[str, int]:
    """Exactly what would be done."""
    del standing
    counts: Counter[str] = Counter()
    for planned in load.plans(environment, handoff):
        counts += planned.counts()
    return amounts.planned(counts)


def ask(job: Job, question: Question) -> Hold | None:
    """Store the question, unless a person has approved as much: then None, and the run goes on."""
    direction, store = job.lease.direction, job.environment.store
    with store.begin() as tx:
        tx.leases.check(job.lease)
        known, now = tx.holds.get(job.environment.mapping.name, direction), store.now()
        valid = known if known and _answered(job.environment.settings, known, now) else None
        covered = valid is not None and _covers(valid, question)
        if covered and valid and valid.decision == "approved":
            return None
        hold = Hold(
            mapping=job.environment.mapping.name,
            direction=direction,
            run_id=job.run_id,
            message=f"nothing was written: {question.words}",
            counts=question.counts,
            asked_at=now,
            counted_at=now,
        )
        if known and known.decision is None:
            hold = replace(hold, asked_at=known.asked_at)
        elif covered and valid:
            hold = replace(valid, counted_at=now)
        tx.holds.put(hold)
        cursor = tx.cursors.get(job.environment.mapping.name)
        if direction is Direction.POLLING and cursor.after is None:
            # Nothing of the window has landed, so the next run may read up to its own time (G3).
            tx.cursors.put(job.environment.mapping.name, Cursor(cursor=cursor.cursor))
    return hold


def _answered(settings: Settings, hold: Hold, now: datetime) -> bool:
    """Whether somebody has decided, not too long ago."""
    return hold.decided_at is not None and now < hold.decided_at + settings.answer_validity


def _covers(hold: Hold, question: Question) -> bool:
    return all(
        each.records <= hold.counts.get(each.kind, -math.inf) * (1 + _SHARE_OF_MARGIN) + _MARGIN
        for each in question.excesses
    )


def wait_for_answer(environment: Environment, direction: Direction) -> None:
    """Raises `RunHeldError` while a question waits: looking again at every turn would use up the day's calls."""
    mapping, settings = environment.mapping, environment.settings
    with environment.store.begin(read_only=True) as tx:
        hold = tx.holds.get(mapping.name, direction)
    now = environment.store.now()
    if hold is None or (hold.decision == "approved" and _answered(settings, hold, now)):
        return
    again = hold.counted_at + settings.recount
    if now < again:
        rejected = f"; rejected by {hold.decided_by}" if hold.decision == "rejected" else ""
        raise RunHeldError(
            f"{hold.message}{rejected}. To let it pass: `modstamp approve {mapping.name} {direction}`; "
            f"it is counted again at {instants.to_text(again)}"
        )


def settle(job: Job, question: Question | None, *, ended: bool) -> None:
    """After a completed run: an approval that was used has had its turn, and a question that no longer arises goes.

    `ended`: no other run goes on with the window. Until then an approval stays.
    """
    name, direction = job.environment.mapping.name, job.lease.direction
    with job.environment.store.begin() as tx:
        hold = tx.holds.get(name, direction)
        if hold and (hold.decision != "approved" or (ended and (question or job.in_window))):
            tx.holds.drop(name, direction)
