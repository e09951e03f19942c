"""What each contender is started with: one command, or several joined by pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bench.systems import LEAD, Systems
from sandbox import foreign
from sandbox.proxy import Proxy

HERE = Path(__file__).parent
TAP_LOCK = HERE.parents[1] / "tests" / "interop" / "tap_salesforce" / "requirements.txt"

# The eleven fields of our own mapping of Leads, and the two that say which record and which version.
FIELDS = (
    "Id",
    "Email",
    "FirstName",
    "LastName",
    "Company",
    "Title",
    "Phone",
    "MobilePhone",
    "Status",
    "OwnerId",
    "LeadSource",
    "HasOptedOutOfEmail",
    "SystemModstamp",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """Commands, each reading what the one before it prints. `output`: where the last one's lines are kept."""

    commands: tuple[tuple[str, ...], ...]
    variables: dict[str, str]
    output: Path | None = None


class Contender(Protocol):
    """One product, ready to be run again and again against one pair of systems."""

    name: str

    def pipe(self) -> Pipe: ...

    def landed(self, systems: Systems) -> int:
        """Rows that it has in the database by now."""
        ...


class Modstamp:
    """The command that a person types."""

    name = "Modstamp"

    def __init__(self, systems: Systems) -> None:
        self._variables = systems.environment

    def pipe(self) -> Pipe:
        command = (sys.executable, "-m", "modstamp", "sync", LEAD, "--direction", "polling", "--json")
        return Pipe(commands=(command,), variables=foreign.environment(**self._variables))

    def landed(self, systems: Systems) -> int:
        return systems.count("prospects WHERE title = 'Director'")


class Dlt:
    """REST pages into PostgreSQL, merged on Id."""

    name = "dlt"

    def __init__(self, systems: Systems, folder: Path) -> None:
        self._python = foreign.python("dlt", HERE / "locks" / "dlt.txt") / "bin" / "python"
        address = systems.salesforce.address
        self._order = {
            **{name: address[name] for name in ("host", "login", "password")},
            # dlt wants a host; to the driver, the folder of the socket that follows it counts.
            "database": systems.address.replace("@/", "@localhost/"),
            "folder": str(folder / "dlt"),
            "fields": FIELDS,
        }
        self._variables = foreign.environment(
            REQUESTS_CA_BUNDLE=address["ca_bundle"], RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR"
        )

    def pipe(self) -> Pipe:
        command = (str(self._python), str(HERE / "dlt_leads.py"), json.dumps(self._order))
        return Pipe(commands=(command,), variables=self._variables)

    def landed(self, systems: Systems) -> int:
        return systems.count("dlt.lead WHERE title = 'Director'")


class Singer:
    """tap-salesforce piped into target-postgres, which upserts on Id."""

    name = "tap-salesforce"

    def __init__(self, systems: Systems, folder: Path, proxy: Proxy, *, api: str) -> None:
        self.name = f"tap-salesforce ({api}) + target-postgres"
        self._schema = f"singer_{api.lower()}"
        self._folder = folder / self._schema
        self._folder.mkdir()
        address = systems.salesforce.address
        tap = foreign.python("tap_salesforce", TAP_LOCK) / "bin" / "tap-salesforce"
        target = foreign.python("target_postgres", HERE / "locks" / "target_postgres.txt") / "bin" / "target-postgres"
        self._variables = foreign.environment(
            HTTPS_PROXY=proxy.url, https_proxy=proxy.url, REQUESTS_CA_BUNDLE=address["ca_bundle"]
        )
        source = {
            "client_id": address["login"],
            "client_secret": address["password"],
            "refresh_token": systems.salesforce.refresh_token(),
            "start_date": "2000-01-01T00:00:00Z",
            "api_type": api,
            "select_fields_by_default": True,
        }
        landing = {
            "sqlalchemy_url": systems.address.replace("postgresql://", "postgresql+psycopg://"),
            "default_target_schema": self._schema,
            "load_method": "upsert",
            "use_copy": True,
            "add_record_metadata": False,
            "activate_version": False,
        }
        self._tap = (str(tap), "--config", self._written("tap.json", source))
        self._target = (str(target), "--config", self._written("target.json", landing))
        self._state = self._folder / "state.json"
        self._catalog = self._written("catalog.json", _selected(json.loads(self._discovered())))

    def _discovered(self) -> str:
        command = [*self._tap, "--discover"]
        return subprocess.run(  # noqa: S603  # a fixed program
            command, env=self._variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
        ).stdout

    def _written(self, name: str, document: Any) -> str:
        path = self._folder / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return str(path)

    def pipe(self) -> Pipe:
        """The target prints a state when rows have landed; the last one is where the next run goes on."""
        state = ("--state", str(self._state)) if self._remember() else ()
        reading = (*self._tap, "--properties", self._catalog, *state)
        return Pipe(commands=(reading, self._target), variables=self._variables, output=self._folder / "printed.jsonl")

    def _remember(self) -> bool:
        printed = self._folder / "printed.jsonl"
        lines = printed.read_text(encoding="utf-8").split("\n") if printed.exists() else []
        states = [line for line in lines if line.startswith("{")]
        if states:
            self._state.write_text(states[-1], encoding="utf-8")
        return bool(states)

    def landed(self, systems: Systems) -> int:
        return systems.count(f"""{self._schema}."Lead" WHERE "Title" = 'Director'""")


def target_of(systems: Systems) -> tuple[str, int]:
    """Where the tap's proxy ends its tunnels."""
    port = urlsplit(systems.salesforce.address["host"]).port
    if port is None:
        raise ValueError("the local Salesforce has a port")
    return "127.0.0.1", port


def _selected(catalog: dict[str, Any]) -> dict[str, Any]:
    """Leads alone with our fields, read on from the last SystemModstamp."""
    (stream,) = (each for each in catalog["streams"] if each["stream"] == "Lead")
    for entry in stream["metadata"]:
        if not entry["breadcrumb"]:
            replication = {"replication-method": "INCREMENTAL", "replication-key": "SystemModstamp"}
            entry["metadata"] |= {"selected": True, **replication}
        else:
            entry["metadata"]["selected"] = entry["breadcrumb"][-1] in FIELDS
    return {"streams": [stream]}
