"""A person's answer to a run that asks before it writes (G28): kept in the state, and noted in Activity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Direction
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.ports import Hold

_LOOK = "`modstamp status` shows what waits for an answer"


def waiting(settings: Settings, resolve: Resolver = from_environment) -> list[Hold]:
    """Every question, answered ones too until their run has come."""
    from modstamp.state.database import read_only  # noqa: PLC0415  # SQLAlchemy
    from modstamp.state.holds import Holds  # noqa: PLC0415  # SQLAlchemy

    with wiring.open_database(settings, resolve) as engine, read_only(engine).connect() as connection:
        return Holds(connection).all()


def find(holds: list[Hold], name: str, direction: Direction | None = None) -> Hold:
    """The question of this run id, or of this mapping. Raises `ConfigurationError` unless it is exactly one."""
    found = [each for each in holds if name in (each.run_id, each.mapping) and direction in (None, each.direction)]
    if len(found) == 1:
        return found[0]
    problem = (
        Problem(name, "both directions wait for an answer", "name polling or pushing, too")
        if found
        else Problem(name, "nothing of it waits for an answer", _LOOK)
    )
    raise ConfigurationError([problem])


def answer(settings: Settings, hold: Hold, *, approve: bool, who: str, resolve: Resolver = from_environment) -> Hold:
    """Store the answer to that very question. Raises `ConfigurationError` when something else is asked by now."""
    with wiring.open_database(settings, resolve) as engine:
        store = wiring.open_store(engine, settings)
        with store.begin() as tx:
            now = tx.holds.get(hold.mapping, hold.direction)
            if now is None or dict(now.counts) != dict(hold.counts):
                raise ConfigurationError([Problem(hold.mapping, "what it asks has changed meanwhile", _LOOK)])
            decision = "approved" if approve else "rejected"
            decided = replace(now, decision=decision, decided_by=who, decided_at=store.now())
            tx.holds.put(decided)
            asked = {"run_id": hold.run_id, "counts": dict(hold.counts), "message": hold.message}
            tx.adoption.note(who, [(decision, f"{hold.mapping} {hold.direction}", asked)])
    return decided
