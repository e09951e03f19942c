"""A `Source` as one frame that can be staged, and back.

Raw values keep their names, converted ones get the prefix ``>``; what each row waits for travels as JSON.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from modstamp.engine.batch import Source
from modstamp.engine.extract import COUNTER
from modstamp.engine.frames import column, frame, objects

_CONVERTED = ">"
_WAITS = "_waits"
_REJECTED = "_rejected"


def pack(source: Source) -> pd.DataFrame:
    """One frame with everything."""
    converted = {f"{_CONVERTED}{name}": column(source.converted, name) for name in source.converted.columns}
    raw = {name: column(source.records, name) for name in source.records.columns}
    waits = [None if each is None else json.dumps(each) for each in source.waits]
    return frame({**raw, COUNTER: source.counters, **converted, _WAITS: waits, _REJECTED: source.rejected})


def unpack(part: pd.DataFrame) -> Source:
    """The reverse of `pack`."""
    own = {COUNTER, _WAITS, _REJECTED}
    raw = [name for name in part.columns if name not in own and not name.startswith(_CONVERTED)]
    converted = [name for name in part.columns if name.startswith(_CONVERTED)]
    return Source(
        records=frame({name: column(part, name) for name in raw}),
        converted=frame({name.removeprefix(_CONVERTED): column(part, name) for name in converted}),
        waits=objects([None if each is None else json.loads(each) for each in column(part, _WAITS)]),
        rejected=column(part, _REJECTED),
        counters=column(part, COUNTER),
    )


def batches(source: Source, size: int) -> list[Source]:
    """Consecutive slices."""
    return [source.pick(np.arange(start, min(start + size, len(source)))) for start in range(0, len(source), size)]
