"""Who edits what: edits of existing records, drawn and dealt out so that no two intentions meet in one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sandbox.org.habits import Pool, editable, remark, retyped
from sandbox.org.manifest import Action, Entry
from sandbox.org.pairs import ACCOUNT, Pair

# No record gets more edits than this from one side.
MOST_EDITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How much is to be done. `edits` and `creates` count for each side, the others for both together."""

    edits: int = 500
    creates: int = 100
    both: int = 50
    merged: int = 50
    refused: int = 20

    def fitted(self, pairs: int, persons: int) -> Wanted:
        """The same, or as much less as so many records allow; half of them at the most are edited in any way."""
        needed = self.refused + self.both + self.merged + 2 * -(-self.edits // MOST_EDITS)
        part = min(1.0, pairs / 2 / needed if needed else 1.0, persons / 2 / self.refused if self.refused else 1.0)
        return Wanted(**{name: int(number * part) for name, number in asdict(self).items()})


class TooFewRecordsError(Exception):
    """The two sides have too few records in common for what is wanted."""


def plan_edits(rng: np.random.Generator, pool: Pool, pairs: Sequence[Pair], wanted: Wanted) -> list[Entry]:
    """Deal the pairs out.

    Raises:
        TooFewRecordsError: there are not enough of them.
    """
    shuffled = [pairs[place] for place in rng.permutation(len(pairs)).tolist()]
    refused = [pair for pair in shuffled if pair.kind is not ACCOUNT][: wanted.refused]
    chosen = {id(pair) for pair in refused}
    rest = [pair for pair in shuffled if id(pair) not in chosen]
    both, merged, rest = rest[: wanted.both], rest[wanted.both :][: wanted.merged], rest[wanted.both + wanted.merged :]
    half = len(rest) // 2
    if len(refused) < wanted.refused or half * MOST_EDITS < wanted.edits:
        raise TooFewRecordsError(
            f"only {len(pairs)} records are the same on both sides: synchronise first, or want less"
        )
    return [
        *_edits(rng, pool, rest[:half], "internal", wanted.edits),
        *_edits(rng, pool, rest[half:], "external", wanted.edits),
        *(entry for pair in both for entry in _collision(rng, pool, pair)),
        *(entry for pair in merged for entry in _merge(rng, pool, pair)),
        *(_entry(Action.REFUSE, "internal", pair, "phone", remark(rng)) for pair in refused),
    ]


def _edits(rng: np.random.Generator, pool: Pool, pairs: Sequence[Pair], side: str, count: int) -> list[Entry]:
    each = -(-count // len(pairs)) if pairs else 0
    entries = [
        _entry(Action.EDIT, side, pair, column, retyped(rng, pool, column, pair.values[column]))
        for pair in pairs[: -(-count // each) if each else 0]
        for column in rng.permutation(editable(pair.kind))[:each].tolist()
    ]
    return entries[:count]


def _collision(rng: np.random.Generator, pool: Pool, pair: Pair) -> list[Entry]:
    column = str(rng.choice(editable(pair.kind)))
    before = pair.values[column]
    internal = retyped(rng, pool, column, before)
    external = retyped(rng, pool, column, before, internal)
    return [
        _entry(Action.BOTH, "internal", pair, column, internal),
        _entry(Action.BOTH, "external", pair, column, external),
    ]


def _merge(rng: np.random.Generator, pool: Pool, pair: Pair) -> list[Entry]:
    columns = rng.permutation(editable(pair.kind))[:2].tolist()
    return [
        _entry(Action.MERGE, side, pair, column, retyped(rng, pool, column, pair.values[column]))
        for side, column in zip(("internal", "external"), columns, strict=True)
    ]


def _entry(action: Action, side: str, pair: Pair, column: str, value: Any) -> Entry:
    name = column if side == "internal" else pair.kind.fields[column]
    values: Mapping[str, Any] = {name: value}
    return Entry(
        action=action,
        side=side,
        table=pair.kind.table,
        object=pair.kind.object,
        key=pair.key,
        internal_id=pair.internal_id,
        external_id=pair.external_id,
        values=values,
        before={name: pair.values[column]},
    )
