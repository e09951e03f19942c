"""Logins as Airflow has them: from its variables, its database or any secrets backend."""

from __future__ import annotations

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from modstamp.connections import ConnectionSettings, variable
from modstamp.errors import ConfigurationError, Problem


def resolve(connection_id: str) -> ConnectionSettings:
    """Raises `ConfigurationError` when Airflow knows no connection of that id."""
    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        fix = f"create it under Admin, Connections, in a secrets backend, or as the variable {variable(connection_id)}"
        problem = Problem(f"connection '{connection_id}'", "Airflow does not know it", fix)
        raise ConfigurationError([problem]) from error
    return ConnectionSettings(
        id=connection_id,
        kind=found.conn_type,
        host=found.host or "",
        port=found.port,
        login=found.login or "",
        password=found.password or "",
        schema=found.schema or "",
        extra=found.extra_dejson,
    )
