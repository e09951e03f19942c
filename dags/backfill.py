"""One backfill DAG per mapping file with `backfill`: see `orchestration.lane`.

Airflow looks into files only that name both it and a DAG.
"""

from __future__ import annotations

from modstamp.orchestration.lane import backfill_dags
from modstamp.settings import Settings

DAGS = backfill_dags(Settings())
