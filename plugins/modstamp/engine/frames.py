"""Small helpers around object columns, where None is the only missing value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from modstamp.frames import object_array, object_frame, of_block

Objects = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]


class Absent(Enum):
    """The value of a base that was never set, which is not a blank base."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


objects = object_array
frame = object_frame


def left_over(ids: Iterable[Any], reasons: str | Iterable[str]) -> pd.DataFrame:
    """Entries for `Pendings.leave` that wait for nothing. `reasons`: one for all of them, or one each."""
    listed = list(ids)
    told = [reasons] * len(listed) if isinstance(reasons, str) else reasons
    return frame({"record_id": listed, "reason": told, "waits_for": [None] * len(listed)})


def column(records: pd.DataFrame, name: str) -> Objects:
    """One column as an object array; a column that is missing is all None."""
    if name not in records.columns:
        return objects([None] * len(records))
    return records[name].to_numpy(dtype=object)


def take(records: pd.DataFrame, positions: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Rows by position; position -1 gives a row of None."""
    cells = records.to_numpy(dtype=object).T
    missing = positions < 0
    taken = np.full((len(cells), len(positions)), None, dtype=object)
    if cells.shape[1]:
        taken[:, ~missing] = cells[:, positions[~missing]]
    return of_block(tuple(records.columns), taken)


def choose(mask: Mask, yes: Objects | None, no: Objects | None) -> Objects:
    """Element by element; None stands for a whole column of None."""
    blank_column = objects([None] * len(mask))
    result: Objects = np.where(mask, blank_column if yes is None else yes, blank_column if no is None else no)
    return result


def positions_of(wanted: Iterable[Any], keys: Iterable[Any]) -> npt.NDArray[np.intp]:
    """For each wanted key its position in `keys`, -1 where it is not there."""
    index = {key: position for position, key in enumerate(keys)}
    return np.fromiter((index.get(key, -1) if key is not None else -1 for key in wanted), dtype=np.intp)


def differs(left: Objects, right: Objects) -> Mask:
    """Exact, element by element; ABSENT differs from everything but itself."""
    return np.asarray(left != right, dtype=bool)


def blank(values: Objects) -> Mask:
    """None and the empty text."""
    return np.asarray(~present(values) | (values == ""), dtype=bool)


def present(values: Objects) -> Mask:
    """Not None."""
    return np.asarray(values != None, dtype=bool)  # noqa: E711  # element by element


def naming(dicts: Objects, name: str) -> Mask:
    """Rows whose dict has this key; for columns of dicts that are mostly empty, or None."""
    result = np.zeros(len(dicts), dtype=bool)
    for position in np.flatnonzero(dicts):  # few of many
        result[position] = name in dicts[position]
    return result


def expand(dicts: Iterable[Mapping[str, Any] | None], names: Sequence[str]) -> dict[str, Objects]:
    """One array per name from a column of dicts; ABSENT where a dict has no such key."""
    rows = [row or {} for row in dicts]
    return {name: objects([row.get(name, ABSENT) for row in rows]) for name in names}


def collapse(columns: Mapping[str, Objects], rows: int) -> list[dict[str, Any]]:
    """The reverse of `expand`: ABSENT leaves the key out."""
    names = list(columns)
    if not names:
        return [{} for _ in range(rows)]
    matrix = zip(*(columns[name] for name in names), strict=True)
    return [{name: value for name, value in zip(names, row, strict=True) if value is not ABSENT} for row in matrix]


def fingerprints(records: pd.DataFrame, fields: Sequence[str]) -> Objects:
    """A hash per row over the values read (G1). Row by row, as the same row must hash alike in every batch."""
    rows = zip(*(column(records, name) for name in fields), strict=True) if fields else ([()] * len(records))
    return objects(
        [hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() for row in rows]
    )
