"""When the clocks of the DAGs tick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import DataInterval, TimeRestriction
from pendulum import DateTime, instance

from modstamp.orchestration.clock import Clock

FIVE_MINUTES = timedelta(minutes=5)
RESTRICTION = TimeRestriction(earliest=instance(datetime(2025, 1, 1, tzinfo=UTC)), latest=None, catchup=False)


def tick(clock: Clock, last: DateTime | None) -> DateTime:
    interval = None if last is None else DataInterval.exact(last)
    found = clock.next_dagrun_info(last_automated_data_interval=interval, restriction=RESTRICTION)
    assert found is not None
    return found.run_after


def test_it_begins_at_once_and_goes_on_at_its_own_moments() -> None:
    now, clock = datetime.now(UTC), Clock(FIVE_MINUTES, 3)

    first = tick(clock, None)
    second = tick(clock, first)
    third = tick(clock, second)

    assert now - FIVE_MINUTES < first <= datetime.now(UTC) < second
    assert (third - second).total_seconds() == (second - first).total_seconds() == 300


def test_what_was_missed_runs_once() -> None:
    now, clock = datetime.now(UTC), Clock(FIVE_MINUTES, 3)
    first = tick(clock, instance(now - timedelta(days=3)))

    assert now - FIVE_MINUTES < first <= datetime.now(UTC) < tick(clock, first)


@pytest.mark.parametrize("every", [timedelta(seconds=45), FIVE_MINUTES, timedelta(hours=3)])
def test_dags_of_the_same_interval_do_not_begin_together(every: timedelta) -> None:
    now = instance(datetime.now(UTC))
    ticks = sorted(tick(Clock(every, number), now) - now for number in range(30))

    assert all(timedelta(0) < each <= every for each in ticks)
    assert min(after - before for before, after in pairwise(ticks)) > every / 30 / 2.5


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # Airflow's, when it looks for plugins
def test_airflow_keeps_it_in_its_database() -> None:
    now, clock = datetime.now(UTC), Clock(FIVE_MINUTES, 3)

    found = decode_timetable(encode_timetable(clock))

    assert isinstance(found, Clock)
    assert tick(found, instance(now)) == tick(clock, instance(now))
