"""A clock of its own for each DAG: all at once would keep every worker busy, and a push waiting, for half a minute.

Airflow's own timetable of an interval counts from the run before, so that DAGs that were unpaused together, or that a
scheduler finds late after it was away, begin together ever after.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.timetables.trigger import DeltaTriggerTimetable
from pendulum import from_timestamp

if TYPE_CHECKING:
    from pendulum import DateTime

_GOLDEN: Final = (5**0.5 - 1) / 2  # its multiples fall far from one another, however many there are


class Clock(DeltaTriggerTimetable):
    """Ticks every so long, of the clocks with the same interval the `place`-th at a distance from all the others.

    What was missed runs once, at once. Airflow knows this class by ``plugins/modstamp_plugin.py``.
    """

    def __init__(self, every: timedelta, place: int) -> None:
        super().__init__(every)
        self.every = every
        self._place = place

    def serialize(self) -> dict[str, Any]:
        return {"seconds": self.every.total_seconds(), "place": self._place}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Clock:
        return cls(timedelta(seconds=data["seconds"]), data["place"])

    def _align_to_prev(self, current: DateTime) -> DateTime:
        seconds = self.every.total_seconds()
        first = int(self._place * _GOLDEN % 1 * seconds)
        return from_timestamp(first + (current.timestamp() - first) // seconds * seconds)

    def _align_to_next(self, current: DateTime) -> DateTime:
        before = self._align_to_prev(current)
        return before if before == current else before + self.every

    def _get_next(self, current: DateTime) -> DateTime:
        return self._align_to_prev(current) + self.every

    def _get_prev(self, current: DateTime) -> DateTime:
        return self._align_to_next(current) - self.every
