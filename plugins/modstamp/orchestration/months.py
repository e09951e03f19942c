"""Months that nothing begins by itself: Airflow's backfill makes runs of them, and its scheduler makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.timetables.interval import CronDataIntervalTimetable

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo


class Months(CronDataIntervalTimetable):
    """`Months("@monthly", timezone="UTC")`. Airflow must know it by a plugin (`plugins/modstamp_plugin.py`).

    With a plain schedule, the scheduler would make a run of each month that has ended. A backfill then takes that month
    for done, and says nothing of it.
    """

    def __init__(self, cron: str, timezone: Any) -> None:
        super().__init__(cron, timezone)
        self.description = "A run per month that a backfill names; none by itself"

    @property
    def summary(self) -> str:
        return "by backfill only"

    def next_dagrun_info(self, **given: Any) -> DagRunInfo | None:
        """None to the scheduler, which alone asks without catching up."""
        return super().next_dagrun_info(**given) if given["restriction"].catchup else None
