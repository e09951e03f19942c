"""`bench/RESULTS.md`: a table per command, which replaces its own when it is asked to."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
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
