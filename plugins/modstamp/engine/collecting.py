"""Python's search for cycles of objects, made rare while a step works.

The rows of a batch are hundreds of thousands of small objects that are gone after it, none of them in a cycle. Looking
through them again and again took a sixth of a run's processor time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 100_000  # made, and not gone, between two searches; Python's own figure is 700


@contextmanager
def rarely() -> Iterator[None]:
    """For the whole process, until the block ends."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
