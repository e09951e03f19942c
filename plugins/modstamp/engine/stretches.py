"""The history of a mapping with `backfill`: a stretch of time, its records, and which of them are to go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from modstamp import instants
from modstamp.engine.environment import Environment
from modstamp.engine.frames import Mask, Objects, choose, column, objects, present
from modstamp.mapping import history
from modstamp.mapping.evaluation import Circumstances, failing
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Operation, Side
from modstamp.ports import Transaction

_PAGE = 2_000  # records looked at in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time whose records are to go out: its beginning belongs to it, its end does not."""

    since: datetime
    until: datetime

    def months(self) -> list[Stretch]:
        """The same, cut where months of UTC begin."""
        cuts, at = [self.since], self.since
        while (at := _next_month(at)) < self.until:
            cuts.append(at)
        return [Stretch(since=one, until=other) for one, other in zip(cuts, [*cuts[1:], self.until], strict=True)]

    def __str__(self) -> str:
        return f"{instants.to_text(self.since)} to {instants.to_text(self.until)}"


def _next_month(moment: datetime) -> datetime:
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records of a stretch. `stays`: per row why it is not to be fed, None where it is."""

    records: pd.DataFrame
    stays: Objects

    @property
    def ids(self) -> Objects:
        return column(self.records, Column.ID)

    @property
    def due(self) -> Mask:
        return ~present(self.stays)


def pages(environment: Environment, stretch: Stretch, after: str | None) -> Iterator[Page]:
    """Its records in the order of their ids, but for those that are still to come; behind this id.

    Raises `ValueError` for a mapping without `backfill`.
    """
    mapping, now = environment.mapping, environment.store.now()
    lane = mapping.backfill
    if lane is None:
        raise ValueError("the mapping has no backfill")
    criteria = history.between(lane.by, stretch.since, min(stretch.until, now), now)
    fields = mapping.field_names(Side.INTERNAL)
    while True:
        with environment.store.begin(read_only=True) as tx:
            records = tx.records.scan(mapping.internal, fields, after, _PAGE, criteria)
            known = _known(tx, mapping, column(records, Column.ID).tolist())
        if records.empty:
            return
        page = Page(records=records, stays=_stays(mapping, records, known, now))
        yield page
        after = page.ids[-1]


def _known(tx: Transaction, mapping: TypeMapping, ids: list[str]) -> dict[str, str]:
    """Records that somebody is looking after → who."""
    quarantined = column(tx.quarantine.waiting(mapping.name, Direction.PUSHING, ids), "record_id")
    pending = column(tx.pending.lock(mapping.name, Direction.PUSHING, ids, lock=False), "record_id")
    linked = column(tx.links.in_family(mapping, ids), "internal_id")
    return {
        **dict.fromkeys(quarantined, "waits in quarantine"),
        **dict.fromkeys(pending, "waits for the next push"),
        **dict.fromkeys(linked, "is linked already"),
    }


def _stays(mapping: TypeMapping, records: pd.DataFrame, known: Mapping[str, str], now: datetime) -> Objects:
    stays = objects([known.get(each) for each in column(records, Column.ID)])
    if not mapping.outbound.create.on:
        return choose(present(stays), stays, objects(["outbound create is off"] * len(stays)))
    when = mapping.condition(Direction.PUSHING, Operation.CREATE)
    if when is None:
        return stays
    why = failing(when, records, Circumstances(now=now)).to_numpy(dtype=object)
    return choose(present(stays) | (why == ""), stays, why)
