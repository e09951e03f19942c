"""Links follow records that became others: the loser of a merge its survivor, a converted Lead its Contact (G12).

Moves are written in the state alone, so that a polling run makes them, before anything else of it is judged. A moved
link starts without bases: what the new record holds was never in step with ours, so the first-link rule decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame, left_over, objects, take
from modstamp.engine.judge import MOVED, TAKEN, Kind
from modstamp.engine.settle import Settling
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import LINK_COLUMNS, Transaction

_NO_BASES = ("internal_base", "external_base", "unconfirmed", "decisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One record that became another: its place in the batch, its internal record, and what it became.

    `home`: the mapping of the family for the type that it became; None: there is none. `holder`: the internal record
    that the new one is linked to already, if it is.
    """

    position: int
    internal_id: str
    new_id: str
    became: str
    home: TypeMapping | None
    holder: str | None = None


def relink(settling: Settling) -> Settling:
    """Let links follow. The plan that is returned says of each move what became of it."""
    rows = np.flatnonzero(settling.plan.rows(Kind.MOVE))
    if not len(rows):
        return settling
    moves = _with_holders(settling, [_move(settling, int(position)) for position in rows])
    _bury(settling, moves)
    free = [move for move in moves if move.home is not None and move.holder is None]
    _link(settling, free)
    _wake(settling, free)
    _hold(settling, [move for move in moves if move.holder is not None])
    reasons = settling.plan.reasons.copy()
    for move in moves:
        reasons[move.position] = _words(settling, move)
    return replace(settling, plan=replace(settling.plan, reasons=reasons))


def _move(settling: Settling, position: int) -> _Move:
    batch = settling.plan.batch
    became = column(batch.source.records, Column.MOVED_TO)[position]
    new_type, _, new_id = became.partition(":")
    return _Move(
        position=position,
        internal_id=column(batch.link, "internal_id")[position],
        new_id=new_id,
        became=became,
        home=_homes(settling).get(new_type),
    )


def _homes(settling: Settling) -> Mapping[str, TypeMapping]:
    environment = settling.job.environment
    return {each.external_type: each for each in (environment.mapping, *environment.relatives)}


def _by_home(moves: list[_Move]) -> list[tuple[TypeMapping, list[_Move]]]:
    homes = {move.home.name: move.home for move in moves if move.home is not None}
    return [(home, [move for move in moves if move.home is home]) for home in homes.values()]


def _with_holders(settling: Settling, moves: list[_Move]) -> list[_Move]:
    """A new record that is linked already keeps its link; of several losers of one survivor the first gets it."""
    known: list[_Move] = [move for move in moves if move.home is None]
    for home, coming in _by_home(moves):
        links = settling.tx.links.of(home.name, Side.EXTERNAL, [move.new_id for move in coming], lock=True)
        holders = {row["external_id"]: row["internal_id"] for row in links.to_dict("records") if _is_alive(row)}
        for move in coming:
            known.append(replace(move, holder=holders.get(move.new_id)))
            holders.setdefault(move.new_id, move.internal_id)
    return known


def _is_alive(link: Mapping[object, object]) -> bool:
    return link["state"] != "tombstone"


def _bury(settling: Settling, moves: list[_Move]) -> None:
    """The bases stay on the tombstone: a restored record is judged by them."""
    links = take(settling.plan.batch.link, np.asarray([move.position for move in moves], dtype=np.intp))
    sides = [MOVED if move.holder is None else TAKEN for move in moves]
    buried = {"state": ["tombstone"] * len(moves), "deleted_side": sides}
    settling.tx.links.save(frame({name: buried.get(name, column(links, name)) for name in LINK_COLUMNS}))


def _link(settling: Settling, moves: list[_Move]) -> None:
    for home, coming in _by_home(moves):
        settling.tx.links.add(home, without_bases([(move.internal_id, move.new_id) for move in coming]))


def without_bases(pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Live links of (internal id, external id), whose fields were never in step."""
    size = len(pairs)
    rows = {name: objects([None] * size) for name in LINK_COLUMNS if name != "link_id"}
    rows |= {name: objects([{} for _ in pairs]) for name in _NO_BASES}
    internal, external = (objects(list(ids)) for ids in zip(*pairs, strict=True))
    return frame({**rows, "internal_id": internal, "external_id": external, "state": objects(["live"] * size)})


def _wake(settling: Settling, moves: list[_Move]) -> None:
    for home, coming in _by_home(moves):
        wake(settling.tx, home, [(move.internal_id, move.new_id, move.became) for move in coming])


def wake(tx: Transaction, home: TypeMapping, pairs: Sequence[tuple[str, str, str]]) -> None:
    """Both directions look at new pairs, as neither record need have changed (G6): internal id, external id, what."""
    ids = {Direction.POLLING: [each[1] for each in pairs], Direction.PUSHING: [each[0] for each in pairs]}
    reasons = [f"{became} took the place of its counterpart" for _, _, became in pairs]
    for direction in filter(home.is_on, Direction):
        tx.pending.leave(home.name, direction, left_over(ids[direction], reasons))


def follow_late(tx: Transaction, environment: Environment) -> None:
    """Records that were held because the record that theirs became belonged to another one, which a person deleted.

    Only that frees it: what was deleted outside too, or became something else, is for a person.
    """
    mapping = environment.mapping
    homes = {each.external_type: each for each in (mapping, *environment.relatives)}
    for internal_id, became in tx.quarantine.became(mapping.name).items():
        new_type, _, new_id = became.partition(":")
        home = homes.get(new_type)
        if home is None or not _is_free(tx, home, internal_id, new_id):
            continue
        tx.links.add(home, without_bases([(internal_id, new_id)]))
        wake(tx, home, [(internal_id, new_id, became)])
        tx.quarantine.release(mapping.name, Direction.PUSHING, [internal_id])


def _is_free(tx: Transaction, home: TypeMapping, internal_id: str, new_id: str) -> bool:
    links = tx.links.of(home.name, Side.EXTERNAL, [new_id], lock=True).to_dict("records")
    if not links or any(_is_alive(link) for link in links) or links[-1]["deleted_side"] != str(Side.INTERNAL):
        return False
    there = tx.records.read(home.internal, [], [internal_id], lock=True)[Column.STATE][0] == Presence.FOUND
    return there and tx.links.in_family(home, [internal_id]).empty


def _hold(settling: Settling, moves: list[_Move]) -> None:
    """The internal record waits for a person."""
    if not moves:
        return
    size = len(moves)
    rows = {
        "record_id": [move.internal_id for move in moves],
        "kind": ["held"] * size,
        "code": ["held: it became a record that is linked"] * size,
        "reason": [_words(settling, move) for move in moves],
        "detail": [{"candidates": [move.new_id], "became": move.became} for move in moves],
        "stamp": [None] * size,
        "hash": [None] * size,
        "mapping_hash": [settling.job.environment.mapping_hash] * size,
        "run_id": [settling.job.run_id] * size,
    }
    settling.tx.quarantine.put(settling.mapping.name, Direction.PUSHING, frame(rows))


def _words(settling: Settling, move: _Move) -> str:
    old = column(settling.plan.batch.source.records, Column.ID)[move.position]
    kind = settling.mapping.internal
    text = f"it became another record: {settling.mapping.external_type}:{old} is {move.became} now"
    if move.home is None:
        return f"{text}, which no mapping of {kind} reads; {kind} {move.internal_id} is no longer linked"
    if move.holder is not None:
        held = f"{kind} {move.internal_id} is held until a person merges the two or deletes one"
        return f"{text}, which is linked to {kind} {move.holder}; {held}"
    return text
