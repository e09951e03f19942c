"""Who may say what travels: whoever can write the mapping files, which is for administrators alone (STG-001)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from modstamp.errors import Problem


def exposed(folder: Path) -> Iterator[Problem]:
    """Mapping files, value tables and their folders that everybody on the machine may write."""
    files = [path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml", ".csv"}]
    for path in sorted({folder, *files, *(path.parent for path in files)}):
        if path.stat().st_mode & stat.S_IWOTH:
            what = "everybody on this machine may write it, and so change what travels and which stage a status is"
            yield Problem(str(path), what, f"leave that to administrators: chmod o-w {path}")
