"""What a person decides of records that could not be matched: which two belong together, or that one is new (G20, G21).

Held are records with several matches, or with one that is linked already; creates of which the answer was lost and
which may have made any of several records; and records whose counterpart was merged into another one's. Two that
belong together are linked without bases, so that the first-link rule decides of their fields; one that is new is made
by the next run, whatever matches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modstamp.engine.answers import Ledger, settle_answers
from modstamp.engine.context import Context
from modstamp.engine.environment import Environment, Job
from modstamp.engine.frames import column, left_over
from modstamp.engine.handoff import Tally
from modstamp.engine.judge import NOT_VISIBLE
from modstamp.engine.moves import without_bases
from modstamp.engine.recover import answer_of
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Column, Direction, Operation, Outcome, Presence, Side, Status, Value
from modstamp.ports import Transaction

Row = Mapping[Any, Any]
_REASON = "matched by a person"
_LOOK = "`modstamp matches` lists what waits"
_PAGE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """One record that waits for a person. `record_id` and `candidates`: ids of the direction's source and target."""

    mapping: str
    direction: Direction
    record_id: str
    reason: str
    candidates: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        inward = self.direction is Direction.POLLING
        return {
            "mapping": self.mapping,
            "direction": str(self.direction),
            "internal_id": None if inward else self.record_id,
            "external_id": self.record_id if inward else None,
            "candidates": list(self.candidates),
            "reason": self.reason,
        }


def waiting(environment: Environment) -> Iterator[Unmatched]:
    """Everything of one mapping, in the order of ids, page by page."""
    name = environment.mapping.name
    for direction in Direction:
        after = ""
        while True:
            with environment.store.begin(read_only=True) as tx:
                found = tx.quarantine.unmatched(name, direction, after, _PAGE).to_dict("records")
            yield from (_unmatched(name, direction, row) for row in found if _is_open(row))
            if len(found) < _PAGE:
                break
            after = found[-1]["record_id"]


def _unmatched(name: str, direction: Direction, row: Row) -> Unmatched:
    return Unmatched(
        mapping=name,
        direction=direction,
        record_id=row["record_id"],
        reason=row["reason"],
        candidates=row["detail"].get("candidates") or (),
    )


def _is_open(row: Row) -> bool:
    return row["kind"] in ("ambiguous", "held") and row["reason"] != NOT_VISIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What belongs together; one of the two ids may be None: the other record is new."""

    internal_id: str | None
    external_id: str | None

    def id_at(self, side: Side) -> str | None:
        return self.internal_id if side is Side.INTERNAL else self.external_id

    def known(self) -> dict[Direction, str]:
        """Direction → the id by which its runs know the record."""
        return {each: found for each in Direction if (found := self.id_at(each.source)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """`intent`: of a create that is held. `read_at`: when the external record was read."""

    job: Job
    tx: Transaction
    pair: Pair
    read_at: Value
    intent: Row | None


def decide(environment: Environment, pair: Pair, who: str, run_id: str) -> str:
    """Carry a person's word out, and say in words what follows.

    Raises `ConfigurationError` when nothing of the two waits for a decision, or it cannot be carried out, and
    `LeaseHeldError` while a push is at work.
    """
    read_at = _external(environment, pair.external_id) if pair.external_id else None
    store, name = environment.store, environment.mapping.name
    lease = store.grant(name, Direction.PUSHING, run_id)
    job = Job(environment=environment, lease=lease, run_id=run_id, context=Context(), tally=Tally())
    try:
        with store.begin() as tx:
            tx.leases.check(lease)
            words = _carry_out(_scene(job, tx, pair, read_at))
            about = f"{name}: {pair.internal_id or 'new'} and {pair.external_id or 'new'}"
            tx.adoption.note(who, [("matched", about, {"internal": pair.internal_id, "external": pair.external_id})])
            if None in (pair.internal_id, pair.external_id):
                for direction, record in pair.known().items():
                    tx.choices.put(name, direction, record, who)
    finally:
        store.give_back(lease)
    return words


def _external(environment: Environment, record_id: str) -> Value:
    """When it was read. Raises `ConfigurationError` unless the record is there."""
    mapping = environment.mapping
    found = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), [record_id])
    if found[Column.STATE][0] != Presence.FOUND or found[Column.MOVED_TO][0] is not None:
        raise _refused(f"{mapping.external_type} {record_id}", "it is not visible, deleted, or became another record")
    read_at: Value = found[Column.READ_AT][0]
    return read_at


def _refused(where: str, what: str, fix: str = _LOOK) -> ConfigurationError:
    return ConfigurationError([Problem(where, what, fix)])


def _scene(job: Job, tx: Transaction, pair: Pair, read_at: Value) -> _Scene:
    """Raises `ConfigurationError` unless something of the two waits, and neither is in another's hands."""
    mapping = job.environment.mapping
    mine, theirs = (_living(tx, mapping.name, side, pair.id_at(side)) for side in Side)
    opened = tx.intents.all_open(mapping.name).to_dict("records")
    intent = next((each for each in opened if mine and each["link_id"] == mine["link_id"]), None)
    held = [
        row
        for direction, record in pair.known().items()
        for row in tx.quarantine.waiting(mapping.name, direction, [record]).to_dict("records")
    ]
    about = f"{mapping.internal} {pair.internal_id or 'new'}, {mapping.external_type} {pair.external_id or 'new'}"
    if not any(_is_open(row) for row in held):
        raise _refused(about, "nothing of it waits for a decision")
    if theirs is not None:
        raise _refused(about, f"{pair.external_id} is linked to {mapping.internal} {theirs['internal_id'] or '(new)'}")
    if mine is not None and (intent is None or intent["operation"] != Operation.CREATE):
        raise _refused(about, f"{pair.internal_id} is linked to {mine['external_id']}")
    return _Scene(job=job, tx=tx, pair=pair, read_at=read_at, intent=intent)


def _living(tx: Transaction, mapping: str, side: Side, record: str | None) -> Row | None:
    links = tx.links.of(mapping, side, [record], lock=True).to_dict("records") if record else []
    return next((row for row in links if row["state"] != "tombstone"), None)


def _carry_out(scene: _Scene) -> str:
    mapping, pair = scene.job.environment.mapping, scene.pair
    if scene.intent is not None:
        shown = {Column.READ_AT.value: scene.read_at}
        outcome = Outcome(status=Status.OK, id=pair.external_id, shown=shown) if pair.external_id else None
        settle_answers(
            Ledger(job=scene.job, tx=scene.tx), [answer_of(scene.intent, outcome or Outcome(status=Status.RETRY))]
        )
    elif pair.internal_id and pair.external_id:
        _link(scene)
    _wake(scene)
    if pair.internal_id and pair.external_id:
        for direction, record in pair.known().items():
            scene.tx.quarantine.release(mapping.name, direction, [record])
        return f"{mapping.internal} {pair.internal_id} and {mapping.external_type} {pair.external_id} are linked"
    direction = Direction.PUSHING if pair.internal_id else Direction.POLLING
    if not mapping.is_on(direction) or not mapping.toggles(direction).create.on:
        raise _refused(mapping.name, f"{direction} creates nothing", "switch create on in the mapping file")
    kind = mapping.external_type if pair.internal_id else mapping.internal
    return f"the next {direction} run makes a new {kind} of {pair.internal_id or pair.external_id}"


def _link(scene: _Scene) -> None:
    """Without bases. Raises `ConfigurationError` when the internal record is gone, or in another mapping's hands."""
    mapping, pair, tx = scene.job.environment.mapping, scene.pair, scene.tx
    ids = [pair.internal_id or ""]
    record = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), ids, lock=True)
    about = f"{mapping.internal} {pair.internal_id}"
    if record[Column.STATE][0] != Presence.FOUND:
        raise _refused(about, "there is no such record")
    family = tx.links.in_family(mapping, ids)
    if len(family):
        raise _refused(about, f"{column(family, 'mapping')[0]} links it to {column(family, 'external_id')[0]}")
    tx.links.add(mapping, without_bases([(pair.internal_id or "", pair.external_id or "")]))


def _wake(scene: _Scene) -> None:
    """Both directions look at what they know, as neither record need have changed (G6)."""
    mapping = scene.job.environment.mapping
    for direction, record in scene.pair.known().items():
        if mapping.is_on(direction):
            scene.tx.pending.leave(mapping.name, direction, left_over([record], _REASON))
