"""What runs know of the external type's fields, and telling people when that drifts from what is shown (G8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modstamp.engine.environment import Environment
from modstamp.mapping import drift
from modstamp.mapping.drift import Drift, Schema
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.terms import Document
from modstamp.model import Direction, TypeDescription
from modstamp.ports import Store, Transaction

_SCHEMA = "schema"  # in the document that is kept of a mapping


def shown_to(environment: Environment, direction: Direction) -> TypeDescription | None:
    """How the external type looks now; None in a push that leaves that to the polls, so that it need not ask."""
    mapping = environment.mapping
    if direction is Direction.PUSHING and mapping.polling.on:
        return None
    return environment.connector.describe(mapping.external_type)


def taken_out(document: Document | None) -> tuple[Schema | None, Document | None]:
    """What is known of the external type, and the rest of the document."""
    if document is None:
        return None, None
    return document.get(_SCHEMA), {name: value for name, value in document.items() if name != _SCHEMA}


def put_back(document: Mapping[str, Any], schema: Schema | None) -> Document:
    return dict(document) if schema is None else {**document, _SCHEMA: schema}


def tell(tx: Transaction, mapping: TypeMapping, drifted: Sequence[Drift], run_id: str | None = None) -> None:
    """Entries of Activity, unless the mapping is to ignore drift."""
    if mapping.drift != "ignore":
        entries = [(each.verb, _about(mapping, each.field), {**each.as_dict(), "run": run_id}) for each in drifted]
        tx.adoption.note(mapping.connection, entries)


def tell_returned(tx: Transaction, mapping: TypeMapping, names: Sequence[str], run_id: str) -> None:
    tx.adoption.note(mapping.connection, [("returned", _about(mapping, name), {"run": run_id}) for name in names])


def known(store: Store, mapping: TypeMapping) -> Schema | None:
    """None: no run has looked at the type yet."""
    with store.begin(read_only=True) as tx:
        return taken_out(tx.adoption.kept(mapping.name))[0]


def notice(store: Store, mapping: TypeMapping, shown: TypeDescription) -> list[Drift]:
    """Between runs: tell what has not been told yet; returns all drift there is, told or not.

    A field that is shown again is left to the next run, which has to look at its records.
    """
    with store.begin() as tx:
        before, document = taken_out(tx.adoption.known(mapping.name))
        if before is None or document is None:
            return []
        after, drifted = drift.noticed(mapping, before, shown)
        tx.adoption.keep(mapping.name, put_back(document, {**after, "unseen": before["unseen"]}))
        tell(tx, mapping, drifted)
    return drift.compare(mapping, after, shown)


def accept(store: Store, mapping: TypeMapping, shown: TypeDescription, who: str) -> list[Drift]:
    """Take the type as it is shown for what is known of it; returns the drift that is none any more."""
    with store.begin() as tx:
        before, document = taken_out(tx.adoption.known(mapping.name))
        if before is None or document is None:
            return []
        accepted = drift.compare(mapping, before, shown)
        tx.adoption.keep(mapping.name, put_back(document, drift.accepted(mapping, before, shown)))
        tx.adoption.note(who, [("accepted", _about(mapping, each.field), each.as_dict()) for each in accepted])
    return accepted


def remember(environment: Environment, names: Sequence[str]) -> None:
    """What a run goes on without is looked at again when a poll sees it, also if it is back before that (G8).

    In a transaction of its own, before any that locks links: whoever takes up a changed mapping locks these the other
    way round.
    """
    if not names:
        return
    with environment.store.begin() as tx:
        before, document = taken_out(tx.adoption.known(environment.mapping.name))
        if before is None or document is None:
            return
        unseen = list(dict.fromkeys([*before["unseen"], *names]))
        if unseen != before["unseen"]:
            tx.adoption.keep(environment.mapping.name, put_back(document, {**before, "unseen": unseen}))


def missing(environment: Environment) -> str:
    """What a run went on without, in words; empty if there is nothing to say."""
    mapping = environment.mapping
    names = drift.unseen(mapping, environment.connector.describe(mapping.external_type).fields)
    if not names or mapping.drift == "ignore":
        return ""
    return f"went on without {', '.join(names)}, which {mapping.external} no longer shows to our user"


def _about(mapping: TypeMapping, name: str) -> str:
    return f"{mapping.name}: {mapping.external_type}.{name}"
