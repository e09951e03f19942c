"""Edits at random times, each watched from outside until Salesforce shows it."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import local
from typing import Final

import requests
from sqlalchemy import Engine, text

_TICK: Final = 0.1  # seconds between looks
_PATIENCE: Final = 120.0  # seconds
_LOOKERS: Final = 16


@dataclass(frozen=True, slots=True)
class Field:
    """A field that both sides have, in rows that are linked."""

    mapping: str
    table: str
    column: str
    external_type: str
    external: str


FIELDS: Final = (
    Field("salesforce_lead", "prospects", "title", "Lead", "Title"),
    Field("salesforce_contact", "prospects", "title", "Contact", "Title"),
    Field("salesforce_account", "accounts", "website", "Account", "Website"),
)
# Without what waits for a person: an edit of such a record may be refused again, and is never shown.
_LINKED: Final = text(
    "SELECT internal_id, external_id FROM sync_links AS link WHERE mapping = :mapping AND state = 'live'"
    " AND NOT EXISTS (SELECT FROM sync_quarantine AS held"
    " WHERE held.mapping = link.mapping AND held.direction = 'pushing' AND held.record_id = link.internal_id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One edit. Times by the clock of this machine; `readable` None: never, as long as we looked."""

    mapping: str
    committed: datetime
    readable: datetime | None


class Reader:
    """A program that reads Salesforce and knows nothing of the sync. One session per thread."""

    def __init__(self, connection: str) -> None:
        found = json.loads(connection)
        self._url = f"{found['host']}:{found['port']}"
        self._login = {"client_id": found["login"], "client_secret": found["password"]}
        self._bundle = found["extra"]["ca_bundle"]
        self._own = local()

    def value(self, field: Field, record: str) -> object:
        path = f"/services/data/v64.0/sobjects/{field.external_type}/{record}"
        answer = self._session().get(self._url + path, params={"fields": field.external}, timeout=30)
        answer.raise_for_status()
        return answer.json()[field.external]

    def _session(self) -> requests.Session:
        if not hasattr(self._own, "session"):
            session = requests.Session()
            session.trust_env = False  # else a variable of the environment comes before the bundle
            session.verify = self._bundle
            grant = {"grant_type": "client_credentials", **self._login}
            answer = session.post(f"{self._url}/services/oauth2/token", data=grant, timeout=30)
            answer.raise_for_status()
            session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self._own.session = session
        session = self._own.session
        assert isinstance(session, requests.Session)  # noqa: S101  # for the type checker
        return session


def make(engine: Engine, reader: Reader, *, count: int, over: timedelta, seed: int) -> list[Seen]:
    """So many edits of linked rows, at random times within so long; ends when all are readable, or have been given up.

    No row is edited twice.
    """
    dice = random.Random(seed)  # noqa: S311  # repeatable
    moments = sorted(dice.uniform(0, over.total_seconds()) for _ in range(count))
    rows = {field: _shuffled(engine, field, dice) for field in FIELDS}
    began = time.monotonic()
    with ThreadPoolExecutor(_LOOKERS) as lookers:
        seen = []
        for moment in moments:
            field = dice.choice(FIELDS)
            internal, external = next(rows[field])
            time.sleep(max(0.0, began + moment - time.monotonic()))
            value = f"www.{uuid.uuid4().hex[:12]}.example"
            committed = _edit(engine, field, internal, value)
            seen.append(lookers.submit(_watched, reader, field, external, value, committed))
        return [each.result() for each in seen]


def _shuffled(engine: Engine, field: Field, dice: random.Random) -> Iterator[tuple[str, str]]:
    with engine.connect() as connection:
        found = sorted(tuple(row) for row in connection.execute(_LINKED, {"mapping": field.mapping}))
    dice.shuffle(found)
    return iter([(str(internal), str(external)) for internal, external in found])


def _edit(engine: Engine, field: Field, record: str, value: str) -> datetime:
    statement = text(f"UPDATE {field.table} SET {field.column} = :value WHERE id = :record")  # noqa: S608  # our names
    with engine.begin() as connection:
        connection.execute(statement, {"value": value, "record": int(record)})
    return datetime.now(UTC)


def _watched(reader: Reader, field: Field, record: str, value: str, committed: datetime) -> Seen:
    until = time.monotonic() + _PATIENCE
    while reader.value(field, record) != value:
        if time.monotonic() > until:
            return Seen(mapping=field.mapping, committed=committed, readable=None)
        time.sleep(_TICK)
    return Seen(mapping=field.mapping, committed=committed, readable=datetime.now(UTC))
