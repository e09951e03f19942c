"""Step 4 of a push: the target's answers become bases, log, history and quarantine; intents are closed (G18, G19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from typing import Any

from modstamp import instants
from modstamp.engine.environment import Job
from modstamp.engine.frames import frame
from modstamp.engine.shorten import is_shortened
from modstamp.model import Action, Column, Direction, Operation, Outcome, Presence, Side, Status, Value, Values
from modstamp.ports import LINK_COLUMNS, Transaction

_REFUSED = {Status.REJECTED: "rejected", Status.EXISTS: "ambiguous"}
_LATER = (Status.RETRY, Status.LOCKED, Status.CONFLICT)
_HELD_AS = {**_REFUSED, Status.UNKNOWN: "held"}
_WORDS = {Operation.CREATE: "created", Operation.UPDATE: "updated", Operation.DELETE: "deleted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One action with its outcome.

    `internal_values`: internal field → value that the action carried. `old`: external field → value before. `rules`:
    external field → why it was written. `values_of_both`: see `Plan`. `answered_at`: the target's clock at the answer.
    """

    link_id: int
    internal_id: str
    counter: int | None  # of the pending entry; None: it stays
    action: Action
    internal_values: Values
    outcome: Outcome
    old: Values = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    values_of_both: str = ""
    answered_at: datetime | None = None
    entry: int | None = None  # of the pending entry that a refusal ends; None: `counter` says it, too

    @property
    def ended(self) -> int | None:
        """The pending entry that is done with."""
        return self.entry if self.entry and self.outcome.status in _REFUSED else self.counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Where answers are written down.

    `tries_again`: this very run will try locked records once more, so that nothing is told of them yet.
    """

    job: Job
    tx: Transaction
    tries_again: bool = False


def settle_answers(ledger: Ledger, answers: Sequence[Answer]) -> None:
    """Row by row where a link changes, as each answer has its own fields; written set by set."""
    answers = _not_linked_meanwhile(ledger, answers)
    done = [each for each in answers if _is_done(each)]
    refused = [each for each in answers if each.outcome.status in _REFUSED]
    later = [each for each in answers if each.outcome.status in _LATER or _is_gone(each)]
    told = [each for each in later if not (ledger.tries_again and each.outcome.status is Status.LOCKED)]
    _save_links(ledger, done)
    _drop_pending(ledger, [*done, *refused])
    if done:
        ids = [each.internal_id for each in done]
        ledger.tx.quarantine.release(ledger.job.environment.mapping.name, Direction.PUSHING, ids)
        ledger.tx.choices.drop(ledger.job.environment.mapping.name, Direction.PUSHING, ids)
    _quarantine(ledger, refused)
    _write_history(ledger, done)
    closed = [*done, *refused, *later]
    unanswered = [each for each in answers if each.outcome.status is Status.UNKNOWN]
    _write_log(ledger, done, refused, [*told, *unanswered])
    ledger.tx.intents.close([each.link_id for each in closed])
    ledger.tx.links.discard([each.link_id for each in [*refused, *later] if each.action.operation is Operation.CREATE])
    ledger.job.tally.add("again", len(told))
    ledger.job.tally.add("unanswered", len(unanswered))


def hold_open(ledger: Ledger, answers: Sequence[Answer]) -> None:
    """Shown to a person while their intents stay open: neither half may be taken for new (G20, G21)."""
    _quarantine(ledger, answers)
    _write_log(ledger, (), answers, ())


def _not_linked_meanwhile(ledger: Ledger, answers: Sequence[Answer]) -> list[Answer]:
    """A create whose record a poll has linked to another one before our answer was here is held, and the others go on.

    A poll knows our record by its match key; who changes the key in between leaves nothing to know it by.
    """
    created = [each.outcome.id for each in answers if each.action.operation is Operation.CREATE and each.outcome.id]
    if not created:
        return list(answers)
    environment = ledger.job.environment
    names = [each.name for each in (environment.mapping, *environment.siblings)]
    links = [row for name in names for row in ledger.tx.links.of(name, Side.EXTERNAL, created).to_dict("records")]
    alive = {row["external_id"]: row["link_id"] for row in links if row["state"] != "tombstone"}
    message = "the record that was created for it was linked to another one before the answer came"
    taken = Outcome(status=Status.EXISTS, code="LINKED_MEANWHILE", message=message)
    return [
        each if alive.get(each.outcome.id, each.link_id) == each.link_id else replace(each, outcome=taken)
        for each in answers
    ]


def _is_done(answer: Answer) -> bool:
    gone = answer.action.operation is Operation.DELETE and answer.outcome.status is Status.MISSING
    return answer.outcome.status is Status.OK or gone


def _is_gone(answer: Answer) -> bool:
    """An update of a record that is no longer there: the next run reads why, and decides."""
    return answer.outcome.status is Status.MISSING and answer.action.operation is not Operation.DELETE


def _save_links(ledger: Ledger, done: Sequence[Answer]) -> None:
    if not done:
        return
    mapping = ledger.job.environment.mapping
    links = ledger.tx.links.of(mapping.name, Side.INTERNAL, [each.internal_id for each in done], lock=True)
    by_id: dict[int, Mapping[Any, Any]] = {row["link_id"]: row for row in links.to_dict("records")}
    externals = {each.internal: each.external for each in mapping.fields}
    us = ledger.job.environment.connector.user()
    rows = [_after(by_id[each.link_id], each, externals, us) for each in done if each.link_id in by_id]
    _warn_of_cuts(ledger, [each for each in done if each.link_id in by_id], by_id)
    ledger.tx.links.save(frame({name: [row[name] for row in rows] for name in LINK_COLUMNS}))


def _warn_of_cuts(ledger: Ledger, done: Sequence[Answer], links: Mapping[int, Mapping[Any, Any]]) -> None:
    """Once per record and field: not again as long as what was sent before had to be shortened too."""
    fields = [row for row in ledger.job.environment.mapping.fields if row.too_long == "shorten"]
    told: list[tuple[Answer, str]] = []
    for each, row in product(done, fields):
        if each.action.operation is Operation.DELETE:
            continue
        whole, sent, link = (
            each.internal_values.get(row.internal),
            each.action.values.get(row.external),
            links[each.link_id],
        )
        before = is_shortened(link["external_base"].get(row.external), link["internal_base"].get(row.internal))
        if is_shortened(sent, whole) and not before:
            lengths = f"from {len(str(whole)):,} to {len(str(sent)):,} characters"
            told.append((each, f"{row.external} was shortened {lengths}"))
    if told:
        ledger.job.tally.add("shortened", len(told))
        size = len(told)
        _log(ledger, [each for each, _ in told], ["warning"] * size, ["SHORTENED"] * size, [words for _, words in told])


def _after(link: Mapping[Any, Any], answer: Answer, externals: Mapping[str, str], us: str) -> dict[Any, Any]:
    """The link once this answer counts. What the target shows for a field we sent is its base, else what we sent.

    Where somebody else changed the record between our write and the read-back, what differs is their edit.
    """
    if answer.action.operation is Operation.DELETE:
        return {**link, "state": "tombstone", "deleted_side": "both", "read_at": _later(answer, link)}
    shown, sent = _shown(answer.outcome), answer.action.values
    ours = shown.get(Column.MODIFIED_BY) in (None, us)
    external_base: dict[str, Value] = dict(link["external_base"])
    unconfirmed = dict(link["unconfirmed"])
    for internal, value in answer.internal_values.items():
        external = externals[internal]
        if ours and external in shown and (external in sent or value is not None):
            external_base[external] = shown[external]
        else:  # of a create: what the server puts into a field that we left blank is an edit like any other
            external_base[external] = sent.get(external)
        if external in sent and external not in shown:
            unconfirmed[external] = value
    return {
        **link,
        "external_id": answer.outcome.id or link["external_id"],
        "state": "live",
        "internal_base": {**link["internal_base"], **answer.internal_values},
        "external_base": external_base,
        "unconfirmed": unconfirmed,
        "decisions": {name: made for name, made in link["decisions"].items() if name not in answer.internal_values},
        "read_at": _later(answer, link),
    }


def _later(answer: Answer, link: Mapping[Any, Any]) -> datetime | None:
    return max(filter(None, (_known_at(answer), link["read_at"])), default=None)


def _shown(outcome: Outcome) -> Values:
    """What the read-back tells of the fields: nothing, where it did not find the record."""
    shown = outcome.shown or {}
    return shown if shown.get(Column.STATE, Presence.FOUND) == Presence.FOUND else {}


def _known_at(answer: Answer) -> datetime | None:
    """Rows that were read by then are older than this write (G17)."""
    read = (answer.outcome.shown or {}).get(Column.READ_AT)
    return answer.answered_at if read is None else instants.from_text(str(read))


def _drop_pending(ledger: Ledger, answers: Sequence[Answer]) -> None:
    if answers:
        entries = {"record_id": [each.internal_id for each in answers], "counter": [each.ended for each in answers]}
        ledger.tx.pending.drop(ledger.job.environment.mapping.name, Direction.PUSHING, frame(entries))


def _quarantine(ledger: Ledger, refused: Sequence[Answer]) -> None:
    if not refused:
        return
    size = len(refused)
    rows = {
        "record_id": [each.internal_id for each in refused],
        "kind": [_HELD_AS[each.outcome.status] for each in refused],
        "code": [each.outcome.code[:100] for each in refused],
        "reason": [each.outcome.message for each in refused],
        "detail": [
            {"values": each.values_of_both, "sent": dict(each.action.values), **_candidates(each)} for each in refused
        ],
        "stamp": [None] * size,
        "hash": [None] * size,
        "mapping_hash": [ledger.job.environment.mapping_hash] * size,
        "run_id": [ledger.job.run_id] * size,
    }
    ledger.tx.quarantine.put(ledger.job.environment.mapping.name, Direction.PUSHING, frame(rows))


def _candidates(answer: Answer) -> dict[str, Any]:
    """What a create without an answer may have made."""
    return {"candidates": list(answer.outcome.candidates)} if answer.outcome.candidates else {}


def _write_history(ledger: Ledger, done: Sequence[Answer]) -> None:
    """The new value is what the target shows, where it showed it, so that undoing knows it from a later edit."""
    written = [
        (each, name) for each in done if each.action.operation is Operation.UPDATE for name in each.action.values
    ]
    if written:
        size = len(written)
        rows = {
            "run_id": [ledger.job.run_id] * size,
            "mapping": [ledger.job.environment.mapping.name] * size,
            "link_id": [each.link_id for each, _ in written],
            "side": [str(Side.EXTERNAL)] * size,
            "field": [name for _, name in written],
            "old": [each.old.get(name) for each, name in written],
            "new": [_shown(each.outcome).get(name, each.action.values[name]) for each, name in written],
            "rule": [each.rules.get(name, "edit") for each, name in written],
        }
        ledger.tx.journal.history(frame(rows))


def _write_log(ledger: Ledger, done: Sequence[Answer], refused: Sequence[Answer], waiting: Sequence[Answer]) -> None:
    """One row per answer, and so one per record that was not done, whoever will do it (G29)."""
    all_of_them = [*done, *refused, *waiting]
    for each in done:
        ledger.job.tally.add(_WORDS[each.action.operation], 1)
    for each in refused:
        word = "quarantined" if each.outcome.status is Status.REJECTED else "ambiguous"
        ledger.job.tally.add(word, 1, f"{each.outcome.code}: {each.outcome.message}"[:200])
    words = [_WORDS[each.action.operation] for each in done]
    words += ["quarantined"] * len(refused) + ["waiting"] * len(waiting)
    outcomes = [each.outcome for each in all_of_them]
    _log(ledger, all_of_them, words, [each.code[:100] for each in outcomes], [each.message for each in outcomes])


def _log(ledger: Ledger, answers: Sequence[Answer], statuses: list[str], codes: list[str], messages: list[str]) -> None:
    mapping, size = ledger.job.environment.mapping, len(answers)
    if not size:
        return
    rows = {
        "run_id": [ledger.job.run_id] * size,
        "mapping": [mapping.name] * size,
        "direction": [str(Direction.PUSHING)] * size,
        "status": statuses,
        "code": codes,
        "message": messages,
        "internal_type": [mapping.internal] * size,
        "internal_id": [each.internal_id for each in answers],
        "external_type": [mapping.external_type] * size,
        "external_id": [each.outcome.id or each.action.id for each in answers],
    }
    ledger.tx.journal.log(frame(rows))
