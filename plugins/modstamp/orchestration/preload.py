"""Whatever a task needs, imported by the process that tasks are forked from (`config/airflow_local_settings.py`)."""
# ruff: noqa: F401 - importing is all that it does

from __future__ import annotations

import great_expectations
import pandas as pd
import psycopg
import pyarrow.dataset
import upath.implementations.local

import modstamp.connectors.engagement.capture
import modstamp.connectors.engagement.records
import modstamp.connectors.read_only
import modstamp.connectors.salesforce.connector
import modstamp.engine.run
import modstamp.orchestration.factory
import modstamp.report
import modstamp.staging
import modstamp.state.calls
import modstamp.state.descriptions
import modstamp.state.store
from modstamp.migrations import newest

newest()
