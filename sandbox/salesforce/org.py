"""The org: everything that the resources share."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from sandbox.salesforce.access import Access
from sandbox.salesforce.clock import Clock
from sandbox.salesforce.faults import Faults
from sandbox.salesforce.jobs import Jobs
from sandbox.salesforce.locks import Locks
from sandbox.salesforce.meter import Meter
from sandbox.salesforce.opportunities import stage_rows
from sandbox.salesforce.query import Cursors
from sandbox.salesforce.rules import Rules, load_rules
from sandbox.salesforce.schema import DEFAULT_CUSTOM_FIELDS, Schema, load_schema, with_features, with_metadata
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.store import Store
from sandbox.salesforce.views import Views, load_views
from sandbox.salesforce.work import Work

CUSTOM_FIELDS_FILE, RULES_FILE, VIEWS_FILE, CREDENTIALS_FILE, DATA_FILE = (
    "custom_fields.yaml",
    "rules.yaml",
    "views.yaml",
    "credentials.json",
    "salesforce.db",
)
PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client logs in with; made at random when the state folder is new."""

    client_id: str
    client_secret: str
    username: str = "integration@sandbox.example"
    password: str
    security_token: str


@dataclass(slots=True, kw_only=True)
class Options:
    """How this org differs from the ordinary one.

    `features` are those of `features.yaml`.
    `passwords` allows the password grant and SOAP login; `lower_emails` and `format_phones` are rewritings on save.
    """

    daily_limit: int = 100_000
    passwords: bool = True
    lower_emails: bool = True
    format_phones: bool = False
    custom_fields: tuple[Path, ...] = ()
    features: tuple[str, ...] = ()
    rules: Path | None = None
    instance_url: str | None = None


@dataclass(slots=True)
class Org:
    """One running org; `user_id` is the integration user, `people_id` stands for everybody else."""

    state: Path
    options: Options
    store: Store
    clock: Clock
    credentials: Credentials
    rules: Rules
    cursors: Cursors
    sessions: Sessions
    faults: Faults
    access: Access
    meter: Meter
    opened: datetime
    org_id: str = ""
    user_id: str = ""
    people_id: str = ""
    views: Views = field(default_factory=Views)
    metadata: dict[str, Any] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=Jobs)
    work: Work = field(default_factory=Work)
    locks: Locks = field(default_factory=Locks)

    @property
    def schema(self) -> Schema:
        """What the administrator has set up; what the API shows of it is `access.shown`."""
        return self.access.schema

    def add_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Make fields and object types of the org's own, for good.

        Raises:
            ValueError: see `schema.with_metadata`.
        """
        merged = {name: dict(data) for name, data in self.metadata.items()}
        for name, data in metadata.items():
            merged[name] = _merged(merged.get(name, {}), data)
        schema = with_features(with_metadata(load_schema(), merged), *self.options.features)
        self.store.extend(schema)
        self.access.base, self.metadata, self.opened = schema, merged, self.clock.now()
        text = yaml.safe_dump(merged, sort_keys=False, allow_unicode=True)
        (self.state / CUSTOM_FIELDS_FILE).write_text(text, encoding="utf-8")

    def switch_on(self, *features: str) -> None:
        """Let the org have more of what `features.yaml` names; as long as this process runs.

        Raises:
            ValueError: there is no such feature.
        """
        schema = with_features(self.access.base, *features)
        self.store.extend(schema)
        self.access.base, self.opened = schema, self.clock.now()
        self.options.features = (*self.options.features, *features)

    def show(self, views: Views) -> None:
        """Let the org have these list views and reports."""
        views.settle(self.store, by=self.user_id)
        self.views = views

    def begin_write(self, user_id: str) -> datetime:
        """The moment that a write is stamped with: that of its beginning, which faults move away from its commit."""
        moment, by = self.clock.now(), self.by(user_id)
        if fault := self.faults.take("ties", by=by):
            moment -= timedelta(seconds=int(moment.timestamp()) % fault["span"])
        if fault := self.faults.take("late_commit", by=by):
            self.work.pause(fault["delay"])
        return moment

    def by(self, user_id: str) -> str:
        """Whether a user is one of the people, or the API's."""
        return "people" if user_id == self.people_id else "api"

    def close(self) -> None:
        """End what goes on beside the answers, then close the data."""
        self.work.close()
        self.store.close()


def open_org(state: Path, options: Options) -> Org:
    """Open the org in a state folder, making what is not there yet."""
    state.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    store = open_store(state, *options.custom_fields, clock=clock)
    faults = Faults()
    clock.by_faults = faults.skew
    access = Access(store, faults)
    org = Org(
        state=state,
        options=options,
        store=store,
        clock=clock,
        credentials=_credentials(state / CREDENTIALS_FILE),
        rules=load_rules(options.rules or state / RULES_FILE),
        cursors=Cursors(store, access, clock),
        sessions=Sessions(clock),
        faults=faults,
        access=access,
        meter=Meter(options.daily_limit),
        opened=clock.now(),
    )
    org.org_id, org.user_id, org.people_id = _settle(store, org.credentials)
    for path in custom_files(state, *options.custom_fields):
        org.metadata |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    org.show(load_views(state / VIEWS_FILE))
    chosen, options.features = options.features, ()
    org.switch_on(*chosen)
    return org


def open_store(state: Path, *custom_fields: Path, clock: Clock | None = None) -> Store:
    """Open the data of a state folder, with the standard accounts in it (see `Org`).

    Custom fields come from the given files, else from the folder's own file, else from the shipped one.
    """
    state.mkdir(parents=True, exist_ok=True)
    store = Store(state / DATA_FILE, schema=load_schema(*custom_files(state, *custom_fields)), clock=clock)
    _settle(store, _credentials(state / CREDENTIALS_FILE))
    return store


def custom_files(state: Path, *given: Path) -> tuple[Path, ...]:
    """Where the fields and types of the org's own are read from: the first of the places that `open_store` names."""
    own = state / CUSTOM_FIELDS_FILE
    return given or ((own,) if own.exists() else (DEFAULT_CUSTOM_FIELDS,))


def _merged(before: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """A type's metadata with more; fields of a custom type stand under `fields`, wherever they come from."""
    if "fields" not in before:
        return {**before, **data}
    fields = data.get("fields", data)
    rest = data if "fields" in data else {}
    return {**before, **rest, "fields": {**before["fields"], **fields}}


def _settle(store: Store, credentials: Credentials) -> tuple[str, str, str]:
    """Return the ids of the organisation, the integration user and the person who edits in the org's own screens."""
    with store.writing():
        user_id = _user(store, "Integration", credentials.username, "integr")
        people_id = _user(store, "Sandbox", "people@sandbox.example", "people", by=user_id)
        if not store.count("Organization"):
            organization = {"Name": "Modstamp Sandbox", "Country": "US", "InstanceName": "LOCAL"}
            store.insert_many("Organization", [organization], by=user_id)
        if not store.count("LeadStatus"):
            store.insert_many("LeadStatus", _lead_statuses(store.schema), by=user_id)
        if not store.count("OpportunityStage"):
            store.insert_many("OpportunityStage", stage_rows(), by=user_id)
    return next(store.rows("Organization"))["Id"], user_id, people_id


def _lead_statuses(schema: Schema) -> list[dict[str, object]]:
    status = schema["Lead"].fields["Status"]
    last = len(status.values)
    return [
        {
            "MasterLabel": value,
            "ApiName": value,
            "SortOrder": place,
            "IsDefault": value == status.default,
            "IsConverted": place == last,
        }
        for place, value in enumerate(status.values, 1)
    ]


def _user(store: Store, last_name: str, username: str, alias: str, *, by: str = "") -> str:
    for row in store.rows("User", "Username = ?", (username,)):
        return str(row["Id"])
    row = {
        "FirstName": "Modstamp",
        "LastName": last_name,
        "Username": username,
        "Email": username,
        "Alias": alias,
        "CommunityNickname": alias,
        "IsActive": True,
        "TimeZoneSidKey": "UTC",
        "LocaleSidKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
    }
    return store.insert_many("User", [row], by=by)[0]


def _credentials(path: Path) -> Credentials:
    if path.exists():
        return Credentials(**json.loads(path.read_text(encoding="utf-8")))
    made = Credentials(
        client_id="3MVG9" + secrets.token_urlsafe(40),
        client_secret=secrets.token_hex(32).upper(),
        password=secrets.token_urlsafe(12),
        security_token=secrets.token_urlsafe(18),
    )
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")
    return made
