"""``kill -9`` in mid-send: when a portion's intents are stored, while the org has it in hand, or once it is written.

The org and the state are watched for that moment; how long after it the process is killed is drawn. Kills lie evenly
over all records.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Literal

from sqlalchemy import Connection, text

from bench.systems import Systems

Aim = Literal["stored", "in hand", "written"]
_AIMS: tuple[Aim, ...] = ("stored", "in hand", "written")
_LATER = 0.12  # seconds after the moment that is waited for, at the most
_TICK = 0.005
_PROGRESS = "SELECT count(*) FROM sync_links WHERE mapping = ANY(:mappings)"
_PORTIONS = "SELECT DISTINCT run_id, created_at FROM sync_intents"
_OPEN = "SELECT link_id FROM sync_intents"
_ALIVE = "SELECT id FROM sync_links WHERE state = 'live'"


@dataclass(slots=True)
class Killer:
    """`kills`: so many, over so many `records` of the external type that the mappings create.

    `unsettled`: per kill the links whose write had no answer yet.
    """

    both: Systems
    external: str
    mappings: Sequence[str]
    records: int
    kills: int
    draws: random.Random
    unsettled: list[set[int]] = field(default_factory=list)

    @property
    def in_mid_send(self) -> int:
        """Kills between the commit of a portion's intents and that of their answers."""
        return sum(bool(each) for each in self.unsettled)

    def after_the_write(self) -> tuple[int, int]:
        """Kills between a write and its settling, and how many records they left. To be asked at the very end.

        A link whose write never arrived is discarded, and the record is sent again under another one.
        """
        with self.both.database.connect() as connection:
            alive = set(connection.execute(text(_ALIVE)).scalars())
        found = [len(each & alive) for each in self.unsettled]
        return sum(map(bool, found)), sum(found)

    def watch(self, process: BaseProcess) -> None:
        """Kill it, unless it ends before."""
        if len(self.unsettled) >= self.kills:
            return
        goal = (len(self.unsettled) + self.draws.random()) * self.records / self.kills
        with self.both.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            before = set(connection.execute(text(_OPEN)).scalars())
            if self._reached(connection, process, goal):
                time.sleep(self.draws.uniform(0, _LATER))
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, signal.SIGKILL)
                    process.join()
                    self.unsettled.append(set(connection.execute(text(_OPEN)).scalars()) - before)

    def _reached(self, connection: Connection, process: BaseProcess, goal: float) -> bool:
        """Whether the moment came before the process ended."""
        aim, known = self.draws.choice(_AIMS), self._portions(connection)
        asked = written = 0

        def begun() -> bool:
            return not self._portions(connection) <= known

        def seen() -> bool:
            now_asked, now_written = self.both.salesforce.moment(self.external)
            return now_written > written if aim == "written" else now_asked > asked

        while True:
            if not _until(process, begun):
                return False
            asked, written = self.both.salesforce.moment(self.external)
            known |= self._portions(connection)
            if self._progress(connection) >= goal:
                break
        return aim == "stored" or _until(process, seen)

    def _portions(self, connection: Connection) -> set[tuple[object, ...]]:
        return {tuple(row) for row in connection.execute(text(_PORTIONS))}

    def _progress(self, connection: Connection) -> int:
        return int(connection.execute(text(_PROGRESS), {"mappings": list(self.mappings)}).scalar_one())


def _until(process: BaseProcess, reached: Callable[[], bool]) -> bool:
    while process.is_alive():
        if reached():
            return True
        time.sleep(_TICK)
    return False
