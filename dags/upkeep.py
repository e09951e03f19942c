"""What has to be done daily, whether or not anything changed: see `orchestration.daily`.

Airflow looks into files only that name both it and a DAG.
"""

from __future__ import annotations

from modstamp.orchestration.daily import upkeep_dag
from modstamp.settings import Settings

DAG = upkeep_dag(Settings())
