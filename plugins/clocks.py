"""Tells Airflow of the timetable that our DAGs use, which it would not load otherwise."""

from airflow.plugins_manager import AirflowPlugin

from modstamp.orchestration.clock import Clock


class ClocksPlugin(AirflowPlugin):
    name = "modstamp_clocks"
    timetables = [Clock]  # noqa: RUF012  # as Airflow declares it
