"""``python -m bench.backfill``: twelve months of meetings, and of activities, into an org.

Scene 1: an empty org. 2: it holds half of the meetings. 3: killed in mid-send (``kill -9``) and begun anew until it is
through. 4: so are calls and mails in the lane, and tasks by ordinary pushes. Each record is to be there once.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator

from bench import results
from bench.backfill.filling import PEOPLE
from bench.backfill.scenes import HEAD, SCENES, play
from bench.systems import server, systems


def _measured(count: int, kills: int, scenes: list[int]) -> Iterator[tuple[str, ...]]:
    with server() as administrator:
        for number in scenes:
            scene = SCENES[number - 1]
            with systems(administrator, PEOPLE, dict(scene.settings)) as both:
                yield play(both, scene, count, kills)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m bench.backfill", description=__doc__)
    every = range(1, len(SCENES) + 1)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--scenes", type=int, nargs="+", default=list(every), choices=every)
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked, load = parser.parse_args(), os.getloadavg()[0]
    rows = list(_measured(asked.records, asked.kills, asked.scenes))
    if asked.write:
        scenes = " ".join(map(str, asked.scenes))
        command = f"python -m bench.backfill --write --records {asked.records} --kills {asked.kills} --scenes {scenes}"
        results.write("backfill", command, [results.machine(load), results.versions({})], HEAD, rows)
