"""Everything that is recorded of one record, for people: what `explain` tells, nothing guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from modstamp.model import Direction
from modstamp.state.rows import among
from modstamp.state.tables import actions, cursors, history, intents, links, pending, quarantine, runs

Row = dict[str, Any]
_NEWEST = 50  # rows of the log


def links_of(connection: Connection, mapping: str, record_id: str) -> list[Row]:
    """Links of the record, by its id on either side, tombstones included; the oldest first."""
    mine = or_(links.c.internal_id == record_id, links.c.external_id == record_id)
    query = select(links).where(links.c.mapping == mapping, mine).order_by(links.c.id)
    return _rows(connection, query)


def log_of(connection: Connection, mapping: str, ids: Sequence[str]) -> list[Row]:
    """The newest rows of the log that name one of these ids on either side, the oldest first."""
    mine = or_(among(connection, actions.c.internal_id, ids), among(connection, actions.c.external_id, ids))
    query = select(actions).where(actions.c.mapping == mapping, mine).order_by(actions.c.id.desc()).limit(_NEWEST)
    return _rows(connection, query)[::-1]


def history_of(connection: Connection, link_ids: Sequence[int], fields: Sequence[tuple[str, str]]) -> list[Row]:
    """The fields' rows of the history, the oldest first. `fields`: (side, field); none: of every field."""
    query = select(history).where(among(connection, history.c.link_id, link_ids))
    if fields:
        query = query.where(or_(*((history.c.side == side) & (history.c.field == name) for side, name in fields)))
    return _rows(connection, query.order_by(history.c.id))


def waiting_of(connection: Connection, mapping: str, ids: Sequence[str]) -> dict[str, list[Row]]:
    """Entries of `pending`, `quarantine` and `intents` for these ids, which may be of either side."""
    return {
        "pending": _rows(connection, select(pending).where(*_of(connection, pending, mapping, ids))),
        "quarantine": _rows(connection, select(quarantine).where(*_of(connection, quarantine, mapping, ids))),
        "intents": _rows(
            connection,
            select(intents).where(intents.c.mapping == mapping, among(connection, intents.c.internal_id, ids)),
        ),
    }


def last_polls(connection: Connection, mapping: str) -> tuple[Row | None, Row | None]:
    """How far the mapping has been read, and its newest poll; None: never."""
    cursor = _rows(connection, select(cursors).where(cursors.c.mapping == mapping))
    polls = select(runs).where(
        runs.c.mapping == mapping, runs.c.direction == str(Direction.POLLING), runs.c.kind == "sync"
    )
    newest = _rows(connection, polls.order_by(runs.c.started_at.desc()).limit(1))
    return next(iter(cursor), None), next(iter(newest), None)


def _of(connection: Connection, table: Any, mapping: str, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return table.c.mapping == mapping, among(connection, table.c.record_id, ids)


def _rows(connection: Connection, query: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
