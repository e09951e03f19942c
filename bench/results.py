"""`bench/RESULTS.md`: a table per command, which replaces its own when it is asked to."""

from __future__ import annotations

import os
import platform
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "RESULTS.md"
_PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", re.MULTILINE)


def machine(load: float) -> str:
    """What the figures depend on besides the programs. `load`: of the whole machine when it began, over one minute."""
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"{cores}, load {load:.1f} at the start, Python {platform.python_version()}"


def versions(locks: Mapping[str, Path]) -> str:
    """Of Modstamp, and of each named package as its lock file pins it."""
    found = [f"{name} {dict(_PINNED.findall(lock.read_text(encoding='utf-8')))[name]}" for name, lock in locks.items()]
    return ", ".join([f"Modstamp {version('modstamp')}", *found])


def write(name: str, command: str, notes: Sequence[str], head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Put the table between the marks of this name, which must be there; what people wrote around them stays."""
    begin, end = f"<!-- {name}: made by its command -->", f"<!-- {name}: end -->"
    lines = ["|".join(["", *cells, ""]) for cells in (head, _rule(head), *rows)]
    notes = [f"{datetime.now(UTC):%Y-%m-%d}: {'; '.join(notes)}."]
    made = "\n".join([begin, "", f"```\n{command}\n```", "", *notes, "", *lines, "", end])
    text = RESULTS.read_text(encoding="utf-8")
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"{RESULTS.name} has no place for {name}")
    RESULTS.write_text(marked.sub(lambda _: made, text), encoding="utf-8")


def _rule(head: Sequence[str]) -> list[str]:
    return ["---", "---", *["--:"] * (len(head) - 2)]


def measure(  # noqa: PLR0913, PLR0917 - what two commands have in common
    name: str,
    program: str,
    about: str | None,
    sizes: Sequence[int],
    measured: Callable[[list[int]], Iterator[Sequence[str]]],
    head: Sequence[str],
    locks: Mapping[str, Path],
) -> None:
    """The command ``python -m`` `program`: a row, or several, per size; ``--write`` puts them into the page."""
    parser = ArgumentParser(description=about)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, metavar="ROWS")
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    asked, load = parser.parse_args(), os.getloadavg()[0]
    rows = list(measured(asked.sizes))
    if asked.write:
        command = f"python -m {program} --write --sizes {' '.join(map(str, asked.sizes))}"
        write(name, command, [machine(load), versions(locks)], head, rows)
