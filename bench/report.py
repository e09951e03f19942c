"""Measurements as a table for people, or as JSON."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.measure import PROFILE, STEPS, Measured

_HEAD = (
    "scenario",
    "rows",
    "seen",
    "written",
    *STEPS,
    "total s",
    "busy s",
    "rows/s",
    "peak MB",
    "loaded MB",
    "calls",
    "load",
)


@dataclass(frozen=True, slots=True)
class Line:
    """`rows`: that the org holds, whether or not the run had to read them."""

    scenario: str
    rows: int
    measured: Measured

    def cells(self) -> Sequence[str]:
        found = self.measured
        return (
            self.scenario,
            f"{self.rows:,}",
            f"{found.seen:,}",
            f"{found.written:,}",
            *(f"{found.seconds[step]:.2f}" for step in STEPS),
            f"{found.total:.2f}",
            f"{sum(found.busy.values()):.2f}",
            f"{found.seen / found.total:,.0f}" if found.seen else "-",
            f"{found.peak:.0f}",
            f"{found.loaded:.0f}",
            str(found.calls),
            f"{found.machine_load:.1f}",
        )


def arguments(what: str, sizes: Sequence[int]) -> Namespace:
    """`sizes`, `batch`, `json`, `profile`: what every benchmark understands."""
    parser = ArgumentParser(description=what)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, metavar="ROWS")
    parser.add_argument("--batch", type=int, help="records per transaction of a polling run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--profile", metavar="FOLDER", help="of what cProfile finds, one file per run; it slows runs down"
    )
    return parser.parse_args()


def settings(asked: Namespace) -> dict[str, str]:
    """Environment variables for what was asked."""
    batch = {"MODSTAMP_INBOUND_BATCH": str(asked.batch)} if asked.batch else {}
    return batch | ({PROFILE: asked.profile} if asked.profile else {})


def show(lines: Iterable[Line], *, as_json: bool) -> None:
    """Each line as soon as it is there."""
    if as_json:
        print(json.dumps([{"scenario": each.scenario, "rows": each.rows, **each.measured.as_dict()} for each in lines]))
        return
    widths = [14, 8, *(max(len(name), 8) for name in _HEAD[2:])]
    _row(_HEAD, widths)
    for each in lines:
        _row(each.cells(), widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> None:
    first, *rest = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    print(first.strip().ljust(widths[0]), *rest, flush=True)
