"""Airflow runs this at the start of each of its programs.

Tasks are forked from the scheduler (LocalExecutor) or the Celery worker: what is imported there once need not be
imported by every task, which would cost each of them several seconds.
"""

from __future__ import annotations

import sys

if sys.argv[1:2] == ["scheduler"] or sys.argv[1:3] == ["celery", "worker"]:
    import modstamp.orchestration.preload  # noqa: F401
