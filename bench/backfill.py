"""``python -m bench.backfill``: twelve months of meetings into an org, by the lane that a person starts.

Three scenes: an empty org; one that holds half of the meetings already; and one in which the process is killed again
and again (``kill -9``) and begun anew until it is through. Whatever the scene, each meeting is to be there once.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from bench import results
from bench.systems import LEAD, Systems, server, systems
from modstamp import backfill
from modstamp.settings import Settings

EVENT = "salesforce_event"
_LEADS = 200
_LIVES = (1.5, 7.0)  # seconds until a process is killed: the lease of the one before it ends first
_LANE = "run_id LIKE 'backfill/%'"
_HEAD = (
    "scene",
    "meetings",
    "events",
    "doubled",
    "linked",
    "created",
    "creates",
    "finds",
    "read-backs",
    "kills",
    "seconds",
)
_WRITES = "kind = 'write'"
# Short enough that a create whose answer was lost is looked for soon; longer than the org needs for a portion (G21).
_KILLED: dict[str, str] = {
    "MODSTAMP_BACKFILL_ROWS": "100",
    "MODSTAMP_LOOKBACK": "2",
    "MODSTAMP_SEND_DEADLINE": "10",
    "MODSTAMP_CALL_TIMEOUT": "15",
    "MODSTAMP_RECOVERY_MARGIN": "1",
    "MODSTAMP_LEASE": "1",
}
_MEETINGS = """
INSERT INTO meetings (title, starts_at, ends_at, user_id, prospect_id, is_organizer, source, provider_uid, booked_at)
SELECT 'Meeting ' || number, moment, moment + interval '30 minutes', (SELECT min(id) FROM users),
       (SELECT min(id) FROM prospects) + number % :people, true, 'App', 'uid-' || number, moment - interval '7 days'
FROM generate_series(1, :count) AS number,
     LATERAL (SELECT now() - interval '1 day' - number * interval '364 days' / :count AS drawn) AS at,
     LATERAL (SELECT date_trunc('minute', drawn) AS moment) AS minute
"""
_ATTENDEES = """
INSERT INTO meeting_attendees (meeting_id, prospect_id, email, answer, organizer)
SELECT m.id, m.prospect_id, p.email, 'accepted', false FROM meetings m JOIN prospects p ON p.id = m.prospect_id
WHERE m.id % 20 = :part
"""
_OWNER = """
SELECT external_id FROM sync_links
WHERE mapping = 'salesforce_user' AND internal_id = (SELECT min(id)::text FROM users)
"""
_FIRST = "SELECT title, starts_at, ends_at FROM meetings ORDER BY id LIMIT :some"


@dataclass(frozen=True, slots=True)
class Scene:
    """`held`: meetings that the org has before. `kills`: at most so many."""

    name: str
    held: float = 0.0
    kills: int = 0


SCENES = (Scene("an empty org"), Scene("half of them are there", held=0.5), Scene("killed", kills=100))


def _fill(both: Systems, count: int, held: float) -> None:
    """As if the mapping had not listened when the meetings were made."""
    both.run(LEAD, "polling")
    with both.database.begin() as connection:
        connection.execute(text(_MEETINGS), {"count": count, "people": _LEADS})
    for part in range(20):  # the database's own triggers are planned anew as the tables grow
        both.sql("ANALYZE meetings, meeting_attendees, sync_pending")
        with both.database.begin() as connection:
            connection.execute(text(_ATTENDEES), {"part": part})
    with both.database.begin() as connection:
        connection.execute(text("DELETE FROM sync_pending"))
        owner = connection.execute(text(_OWNER)).scalar_one()
        rows = connection.execute(text(_FIRST), {"some": int(held * count)}).all()
    events = [[title, *(each.astimezone(UTC).isoformat() for each in ends)] for title, *ends in rows]
    both.salesforce.hold_events(events, owner)


def _bring_out(due: int) -> None:
    """All of it, in this process; what it cannot do now is done when it is begun again."""
    settings, now = Settings(), datetime.now(UTC)
    chosen = backfill.stretch(EVENT, now - timedelta(days=366), now, settings)
    done = backfill.carry_out(EVENT, chosen, due, "bench", settings)
    print(done.as_dict(), file=sys.stderr, flush=True)
    sys.exit(0 if done.done else 3)


@contextmanager
def _begun(due: int) -> Iterator[Any]:
    """In a process of its own, which shares what is imported."""
    process = multiprocessing.get_context("fork").Process(target=_bring_out, args=(due,))
    process.start()
    try:
        yield process
    finally:
        process.join()


def _through(due: int, kills: int, draws: random.Random) -> int:
    """Returns how often it was killed."""
    killed = 0
    while True:
        with _begun(due) as process:
            if killed < kills:
                process.join(draws.uniform(*_LIVES))
                if process.is_alive():
                    os.kill(process.pid, signal.SIGKILL)
                    killed += 1
        if process.exitcode == 0:
            return killed


def _settle(both: Systems) -> None:
    """What was under way when it was killed goes with ordinary runs."""
    while both.count(f"sync_pending WHERE mapping = '{EVENT}'"):
        time.sleep(5)
        both.run(EVENT, "pushing")


def _played(both: Systems, scene: Scene, count: int) -> tuple[str, ...]:
    _fill(both, count, scene.held)
    both.database.dispose()
    began = time.monotonic()
    killed = _through(count, scene.kills, random.Random(7))  # noqa: S311
    seconds = time.monotonic() - began
    _settle(both)
    found = both.salesforce.events()
    figures: tuple[float, ...] = (
        count,
        found["events"],
        found["events"] - found["distinct"],
        both.count(f"sync_links WHERE mapping = '{EVENT}' AND state = 'live'"),
        both.count(f"sync_actions WHERE mapping = '{EVENT}' AND status = 'created'"),
        *(_calls(both, kind) for kind in ("write", "query", "get")),
        killed,
        seconds,
    )
    cells = (scene.name, *(f"{figure:,.0f}" for figure in figures))
    print(*cells, sep=" | ", file=sys.stderr, flush=True)
    return cells


def _calls(both: Systems, kind: str) -> int:
    with both.database.connect() as connection:
        query = f"SELECT coalesce(sum(counted), 0) FROM sync_calls WHERE {_LANE} AND kind = :kind"  # noqa: S608
        return int(connection.execute(text(query), {"kind": kind}).scalar_one())


def _measured(count: int, scenes: list[Scene]) -> Iterator[tuple[str, ...]]:
    with server() as administrator:
        for scene in scenes:
            with systems(administrator, _LEADS, _KILLED if scene.kills else {}) as both:
                yield _played(both, scene, count)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--scenes", type=int, nargs="+", default=[1, 2, 3], help="1: empty, 2: half, 3: killed")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked, load = parser.parse_args(), os.getloadavg()[0]
    import modstamp.engine.run  # noqa: F401  # once, and not in each process that is killed

    scenes = [Scene(each.name, each.held, asked.kills if each.kills else 0) for each in SCENES]
    rows = list(_measured(asked.meetings, [scenes[number - 1] for number in asked.scenes]))
    if asked.write:
        command = f"python -m bench.backfill --write --meetings {asked.meetings} --kills {asked.kills}"
        results.write("backfill", command, [results.machine(load), results.versions({})], _HEAD, rows)
