"""A person's answer to a conflict that the mapping asks about (`conflict: ask`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modstamp.engine.environment import Environment
from modstamp.engine.frames import column, frame, left_over
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Direction, Side
from modstamp.ports import Transaction

_SIDES = {"crm": Side.EXTERNAL, "engagement": Side.INTERNAL}


def decide(environment: Environment, record_id: str, field: str, winner: str, who: str) -> dict[str, Any]:
    """Keep the answer on the link, as any conflict's (G14): it holds for these very values, and the next runs write it.

    `record_id`: of either side. `field`: its internal name. `winner`: crm or engagement. Raises `ConfigurationError`
    where no such question is open.
    """
    mapping = environment.mapping
    with environment.store.begin() as tx:
        link = _link(tx, environment, record_id)
        asked = _asked(tx, environment, link, field)
        made = {**asked, "winner": str(_SIDES[winner]), "rule": f"decided by {who}: {winner}"}
        tx.links.save(
            frame({name: [value] for name, value in {**link, "decisions": {**link["decisions"], field: made}}.items()})
        )
        for direction in Direction:
            if mapping.is_on(direction):
                tx.pending.leave(mapping.name, direction, left_over([link[f"{direction.source}_id"]], made["rule"]))
    return {"internal_id": link["internal_id"], "external_id": link["external_id"], "field": field, **made}


def _link(tx: Transaction, environment: Environment, record_id: str) -> dict[Any, Any]:
    for side in Side:
        for row in tx.links.of(environment.mapping.name, side, [record_id], lock=True).to_dict("records"):
            if row["state"] == "live":
                return dict(row)
    what = f"no record {record_id} is linked by {environment.mapping.name}"
    raise ConfigurationError([Problem(f"record '{record_id}'", what, "name the internal or the external record")])


def _asked(tx: Transaction, environment: Environment, link: Mapping[Any, Any], field: str) -> dict[str, Any]:
    """The two values that the question is about."""
    found: dict[str, Any] = {}
    for direction in Direction:
        rows = tx.quarantine.waiting(environment.mapping.name, direction, [link[f"{direction.source}_id"]])
        for detail in column(rows, "detail"):
            found |= (detail or {}).get("asked", {})
    if field in found:
        return dict(found[field])
    what = f"{link['internal_id']} has no open question about '{field}'"
    fix = f"name one of: {', '.join(sorted(found))}" if found else "nothing is to be decided"
    raise ConfigurationError([Problem(f"field '{field}'", what, fix)])
