"""Records in quarantine are tried again, in bulk: pending entries let the next run read both sides anew (G26).

The entries in quarantine stay until the next run has looked: who still fails goes on waiting since then.
"""

from __future__ import annotations

from modstamp.engine.environment import Environment
from modstamp.engine.frames import left_over
from modstamp.model import Direction

REASON = "replayed by a person"
_PAGE = 2_000


def replay(environment: Environment, direction: Direction, code: str | None) -> int:
    """Queue what waits for this cause, or for any (None); returns how many records. Page by page, whatever waits."""
    store, name = environment.store, environment.mapping.name
    queued, after = 0, ""
    while True:
        with store.begin() as tx:
            ids = tx.quarantine.of_cause(name, direction, code, after, _PAGE)
            if ids:
                tx.pending.leave(name, direction, left_over(ids, REASON))
        queued += len(ids)
        if len(ids) < _PAGE:
            return queued
        after = ids[-1]
