"""Logins as Airflow has them: from its variables, its database or any secrets backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from modstamp.connections import ConnectionSettings, variable
from modstamp.errors import ConfigurationError, Problem


def resolve(connection_id: str) -> ConnectionSettings:
    """Raises `ConfigurationError` when Airflow knows no connection of that id."""
    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException as error:
        raise _unknown(connection_id) from error
    return _settings(connection_id, found, found.extra_dejson)


async def resolve_async(connection_id: str) -> ConnectionSettings:
    """The same within a trigger, which may not wait for Airflow's answer in any other way."""
    try:
        found = await Connection.async_get(connection_id)
    except AirflowNotFoundException as error:
        raise _unknown(connection_id) from error
    return _settings(connection_id, found, await found.aextra_dejson())


def _unknown(connection_id: str) -> ConfigurationError:
    fix = f"create it under Admin, Connections, in a secrets backend, or as the variable {variable(connection_id)}"
    return ConfigurationError([Problem(f"connection '{connection_id}'", "Airflow does not know it", fix)])


def _settings(connection_id: str, found: Any, extra: Mapping[str, Any]) -> ConnectionSettings:
    return ConnectionSettings(
        id=connection_id,
        kind=found.conn_type,
        host=found.host or "",
        port=found.port,
        login=found.login or "",
        password=found.password or "",
        schema=found.schema or "",
        extra=extra,
    )
