"""A person points a record at another one outside: a prospect at the Contact of the same address, say (OSF-019).

The link moves as it does after a merge: without bases, so that the first-link rule decides of the fields (G12). The
former counterpart stays as it is; when it is met again, it is held, as its internal record has another one by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pandas as pd

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame, objects
from modstamp.engine.judge import MOVED
from modstamp.engine.look import fields_of, match_keys
from modstamp.engine.moves import wake, without_bases
from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Column, Direction, Presence, Side
from modstamp.ports import LINK_COLUMNS, Transaction

Row = Mapping[Any, Any]


def remap(environment: Environment, internal_id: str, external_id: str, who: str, run_id: str) -> str:
    """Link a record that is linked already to another external one with the same match key; says what follows.

    `environment`: of the mapping for the new counterpart's type. Raises `ConfigurationError` when the two cannot be
    linked, and `LeaseHeldError` while a push of the mapping, or of the one that has the record now, is at work.
    """
    mapping = environment.mapping
    about = f"{mapping.internal} {internal_id}, {mapping.external_type} {external_id}"
    seen = environment.connector.get(mapping.external_type, mapping.field_names(Side.EXTERNAL), [external_id])
    if seen[Column.STATE][0] != Presence.FOUND or seen[Column.MOVED_TO][0] is not None:
        raise _refused(about, "the external record is not visible, deleted, or became another one")
    with _leases(environment, internal_id, run_id), environment.store.begin() as tx:
        former = _former(tx, mapping, internal_id, external_id, about)
        _check_same(tx, mapping, internal_id, seen, about)
        _move(tx, mapping, former, internal_id, external_id)
        values = {"was": f"{former['mapping']} {former['external_id']}", "is": f"{mapping.name} {external_id}"}
        tx.adoption.note(who, [("remapped", about, values)])
    return f"{mapping.internal} {internal_id} is linked to {mapping.external_type} {external_id}"


@contextmanager
def _leases(environment: Environment, internal_id: str, run_id: str) -> Iterator[None]:
    """Of the pushing of both mappings, so that neither sends what is decided for the former pair (G22)."""
    store, mapping = environment.store, environment.mapping
    with store.begin(read_only=True) as tx:
        family = column(tx.links.in_family(mapping, [internal_id]), "mapping").tolist()
    with ExitStack() as granted:
        for name in sorted({mapping.name, *family}):
            granted.callback(store.give_back, store.grant(name, Direction.PUSHING, run_id))
        yield


def _former(tx: Transaction, mapping: TypeMapping, internal_id: str, external_id: str, about: str) -> Row:
    """The link that the record has. Raises `ConfigurationError` unless it may give way to one with the external id."""
    links = tx.links.of(mapping.name, Side.EXTERNAL, [external_id], lock=True).to_dict("records")
    holder = next((each for each in links if each["state"] != "tombstone"), None)
    if holder is not None:
        raise _refused(about, f"{external_id} is linked to {mapping.internal} {holder['internal_id'] or '(new)'}")
    family = tx.links.in_family(mapping, [internal_id]).to_dict("records")
    if not family:
        raise _refused(about, f"{internal_id} is not linked", "use `modstamp match`, or let the next run match it")
    if tx.intents.links_with_open([family[0]["link_id"]]):
        raise _refused(about, "the outcome of a write to its counterpart is open", "try again after the next push")
    return family[0]


def _check_same(tx: Transaction, mapping: TypeMapping, internal_id: str, seen: pd.DataFrame, about: str) -> None:
    """Raises `ConfigurationError` when the two differ in what records are known by."""
    record = tx.records.read(mapping.internal, mapping.field_names(Side.INTERNAL), [internal_id], lock=True)
    if record[Column.STATE][0] != Presence.FOUND:
        raise _refused(about, f"there is no {mapping.internal} {internal_id}")
    pairs = [(match_keys(record, key)[0], match_keys(seen, fields_of(mapping, key))[0]) for key in mapping.match_keys]
    if not any(mine is not None and mine == theirs for mine, theirs in pairs):
        what = f"they do not agree in {', '.join(mapping.match_fields) or 'any match field'}"
        raise _refused(about, what, "make both the same first, if they are the same")


def _move(tx: Transaction, mapping: TypeMapping, former: Row, internal_id: str, external_id: str) -> None:
    links = tx.links.by_id([former["link_id"]], lock=True)
    buried = {"state": ["tombstone"], "deleted_side": objects([MOVED])}
    tx.links.save(frame({name: buried.get(name, column(links, name)) for name in LINK_COLUMNS}))
    tx.links.add(mapping, without_bases([(internal_id, external_id)]))
    wake(tx, mapping, [(internal_id, external_id, f"{mapping.external_type}:{external_id}")])
    tx.quarantine.release(mapping.name, Direction.POLLING, [external_id])
    for name in {mapping.name, former["mapping"]}:
        tx.quarantine.release(name, Direction.PUSHING, [internal_id])


def _refused(where: str, what: str, fix: str = "name another record") -> ConfigurationError:
    return ConfigurationError([Problem(where, what, fix)])
