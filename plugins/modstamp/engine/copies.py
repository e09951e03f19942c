"""Copies of one record, such as one meeting in the calendars of several users: one of them has the counterpart."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from modstamp.engine.frames import Mask, Objects, blank, column, frame, objects
from modstamp.mapping.schema import OnePer, TypeMapping
from modstamp.model import Column, Presence, Side
from modstamp.ports import Transaction


def stand_ins(tx: Transaction, mapping: TypeMapping, records: pd.DataFrame) -> Objects | None:
    """Per row the id of another copy that leads, None where the row itself does; None: there are no copies.

    The copy that is linked leads, so that nothing is doubled when a better one turns up later; else the one that
    `first` marks; else the oldest. A copy whose owner (`of`) has no counterpart leads nobody: it waits for its owner.
    """
    copies = mapping.one_per
    if copies is None:
        return None
    asked = np.asarray(~blank(column(records, copies.same[0])) & (column(records, Column.STATE) == Presence.FOUND))
    leaders = _leaders(tx, mapping, copies, column(records, copies.same[0])[asked]) if asked.any() else {}
    ids = column(records, Column.ID)
    found = [leaders.get(key) for key in _keys(records, copies)]
    mine = _with_owner(tx, mapping, copies, records)
    return objects(
        [None if each == own or not ready else each for each, own, ready in zip(found, ids, mine, strict=True)]
    )


def _leaders(tx: Transaction, mapping: TypeMapping, copies: OnePer, wanted: Objects) -> dict[Hashable, str]:
    """What copies share → the one that leads; nothing where all of them wait for their owners."""
    names = list(dict.fromkeys(filter(None, [*copies.same, copies.first, copies.of])))
    keys = frame({copies.same[0]: list(dict.fromkeys(wanted))})
    found = tx.records.match(mapping.internal, names, keys)
    ids = column(found, Column.ID)
    links = tx.links.of(mapping.name, Side.INTERNAL, ids.tolist())
    linked = set(column(links, "internal_id")[column(links, "state") != "tombstone"])
    marked = column(found, copies.first) if copies.first else objects([None] * len(found))
    ready = _with_owner(tx, mapping, copies, found)
    ranked = sorted(
        zip(ids, _keys(found, copies), marked, ready, strict=True),
        key=lambda row: (row[0] not in linked, row[2] is not True, len(row[0]), row[0]),
    )
    leaders: dict[Hashable, str] = {}
    for record, key, _, has_owner in ranked:
        if has_owner or record in linked:
            leaders.setdefault(key, record)
    return leaders


def _with_owner(tx: Transaction, mapping: TypeMapping, copies: OnePer, found: pd.DataFrame) -> Mask:
    """Copies that may lead: whose owner has a counterpart, or that have none to wait for."""
    kinds = [field.reference.type for field in mapping.fields if field.reference and field.internal == copies.of]
    if copies.of is None or not kinds:
        return np.ones(len(found), dtype=bool)
    owners = column(found, copies.of)
    known = tx.links.translate(
        mapping.connection, kinds[0], Side.INTERNAL, sorted({str(each) for each in owners if each is not None})
    )
    return np.fromiter((each is None or str(each) in known for each in owners), bool, len(found))


def _keys(records: pd.DataFrame, copies: OnePer) -> list[Hashable]:
    """Exact, and blanks equal blanks: a single meeting has no original start."""
    return list(zip(*(column(records, name) for name in copies.same), strict=True))
