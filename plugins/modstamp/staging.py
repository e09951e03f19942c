"""Where parts wait between tasks: Parquet files below a URL, a local folder or an object store."""

from __future__ import annotations

import errno
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from modstamp.errors import ConfigurationError, FatalError, Problem
from modstamp.frames import object_frame

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_AS_JSON = b"modstamp.json"  # marks a column whose values are of several kinds


class ParquetStaging:
    """One folder per run. References are URLs, so that another worker can read what this one wrote.

    A file's name begins with the token of the lease and ends with chance: two tries of one step may both be alive.
    """

    def __init__(self, url: str) -> None:
        """Raises `ConfigurationError` for a URL that nothing here can open."""
        try:
            self._root = UPath(url.removeprefix("file://") if url.startswith("file://") else url)
            self._root.fs  # noqa: B018  # an object store's library is looked for only now
        except (ValueError, ImportError) as error:
            fix = "name a folder, or an object store whose fsspec library is installed"
            raise ConfigurationError([Problem("MODSTAMP_STAGING_URL", str(error), fix)]) from error

    def write(self, run_id: str, token: int, name: str, frame: pd.DataFrame) -> str:
        path = self._folder(run_id) / f"{token}-{name}-{uuid4().hex[:12]}.parquet"
        with _explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("wb") as file:
                    pq.write_table(_table(frame), file)
            except OSError:
                path.unlink(missing_ok=True)  # half a part helps nobody, and holds the room that is missing
                raise
        return str(path)

    def read(self, reference: str) -> pd.DataFrame:
        try:
            with UPath(reference).open("rb") as file:
                table = pq.read_table(file)
        except (OSError, pa.ArrowException) as error:
            fix = "run again: the rows are read anew. All workers must reach the place named by MODSTAMP_STAGING_URL"
            raise FatalError(f"the staged part {reference} cannot be read ({error}). Fix: {fix}") from error
        return object_frame({name: _column(table, name) for name in table.column_names})

    def remove(self, run_id: str, token: int | None = None) -> None:
        _remove(self._folder(run_id), "" if token is None else f"{token}-")

    def remove_older_than(self, age: timedelta) -> int:
        """Runs that never landed leave parts behind; returns how many folders went."""
        with _explained(self._root):
            found = list(self._root.iterdir()) if self._root.exists() else []
            old = [path for path in found if path.stat().st_mtime < time.time() - age.total_seconds()]
        for path in old:
            _remove(path)
        return len(old)

    def _folder(self, run_id: str) -> UPath:
        return self._root / re.sub(r"[^\w.-]", "_", run_id)


def _remove(folder: UPath, prefix: str = "") -> None:
    """Files whose names begin so, and the folder when it is empty. Another process may be removing the same."""
    with _explained(folder), suppress(FileNotFoundError):
        others = 0
        for path in folder.iterdir():
            if path.name.startswith(prefix):
                path.unlink(missing_ok=True)
            else:
                others += 1
        if not others:
            folder.rmdir()


@contextmanager
def _explained(folder: UPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        what, fix = ("is full", "free some room there") if full else ("cannot be used", "check its rights")
        text = f"the staging area {folder} {what} ({error}). Fix: {fix}, or set MODSTAMP_STAGING_URL"
        raise FatalError(text) from error


def _table(frame: pd.DataFrame) -> pa.Table:
    arrays, fields = [], []
    for name in frame.columns:
        array, metadata = _array(frame[name].tolist())
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=metadata))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(values: list[Any]) -> tuple[pa.Array, dict[bytes, bytes] | None]:
    """One Arrow type per column; where values are of several kinds, each as JSON, so that they come back unchanged."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 and kinds <= {str, bool, int, float}:
        return pa.array(values), None
    return pa.array([None if value is None else json.dumps(value) for value in values], pa.string()), {_AS_JSON: b"1"}


def _column(table: pa.Table, name: str) -> list[Any]:
    values: list[Any] = table[name].to_pylist()
    if _AS_JSON in (table.schema.field(name).metadata or {}):
        values = [None if value is None else json.loads(value) for value in values]
    return values
