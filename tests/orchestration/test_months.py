"""How the lane's DAGs are scheduled: by a backfill, month by month, and never by the scheduler."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from pendulum import DateTime

from modstamp.orchestration.lane import backfill_dags
from modstamp.orchestration.months import Months
from modstamp.settings import Settings

# What Airflow itself uses is deprecated by Airflow, and by others.
pytestmark = [pytest.mark.filterwarnings(f"ignore:.*{each}") for each in ("determine_kwargs", "gitwildmatch")]
SINCE, UNTIL = DateTime(2025, 12, 1, tzinfo=UTC), DateTime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.guarantee("G28")
def test_a_backfill_gets_each_month_and_the_scheduler_none() -> None:
    """A run that the scheduler had made would stand for a month that no backfill brings out any more."""
    dag = DagSerialization.from_dict(DagSerialization.to_dict(DagBag("dags").dags["salesforce_event_backfill"]))
    found = [each.data_interval for each in dag.iter_dagrun_infos_between(SINCE, UNTIL)]
    intervals = [each for each in found if each is not None]

    assert [each.start.month for each in intervals] == [12, 1, 2, 3]
    assert all(one.end == other.start for one, other in pairwise(intervals))
    assert dag.next_dagrun_info(last_automated_run_info=None) is None
    restriction = TimeRestriction(earliest=SINCE, latest=None, catchup=False)
    months = Months("@monthly", timezone="UTC")
    assert months.next_dagrun_info(last_automated_data_interval=None, restriction=restriction) is None


def test_each_mapping_that_pushes_has_one_with_a_name_of_its_own() -> None:
    dags = backfill_dags(Settings())
    assert "salesforce_task_opens_and_clicks_backfill" not in {dag.dag_id for dag in dags}
    assert len({dag.dag_display_name for dag in dags}) == len(dags) == 6
    assert not any(dag.is_paused_upon_creation for dag in dags), "Airflow begins no run of a paused DAG's backfill"


def test_a_month_begins_at_midnight_of_utc() -> None:
    restriction = TimeRestriction(earliest=SINCE, latest=None, catchup=True)
    months = Months("@monthly", timezone="UTC")
    info = months.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert info is not None
    assert info.data_interval is not None
    assert (info.data_interval.start, info.data_interval.end) == (SINCE, datetime(2026, 1, 1, tzinfo=UTC))
