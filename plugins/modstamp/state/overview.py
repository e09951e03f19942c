"""How things stand, counted: what `status` and the monitoring page show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from modstamp import instants
from modstamp.model import Direction
from modstamp.state.tables import actions, links, pending, quarantine, validations


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCount:
    """Entries of one mapping and direction. `reason` None: an edit; `waiting`: for a parent that is not linked yet."""

    mapping: str
    direction: Direction
    reason: str | None
    waiting: bool
    records: int
    oldest: datetime

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "oldest": instants.to_text(self.oldest)}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineCount:
    """Records that wait for the same cause. `reason` is that of one of them, `example` the id of one."""

    mapping: str
    direction: Direction
    kind: str
    code: str
    reason: str
    example: str
    records: int
    oldest: datetime

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "oldest": instants.to_text(self.oldest)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCount:
    """Links of one mapping in one state: provisional, live or tombstone."""

    mapping: str
    state: str
    records: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def pending_counts(connection: Connection) -> list[PendingCount]:
    waiting = pending.c.waits_for.is_not(None).label("waiting")
    groups = (pending.c.mapping, pending.c.direction, pending.c.reason, waiting)
    query = select(*groups, func.count().label("records"), func.min(pending.c.since).label("oldest")).group_by(*groups)
    return [
        PendingCount(
            mapping=row.mapping,
            direction=Direction(row.direction),
            reason=row.reason,
            waiting=bool(row.waiting),
            records=row.records,
            oldest=row.oldest,
        )
        for row in connection.execute(query.order_by(pending.c.mapping, pending.c.direction, func.count().desc()))
    ]


def quarantine_counts(connection: Connection, mapping: str | None = None) -> list[QuarantineCount]:
    """By cause, the most frequent first; None: of every mapping."""
    groups = (quarantine.c.mapping, quarantine.c.direction, quarantine.c.kind, quarantine.c.code)
    query = select(
        *groups,
        func.min(quarantine.c.reason).label("reason"),
        func.min(quarantine.c.record_id).label("example"),
        func.count().label("records"),
        func.min(quarantine.c.since).label("oldest"),
    ).group_by(*groups)
    if mapping is not None:
        query = query.where(quarantine.c.mapping == mapping)
    return [
        QuarantineCount(
            mapping=row.mapping,
            direction=Direction(row.direction),
            kind=row.kind,
            code=row.code,
            reason=row.reason,
            example=row.example,
            records=row.records,
            oldest=row.oldest,
        )
        for row in connection.execute(query.order_by(quarantine.c.mapping, quarantine.c.direction, func.count().desc()))
    ]


def link_counts(connection: Connection) -> list[LinkCount]:
    groups = (links.c.mapping, links.c.state)
    query = select(*groups, func.count().label("records")).group_by(*groups).order_by(*groups)
    return [LinkCount(mapping=row.mapping, state=row.state, records=row.records) for row in connection.execute(query)]


def last_validations(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """run_id, mapping, direction, at and document of the newest, as `Journal.validation` was given them."""
    query = select(validations).order_by(validations.c.at.desc(), validations.c.run_id).limit(limit)
    return [{**row, "at": instants.to_text(row["at"])} for row in connection.execute(query).mappings()]


def last_actions(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest rows of the log, newest first, in the columns of OSF-104; `timestamp` is UTC to the millisecond."""
    names = ("status", "message", "internal_type", "internal_id", "external_type", "external_id")
    query = select(actions.c.at, *(actions.c[name] for name in names)).order_by(actions.c.id.desc()).limit(limit)
    return [
        {"timestamp": instants.to_milliseconds(row["at"]), **{name: row[name] for name in names}}
        for row in connection.execute(query).mappings()
    ]
