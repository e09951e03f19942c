"""Frames of records and their values, at the border between a system's own forms and `modstamp.model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd


def object_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A frame of object columns in which None stays None and a text stays a `str`."""
    return pd.DataFrame({str(name): pd.Series(values, dtype=object) for name, values in columns.items()})
