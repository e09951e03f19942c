"""The scenes: an empty org; one that holds half of it already; and processes that are killed in mid-send."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.backfill import filling
from bench.backfill.filling import CALLS, EVENT, MAILS, TASKS
from bench.backfill.killing import Killer
from bench.backfill.verdict import judge
from bench.backfill.work import LANE, PLAIN, Work, begin
from bench.systems import Systems

HEAD = (
    "scene",
    "records",
    "in the org",
    "doubled",
    "lost",
    "linked",
    "created",
    "calls",
    "writes",
    "finds",
    "read-backs",
    "kills",
    "in mid-send",
    "after the write",
    "records so",
    "seconds",
)
# Short enough that a create whose answer was lost is looked for soon; longer than the org needs for a portion (G21).
_KILLED: Mapping[str, str] = {
    "MODSTAMP_BACKFILL_ROWS": "80",
    "MODSTAMP_OUTBOUND_BATCH": "80",
    "MODSTAMP_LOOKBACK": "2",
    "MODSTAMP_SEND_DEADLINE": "10",
    "MODSTAMP_CALL_TIMEOUT": "10",
    "MODSTAMP_RECOVERY_MARGIN": "1",
    "MODSTAMP_LEASE": "1",
    "MODSTAMP_CREATE_LIMIT": '{"records": 10000000, "share": 1.0, "floor": 10000000}',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`held`: the share of meetings that the org has before. `plain`: mappings that go by ordinary pushes."""

    name: str
    fill: Callable[[Systems, int, float], None] = filling.meetings
    mappings: Sequence[str] = (EVENT,)
    external: str = "Event"
    held: float = 0.0
    killed: bool = False
    plain: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def works(self, due: int, turn: int) -> list[Work]:
        """Each turn begins with another mapping, so that one's lost answers are open while another one sends."""
        at = turn % len(self.mappings)
        return [Work(each, due, each in self.plain) for each in (*self.mappings[at:], *self.mappings[:at])]


SCENES = (
    Scene(name="meetings, an empty org"),
    Scene(name="meetings, half of them are there", held=0.5),
    Scene(name="meetings, killed", killed=True, settings=_KILLED),
    Scene(
        name="calls, mails, tasks, killed",
        fill=filling.activities,
        mappings=(CALLS, MAILS, TASKS),
        external="Task",
        killed=True,
        plain=(TASKS,),
        settings=_KILLED,
    ),
)


def play(both: Systems, scene: Scene, count: int, kills: int) -> tuple[str, ...]:
    """One row of the table. `calls` are those that the org counted; of what was killed, we have not counted all."""
    scene.fill(both, count, scene.held)
    killer = Killer(
        both,
        scene.external,
        scene.mappings,
        count,
        kills if scene.killed else 0,
        random.Random(7),  # noqa: S311 - a repeatable draw, not a secret
    )
    began, before = time.monotonic(), both.salesforce.charged()
    _through(both, scene, count, killer)
    seconds = time.monotonic() - began
    _settle(both, scene)
    figures: tuple[float, ...] = (
        count,
        *judge(both, scene.external, scene.mappings),
        both.count(f"sync_actions WHERE mapping IN ({_listed(scene)}) AND status = 'created'"),
        both.salesforce.charged() - before,
        *(_calls(both, kind) for kind in ("write", "query", "get")),
        len(killer.unsettled),
        killer.in_mid_send,
        *killer.after_the_write(),
        seconds,
    )
    cells = (scene.name, *(f"{figure:,.0f}" for figure in figures))
    print(*cells, sep=" | ", file=sys.stderr, flush=True)
    return cells


def _through(both: Systems, scene: Scene, count: int, killer: Killer) -> None:
    turn, code = 0, None
    while code != 0:
        both.database.dispose()  # no connection is shared with what is begun here
        process = begin(scene.works(count, turn))
        killer.watch(process)
        process.join()
        turn, code = turn + 1, process.exitcode


def _settle(both: Systems, scene: Scene) -> None:
    """What was under way when it was killed goes with ordinary runs."""
    while both.count(f"sync_pending WHERE mapping IN ({_listed(scene)})"):
        time.sleep(5)
        for mapping in scene.mappings:
            both.run(mapping, "pushing")


def _listed(scene: Scene) -> str:
    return ", ".join(f"'{each}'" for each in scene.mappings)


def _calls(both: Systems, kind: str) -> int:
    with both.database.connect() as connection:
        ours = " OR ".join(f"run_id LIKE '{each}%'" for each in (LANE, PLAIN))
        query = f"SELECT coalesce(sum(counted), 0) FROM sync_calls WHERE ({ours}) AND kind = :kind"  # noqa: S608
        return int(connection.execute(text(query), {"kind": kind}).scalar_one())
