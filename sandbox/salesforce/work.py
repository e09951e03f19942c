"""What goes on beside the answers: jobs, late edits, waits. Closing ends the waits and waits for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread
from typing import Any, Final

PATIENCE: Final = 10.0


class ClosingError(Exception):
    """The server ends, and whatever waits here is given up."""


class Work:
    """Counts what is under way, so that the store is closed behind all of it."""

    def __init__(self) -> None:
        self._closing = Event()
        self._under_way = 0
        self._changed = Condition()

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def pause(self, seconds: float) -> None:
        """Wait. Raises `ClosingError` as soon as the server ends."""
        if self._closing.wait(seconds):
            raise ClosingError

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Let closing wait for this block. Raises `ClosingError` when it is too late to begin."""
        with self._changed:
            if self.closing:
                raise ClosingError
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def start(self, function: Callable[..., Any], *arguments: Any, delay: float = 0.0) -> None:
        """Call it in a thread of its own, after a while."""
        Thread(target=self._run, args=(function, arguments, delay), daemon=True).start()

    def stop(self) -> None:
        """End the waits, and let nothing new begin."""
        with self._changed:
            self._closing.set()

    def close(self) -> None:
        """Stop, and wait for what is under way."""
        self.stop()
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is under way, also what nobody waits for any more."""
        ends = time.monotonic() + PATIENCE
        with self._changed:
            while self._under_way and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)

    def _run(self, function: Callable[..., Any], arguments: tuple[Any, ...], delay: float) -> None:
        try:
            self.pause(delay)
            with self.under_way():
                function(*arguments)
        except ClosingError:
            return  # as if the machine had been switched off
