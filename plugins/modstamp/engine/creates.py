"""Creates without an own key whose answer was lost: found among what our user created at that time (G21).

Creator and time say which records can be theirs; what was sent says whose. First all of it, then the match key, then,
where somebody has edited the key meanwhile, the rest. What is found is linked, deleted or not: a record that is gone
by now was created, and is not created again. What cannot be told stays open, so that nothing takes either half for
new, and a person is shown it. Creates of other mappings of the same external type take part, so that none of them is
given the record of another; they are settled by their own mapping.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from modstamp.engine import look
from modstamp.engine.environment import Environment
from modstamp.engine.frames import column
from modstamp.instants import epochs
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Outcome, Presence, Side, Status

Row = Mapping[Any, Any]
UNTOLD = "SEVERAL_FOUND"
_LIKE, _FEWEST = 0.5, 2  # share and number of the values that were sent, beside the match key, that must be there
_SHARED = frozenset({"boolean", "choice", "reference"})  # kinds whose values many records have in common


@dataclass(frozen=True, slots=True)
class _Record:
    """One that our user created, and that no link knows. `made`: when, in epoch seconds."""

    row: Row
    made: float

    @property
    def id(self) -> str:
        return str(self.row[Column.ID])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Intents, and the records that nobody has been given yet. `known`: link id → what became of its intent."""

    environment: Environment
    intents: list[Row]
    records: dict[str, _Record]
    known: dict[int, Outcome] = field(default_factory=dict)

    @property
    def mappings(self) -> dict[str, TypeMapping]:
        """By name, the ones whose intents these may be."""
        return {each.name: each for each in (self.environment.mapping, *self.environment.siblings)}

    def open(self) -> list[Row]:
        return [row for row in self.intents if row["link_id"] not in self.known]

    def fitting(self, row: Row, records: Iterable[_Record] | None = None) -> list[_Record]:
        """Those that were created while the intent was on its way, and are still to be given."""
        began, ends = _span(self.environment, row)
        among = self.records.values() if records is None else records
        return [each for each in among if began <= each.made <= ends and each.id in self.records]

    def give(self, row: Row, record: _Record) -> None:
        del self.records[record.id]
        # The sent values are the bases, unconfirmed: what the record shows by now may be somebody's edit (G19).
        shown = {Column.READ_AT.value: record.row[Column.READ_AT]}
        self.known[row["link_id"]] = Outcome(status=Status.OK, id=record.id, shown=shown)

    def hold(self, row: Row, candidates: Iterable[_Record]) -> None:
        ids = tuple(sorted(each.id for each in candidates))
        why = "the answer to its creation was lost, and what was sent does not tell which record it is"
        message = f"{why}: {', '.join(ids)}"
        self.known[row["link_id"]] = Outcome(status=Status.UNKNOWN, code=UNTOLD, message=message, candidates=ids)


def clusters(environment: Environment, intents: Sequence[Row]) -> list[list[Row]]:
    """Creates whose times meet, in the order of their times: no record can belong to an intent of two of them.

    One that has been held for weeks would make a single span of everything since.
    """
    found: list[list[Row]] = []
    until = float("-inf")
    for row in sorted(intents, key=lambda each: _span(environment, each)):
        began, ends = _span(environment, row)
        if began > until:
            found.append([])
        found[-1].append(row)
        until = max(until, ends)
    return found


def settle_creates(environment: Environment, intents: Sequence[Row], now: datetime) -> list[tuple[Row, Outcome]]:
    """The outcomes of those that are due; UNKNOWN with a reason for what is held. `intents`: a whole cluster."""
    due = [row for row in intents if row["mapping"] == environment.mapping.name and row["recover_after"] <= now]
    if not due:
        return []
    # Those that are not due yet take part, so that nobody else is given their records.
    search = _Search(environment=environment, intents=list(intents), records=_candidates(environment, due))
    _by_everything(search)
    _by_key(search)
    _by_likeness(search)
    for row in search.open():
        if candidates := search.fitting(row):
            search.hold(row, candidates)
    nothing = Outcome(status=Status.RETRY)
    return [(row, search.known.get(row["link_id"], nothing)) for row in due]


def _span(environment: Environment, row: Row) -> tuple[float, float]:
    """When its record was created, if it was; by the target's clock."""
    began: datetime = row["began_at"] or row["created_at"]
    ends = began + environment.settings.answer_wait(creates=False)
    return (began - look.CLOCKS).timestamp(), ends.timestamp()


def _candidates(environment: Environment, due: Sequence[Row]) -> dict[str, _Record]:
    """What our user created in that time and no link of the type's mappings knows, by id."""
    mapping, spans = environment.mapping, [_span(environment, row) for row in due]
    since, until = (datetime.fromtimestamp(each, UTC) for each in (min(spans)[0], max(ends for _, ends in spans)))
    every = (mapping, *environment.siblings)
    fields = dict.fromkeys(name for each in every for name in each.field_names(Side.EXTERNAL))
    found = environment.connector.created(mapping.external_type, list(fields), since, until)
    ids = column(found, Column.ID).tolist()
    with environment.store.begin(read_only=True) as tx:
        linked = {
            record for each in every for record in column(tx.links.of(each.name, Side.EXTERNAL, ids), "external_id")
        }
    made = epochs(column(found, Column.CREATED_AT))
    records = [_Record(row, at) for row, at in zip(found.to_dict("records"), made, strict=True)]
    return {each.id: each for each in records if each.id not in linked}


def _by_everything(search: _Search) -> None:
    """Records that show all that was sent. Twins are told apart by count; intents that say more choose first."""
    by_names: dict[tuple[str, ...], dict[Any, list[Row]]] = {}
    for row in search.open():
        names = tuple(sorted(row["sent"]))
        by_names.setdefault(names, {}).setdefault(_signature(row["sent"], names), []).append(row)
    for names, twins in sorted(by_names.items(), key=lambda each: -len(each[0])):
        showing: dict[Any, list[_Record]] = {}
        for record in search.records.values() if names else ():
            showing.setdefault(_signature(record.row, names), []).append(record)
        for signature, rows in twins.items():
            for some, hits in _by_time(search, rows, showing.get(signature, ())):
                _share(search, some, hits)


def _by_time(
    search: _Search, rows: Sequence[Row], records: Collection[_Record]
) -> list[tuple[list[Row], list[_Record]]]:
    """Twins with the records that any of them may have made, both oldest first. Those of several runs may be several.

    All spans are of one length: a create that shares a record with an older one shares it with those in between.
    """
    groups: list[tuple[list[Row], dict[str, _Record]]] = []
    for row in sorted(rows, key=lambda each: _span(search.environment, each)) if records else ():
        fitting = {each.id: each for each in search.fitting(row, records)}
        if groups and not fitting.keys().isdisjoint(groups[-1][1]):
            groups[-1][0].append(row)
            groups[-1][1].update(fitting)
        elif fitting:
            groups.append(([row], fitting))
    return [(some, sorted(known.values(), key=lambda each: each.made)) for some, known in groups]


def _share(search: _Search, rows: Sequence[Row], hits: Sequence[_Record]) -> None:
    """More records than creates that may have made them: which of them are ours nobody can tell.

    Unless as many are alive: to delete the others is how a person decides.
    """
    alive = [each for each in hits if each.row[Column.STATE] == Presence.FOUND]
    if len(hits) > len(rows) == len(alive):
        hits = alive
    pairs = _pairs(search, rows, hits)
    for row, record in pairs if len(pairs) == len(hits) else ():
        search.give(row, record)
    if len(pairs) < len(hits):
        for row in rows:
            search.hold(row, hits)
        for record in hits:
            del search.records[record.id]


def _pairs(search: _Search, rows: Sequence[Row], hits: Sequence[_Record]) -> list[tuple[Row, _Record]]:
    """As many as there can be: each record is given to the oldest create that may have made it. Both oldest first."""
    left, pairs = deque((*_span(search.environment, row), row) for row in rows), []
    for record in hits:
        while left and left[0][1] < record.made:
            left.popleft()
        if left and left[0][0] <= record.made:
            pairs.append((left.popleft()[2], record))
    return pairs


def _signature(values: Row, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(_folded(values.get(name)) for name in names)


def _folded(value: Any) -> Any:
    """Servers trim texts, and change their case."""
    return value.strip().casefold() if isinstance(value, str) else value


def _by_key(search: _Search) -> None:
    """Records that show the match key, whatever has become of the rest."""
    for mapping in search.mappings.values():
        for key in mapping.match_keys:
            _by_one_key(search, mapping, look.fields_of(mapping, key))


def _by_one_key(search: _Search, mapping: TypeMapping, names: Sequence[str]) -> None:
    having: dict[Any, list[_Record]] = {}
    for record in search.records.values():
        having.setdefault(_signature(record.row, names), []).append(record)
    for row in search.open():
        has_key = row["match_key"] is not None and all(row["sent"].get(name) not in (None, "") for name in names)
        if has_key and row["mapping"] == mapping.name:
            hits = search.fitting(row, having.get(_signature(row["sent"], names), ()))
            _share(search, [row], hits)


def _by_likeness(search: _Search) -> None:
    """Where the key was edited: pairs that are more like each other than like anything else."""
    described = search.environment.connector.describe(search.environment.mapping.external_type).fields
    telling = {name for name, each in described.items() if each.kind not in _SHARED}
    names = {
        name: telling.difference(look.fields_of(each, each.match_fields)) for name, each in search.mappings.items()
    }
    scores = {
        (row["link_id"], record.id): _likeness(row["sent"], record.row, names[row["mapping"]])
        for row in search.open()
        for record in search.fitting(row)
    }
    best: dict[Any, list[float]] = {}
    for pair, score in scores.items():
        for half in pair:
            best[half] = sorted([*best.get(half, ()), score])[-2:]
    rows = {row["link_id"]: row for row in search.open()}
    for (link, record_id), score in scores.items():
        if score >= _LIKE and all(
            best[half][-1] == score and best[half].count(score) == 1 for half in (link, record_id)
        ):
            search.give(rows[link], search.records[record_id])


def _likeness(sent: Row, record: Row, telling: Collection[str]) -> float:
    """Share of what was sent in these fields that the record shows."""
    names = [name for name in sent if name in telling]
    same = [name for name in names if _folded(sent[name]) == _folded(record.get(name))]
    return len(same) / len(names) if len(same) >= _FEWEST else 0.0
