"""Links: pairs of ids that belong together, with one base per side (G9, G13, G20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    Integer,
    Select,
    Text,
    and_,
    column,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import IntegrityError

from modstamp.errors import RejectedRecordError
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Side
from modstamp.ports import LINK_COLUMNS
from modstamp.state.clock import Clock
from modstamp.state.rows import add, among, change, read
from modstamp.state.tables import links, quarantine

_STORED = LINK_COLUMNS[1:]
_OWN_ID = {Side.INTERNAL: links.c.internal_id, Side.EXTERNAL: links.c.external_id}
_IS_ALIVE = text("state <> 'tombstone'")  # literally as in the partial indexes, or PostgreSQL does not use them


def family_key(connection: str, internal_type: str) -> str:
    """Under which the links of a family stand: mappings of one internal type into one connection (G20)."""
    return f"{connection}/{internal_type}"


def _whole() -> Select[*tuple[Any, ...]]:
    return select(links.c.id.label("link_id"), *(links.c[name] for name in _STORED))


class Links:
    """Of one open transaction."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    def of(self, mapping: str, side: Side, ids: Sequence[str], *, lock: bool = False) -> pd.DataFrame:
        """`LINK_COLUMNS`, tombstones included, oldest first. Locks in the order of link ids, so that none deadlock."""
        mine = (links.c.mapping == mapping) & among(self._connection, _OWN_ID[side], ids)
        query = _whole().where(mine).order_by(links.c.id)
        return read(self._connection, query.with_for_update() if lock else query)

    def by_id(self, link_ids: Sequence[int], *, lock: bool = False) -> pd.DataFrame:
        """In the order of their ids, as `of` locks them too."""
        query = _whole().where(among(self._connection, links.c.id, link_ids)).order_by(links.c.id)
        return read(self._connection, query.with_for_update() if lock else query)

    def living(self, mapping: str, after: int, limit: int) -> pd.DataFrame:
        """Pages of all live links, for a look at every one of them."""
        mine = (links.c.mapping == mapping) & (links.c.state == "live") & (links.c.id > after)
        return read(self._connection, _whole().where(mine).order_by(links.c.id).limit(limit))

    def in_family(self, mapping: TypeMapping, internal_ids: Sequence[str]) -> pd.DataFrame:
        """Columns link_id, mapping, internal_id, external_id."""
        query = select(links.c.id.label("link_id"), links.c.mapping, links.c.internal_id, links.c.external_id).where(
            links.c.family == family_key(*mapping.family),
            among(self._connection, links.c.internal_id, internal_ids),
            _IS_ALIVE,
        )
        return read(self._connection, query.order_by(links.c.id))

    def add(self, mapping: TypeMapping, rows: pd.DataFrame) -> list[int]:
        """Ids in the order of the rows. An error spoils the transaction, or the savepoint around it."""
        ids = self._reserve(len(rows)) if len(rows) else []
        common = {"mapping": mapping.name, "family": family_key(*mapping.family), "changed_at": self._now()}
        with _doubles_rejected():
            add(self._connection, links, rows.assign(id=ids), ["id", *_STORED], common)
        return ids

    def save(self, rows: pd.DataFrame) -> None:
        """A link that would join what another one has joined raises `RejectedRecordError`, as in `add`."""
        with _doubles_rejected():
            changed = rows.rename(columns={"link_id": "id"})
            change(self._connection, links, changed, _STORED, {"changed_at": self._now()})

    def discard(self, link_ids: Sequence[int]) -> None:
        """Links that are not provisional stay."""
        self._connection.execute(
            delete(links).where(among(self._connection, links.c.id, link_ids), links.c.state == "provisional")
        )

    def purge_tombstones(self, until: datetime) -> int:
        """How many were removed: those of which both records are gone, or the living one is linked again.

        While one lives on without a link, its tombstone keeps an edit of it from bringing the other one back.
        """
        alive = links.alias("alive")
        again = exists().where(
            alive.c.state != "tombstone",
            or_(
                and_(
                    links.c.deleted_side != "internal",
                    alive.c.family == links.c.family,
                    alive.c.internal_id == links.c.internal_id,
                ),
                and_(
                    links.c.deleted_side == "internal",
                    alive.c.mapping == links.c.mapping,
                    alive.c.external_id == links.c.external_id,
                ),
            ),
        )
        old = delete(links).where(links.c.state == "tombstone", links.c.changed_at < until)
        return self._connection.execute(old.where(or_(links.c.deleted_side == "both", again))).rowcount

    def translate(
        self, connection: str, internal_type: str, side: Side, ids: Sequence[str], mappings: Sequence[str] = ()
    ) -> dict[str, str]:
        """Links of every mapping of the family count, or of the named ones; ids that are not linked are left out."""
        query = select(_OWN_ID[side], _OWN_ID[side.other]).where(
            links.c.family == family_key(connection, internal_type),
            among(self._connection, _OWN_ID[side], ids),
            _IS_ALIVE,
            links.c.state == "live",
        )
        if mappings:
            query = query.where(links.c.mapping.in_(mappings))
        return {own: other for own, other in self._connection.execute(query) if other is not None}

    def count(self, mapping: str) -> int:
        """Live links."""
        query = select(func.count()).where(links.c.mapping == mapping, links.c.state == "live")
        return self._connection.execute(query.select_from(links)).scalar_one()

    def last_reads(self, mapping: str, external_ids: Sequence[str]) -> pd.DataFrame:
        """Columns external_id, stamp, hash; at most one row per id, none for a record that was never read."""
        linked = select(links.c.external_id, links.c.stamp, links.c.hash, literal(0).label("rank")).where(
            links.c.mapping == mapping,
            among(self._connection, links.c.external_id, external_ids),
            _IS_ALIVE,
            links.c.state == "live",
        )
        waiting = select(quarantine.c.record_id, quarantine.c.stamp, quarantine.c.hash, literal(1)).where(
            quarantine.c.mapping == mapping,
            quarantine.c.direction == str(Direction.POLLING),
            among(self._connection, quarantine.c.record_id, external_ids),
        )
        both = union_all(linked, waiting).subquery()
        found = read(self._connection, select(both).order_by(both.c.rank))
        return found.drop_duplicates("external_id").drop(columns="rank").reset_index(drop=True)

    def _reserve(self, count: int) -> list[int]:
        """Ids for new links, ascending: rows with known ids go in without asking back for each."""
        if self._connection.dialect.name == "postgresql":
            sequence = func.pg_get_serial_sequence(links.name, "id", type_=Text)
            numbers = func.generate_series(1, count).table_valued("number")
            return sorted(self._connection.scalars(select(func.nextval(sequence)).select_from(numbers)))
        # SQLite lets one transaction write at a time, and this one does.
        given = select(column("seq", Integer)).select_from(table("sqlite_sequence")).where(column("name") == links.name)
        highest: int = self._connection.scalar(given) or 0
        return list(range(highest + 1, highest + 1 + count))


@contextmanager
def _doubles_rejected() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if not _is_double(error):
            raise
        raise RejectedRecordError("linked_already", "the record or its counterpart is linked to another one") from error


def _is_double(error: IntegrityError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint" in str(error.orig)
