"""One polling and one pushing DAG per file in `include/mappings`: what they do stands there, how in `orchestration`.

Airflow registers a DAG that is made within a `with` for the file that it is reading, so nothing is left to do here.
"""

from __future__ import annotations

from modstamp.orchestration.factory import sync_dags
from modstamp.settings import Settings

DAGS = sync_dags(Settings())
