"""Airflow's own one-command mode, on PostgreSQL, with the settings that keep a run to seconds."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.stack import postgresql
from sandbox.stack.places import HOST, PROJECT, Places, Secrets, StackError, free_port, write_privately
from sandbox.stack.postgresql import Server
from sandbox.stack.processes import Process

USER: Final = "admin"
_SCHEDULER_LOGS, _TRIGGERER_LOGS = 8793, 8794  # ports
_PATIENCE: Final = 60.0  # seconds to stop


def project_environment(places: Places, server: Server) -> dict[str, str]:
    """What the command line and Airflow share: settings and the connection of the engagement database."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "MODSTAMP_MAPPINGS": str(PROJECT / "include" / "mappings"),
        "MODSTAMP_STAGING_URL": places.staging.as_uri(),
        "AIRFLOW_CONN_ENGAGEMENT": _engagement(server),
        "GX_ANALYTICS_ENABLED": "false",
    }


def _engagement(server: Server) -> str:
    """The Airflow connection, as JSON: a URI has no good place for the folder of a socket."""
    document = {
        "conn_type": "postgres",
        "login": postgresql.USER,
        "schema": postgresql.ENGAGEMENT,
        "extra": {"host": server.socket},
    }
    return json.dumps(document)


def start(places: Places, secrets: Secrets, server: Server, environment: Mapping[str, str], wanted_port: int) -> int:
    """Start Airflow unless it runs; it is ready some seconds later. Returns the port of its UI."""
    process = _process(places)
    if found := process.note():
        return int(found["port"])
    port = free_port(wanted_port)
    write_privately(places.airflow / "passwords.json", json.dumps({USER: secrets.password}))
    # Its own file would shadow these, and nothing here is meant to be edited.
    own = _settings(places, secrets, server, port)
    process.start([sys.executable, "-m", "airflow", "standalone"], {**environment, **own}, port=port)
    return port


def check(places: Places) -> None:
    """Raises `StackError` when it has ended."""
    process = _process(places)
    if process.note() is None:
        raise StackError(f"Airflow ended; see {process.log}")


def stop(places: Places) -> bool:
    """Only SIGINT ends it together with its parts."""
    return _process(places).stop(signal.SIGINT, _PATIENCE)


def _process(places: Places) -> Process:
    return Process(places, "airflow")


def _settings(places: Places, secrets: Secrets, server: Server, port: int) -> dict[str, str]:
    sections: dict[str, dict[str, Any]] = {
        "CORE": {
            "DAGS_FOLDER": PROJECT / "dags",
            "PLUGINS_FOLDER": PROJECT / "plugins",
            "LOAD_EXAMPLES": False,
            "PARALLELISM": 4,
            "FERNET_KEY": secrets.fernet_key,
            "EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
            "SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": places.airflow / "passwords.json",
        },
        "DATABASE": {
            "SQL_ALCHEMY_CONN": server.url(postgresql.AIRFLOW, "psycopg2"),
            "SQL_ALCHEMY_CONN_ASYNC": server.url(postgresql.AIRFLOW, "asyncpg"),
        },
        "API": {"HOST": HOST, "PORT": port, "BASE_URL": f"http://{HOST}:{port}", "SECRET_KEY": secrets.secret_key},
        "API_AUTH": {"JWT_SECRET": secrets.jwt_secret},
        "SCHEDULER": {"SCHEDULER_IDLE_SLEEP_TIME": 0.2},
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1},
        "DAG_PROCESSOR": {"REFRESH_INTERVAL": 30},
        "LOGGING": {
            "WORKER_LOG_SERVER_PORT": free_port(_SCHEDULER_LOGS),
            "TRIGGER_LOG_SERVER_PORT": free_port(_TRIGGERER_LOGS),
        },
    }
    settings = {
        f"AIRFLOW__{section}__{name}": str(value) for section, each in sections.items() for name, value in each.items()
    }
    # `config` holds what scheduler and workers import before they fork their tasks.
    return {**settings, "AIRFLOW_HOME": str(places.airflow), "PYTHONPATH": str(PROJECT / "config")}


def health_problem(document: Mapping[str, Any]) -> str | None:
    """The first part that is not well, by Airflow's own account."""
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return next((name for name in parts if document.get(name, {}).get("status") != "healthy"), None)


def failed(message: str, places: Places) -> StackError:
    return StackError(f"{message}; see {_process(places).log}")
