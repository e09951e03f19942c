"""What Airflow must know of Modstamp beyond its DAGs. Airflow loads it from its plugins folder."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from modstamp.orchestration.clock import Clock
from modstamp.orchestration.months import Months


class ModstampPlugin(AirflowPlugin):
    name = "modstamp"
    timetables = (Clock, Months)
