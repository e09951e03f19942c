"""From settings and connections to a runnable mapping: the one place where connectors, state and engine meet.

    database.py      the engagement database, as its connection names it
    opening.py       from a mapping's name to a run
    run.py           the steps of a run
    preparing.py     what is done to the database before any run

Nothing heavy is imported until a run is opened, as Airflow reads `mappings` at every DAG parse.
"""

from modstamp.wiring.database import engagement_url, open_database
from modstamp.wiring.opening import connect, mappings, open_lane, open_run, open_store
from modstamp.wiring.preparing import preparation, prepare
from modstamp.wiring.run import Run, run_through

__all__ = [
    "Run",
    "connect",
    "engagement_url",
    "mappings",
    "open_database",
    "open_lane",
    "open_run",
    "open_store",
    "preparation",
    "prepare",
    "run_through",
]
