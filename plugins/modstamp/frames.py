"""Frames of object columns, in which None stays None and a text stays a `str`.

Left to itself, pandas looks at every value to find a type of its own, column by column. Most runs are of a few rows and
many columns, and would spend more on that than on anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def object_array(values: Iterable[Any]) -> npt.NDArray[np.object_]:
    """A one-dimensional object array; numpy's own constructor would unpack nested sequences."""
    listed = values if isinstance(values, list) else list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def object_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """One block of all columns, given as iterables. Raises `ValueError` when they differ in length."""
    arrays = [object_array(values) for values in columns.values()]
    rows = len(arrays[0]) if arrays else 0
    if any(len(array) != rows for array in arrays):
        raise ValueError("the columns of a frame must have one length")
    block = np.empty((len(arrays), rows), dtype=object)
    for place, array in enumerate(arrays):
        block[place] = array
    return of_block(tuple(map(str, columns)), block)


def of_block(names: tuple[str, ...], block: npt.NDArray[np.object_]) -> pd.DataFrame:
    """The frame whose columns are the rows of `block`, which belongs to it from now on."""
    return pd.DataFrame(block.T, columns=_index(names), dtype=object, copy=False)


@lru_cache(maxsize=1024)
def _index(names: tuple[str, ...]) -> pd.Index:
    """Shared by the frames that have these columns, with what it knows of their places."""
    return pd.Index(names, dtype=object)
