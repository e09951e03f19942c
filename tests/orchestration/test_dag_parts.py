"""Logins, alerts, schedules and documentation: what the DAGs are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset, AssetAny, AssetOrTimeSchedule, BaseNotifier, CronTriggerTimetable

from modstamp import wiring
from modstamp.connections import from_environment
from modstamp.engine.handoff import Summary
from modstamp.errors import (
    ConfigurationError,
    FatalError,
    LeaseHeldError,
    LimitReachedError,
    ModstampError,
    RejectedRecordError,
)
from modstamp.mapping.catalog import Mappings
from modstamp.mapping.directions import Polling
from modstamp.model import Direction
from modstamp.orchestration import alerts, daily, factory, guide, schedule
from modstamp.orchestration.clock import Clock
from modstamp.orchestration.connections import resolve
from modstamp.settings import Settings

PROJECT = Path(__file__).parents[2]
SETTINGS = Settings(mappings=PROJECT / "include" / "mappings")
LOGIN = {
    "conn_type": "salesforce",
    "host": "https://org.example",
    "port": 8443,
    "login": "client",
    "password": "secret",
    "extra": {"grant": "client_credentials"},
}


class Events(dict[Any, Any]):
    """Outlet events of a task: remembers what was touched."""

    def __init__(self) -> None:
        self.touched: list[tuple[str, Mapping[str, Any]]] = []

    def __missing__(self, alias: Any) -> Events:
        return self

    def add(self, asset: Any, extra: Mapping[str, Any]) -> None:
        self.touched.append((asset.name, extra))


class Told(BaseNotifier):
    """Writes into the context itself what it is told."""

    def notify(self, context: Any) -> None:
        context["told"].append(context["exception"])


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return wiring.mappings(SETTINGS)


def summary(direction: Direction = Direction.POLLING, **counts: int) -> Summary:
    return Summary(
        run_id="run",
        mapping="salesforce_user",
        direction=direction,
        counts=counts,
        reasons={},
        calls=0,
        document_calls=1,
        seconds=0.0,
        message="8,000 of 8,000 calls",
    )


def test_airflow_and_the_command_line_read_the_same_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOME_ORG", json.dumps(LOGIN))

    found = resolve("some_org")

    assert found == from_environment("some_org")
    assert "secret" not in repr(found)


def test_types_wait_for_those_that_they_refer_to_and_for_slices_of_their_own(mappings: Mappings) -> None:
    contact = schedule.of(mappings, mappings["salesforce_contact"], Direction.POLLING, SETTINGS)
    role = schedule.of(mappings, mappings["salesforce_user_role"], Direction.POLLING, SETTINGS)

    assert isinstance(contact, AssetOrTimeSchedule)
    assert isinstance(contact.asset_condition, AssetAny)
    assert contact.asset_condition == AssetAny(
        schedule.rest(mappings["salesforce_contact"]),
        *(schedule.linked(mappings[name]) for name in ("salesforce_user", "salesforce_account")),
    )
    assert isinstance(role, AssetOrTimeSchedule)
    assert role.asset_condition == AssetAny(schedule.rest(mappings["salesforce_user_role"]))


def test_a_direction_that_is_off_has_no_schedule(mappings: Mappings) -> None:
    assert schedule.of(mappings, mappings["salesforce_user"], Direction.PUSHING, SETTINGS) is None


@pytest.mark.requirement("OSF-012")
def test_a_push_is_started_by_its_pending_entries_and_by_the_clock(mappings: Mappings) -> None:
    lead = schedule.of(mappings, mappings["salesforce_lead"], Direction.PUSHING, SETTINGS)

    assert isinstance(lead, AssetOrTimeSchedule)
    assert isinstance(lead.timetable, Clock)
    assert lead.timetable.summary == "0:05:00"
    assert isinstance(lead.asset_condition, Asset)
    (watcher,) = lead.asset_condition.watchers
    kwargs = {"mapping": "salesforce_lead", "connection": "engagement"}
    assert watcher.trigger.serialize() == ("modstamp.orchestration.triggers.PendingEntries", kwargs)


@pytest.mark.parametrize(
    ("done", "touched"),
    [
        (summary(created=2, linked=1), ["salesforce_user_links"]),
        (summary(updated=5, unchanged=9), []),
        (summary(Direction.PUSHING, created=2), []),
        (replace(summary(), counts={"updated": 1, "left over": 1}), ["salesforce_user_pending"]),
    ],
)
def test_only_new_links_of_a_poll_set_off_other_types(mappings: Mappings, done: Summary, touched: list[str]) -> None:
    events = Events()

    schedule.announce({"outlet_events": events}, mappings["salesforce_user"], done)

    assert [name for name, _ in events.touched] == touched


@pytest.mark.parametrize(("paused", "kind"), [(True, LimitReachedError), (False, ModstampError)])
def test_a_run_that_held_or_has_a_warning_is_told_with_its_reason(*, paused: bool, kind: type[Exception]) -> None:
    context: dict[str, Any] = {"told": []}
    ended = replace(summary(), paused=paused)

    alerts.notify_held(context, Settings(notifiers={f"{__name__}.{Told.__name__}": {}}), ended)

    assert [(type(each), str(each)) for each in context["told"]] == [(kind, "8,000 of 8,000 calls")]


@pytest.mark.parametrize(
    "path", ["no.such.Notifier", "modstamp.orchestration.alerts.Nobody", "modstamp.model.Side", "builtins.dict"]
)
def test_a_notifier_that_cannot_be_made_is_a_fault_of_the_configuration(path: str) -> None:
    with pytest.raises(ConfigurationError, match="MODSTAMP_NOTIFIERS"):
        alerts.notifiers(Settings(notifiers={path: {}}))


@pytest.mark.guarantee("G29")
@pytest.mark.parametrize(
    ("error", "action"),
    [
        (ConfigurationError([]), "fail"),
        (FatalError("the disk is full"), "fail"),
        (LeaseHeldError("at work"), "retry"),
        (RejectedRecordError("code", "reason"), "default"),
    ],
)
def test_errors_are_retried_by_their_consequence(error: Exception, action: str) -> None:
    assert factory.RETRY_POLICY.evaluate(error, try_number=1, max_tries=3).action.value == action


def test_mappings_of_one_type_are_told_apart_by_their_names() -> None:
    titles = {dag.dag_id: dag.dag_display_name for dag in factory.sync_dags(SETTINGS)}

    assert len(set(titles.values())) == len(titles)
    assert titles["salesforce_lead_push"] == "Push Lead · salesforce"
    assert titles["salesforce_task_mails_sent_push"] == "Push Task (mails sent) · salesforce"


def test_the_documentation_names_conditions_and_what_is_off(mappings: Mappings) -> None:
    lead = guide.document(mappings.file("salesforce_lead"), Direction.POLLING)
    user = guide.document(mappings.file("salesforce_user"), Direction.PUSHING)

    assert "**create**: on, when Email is not empty and HasOptedOutOfEmail is false" in lead
    assert "| `stage_id` | ↔ | `Status` | by value table `lead_status`; names a stage by name |" in lead
    assert "**Pushing is off in the mapping file**" in user


@pytest.mark.parametrize(
    ("every", "words"),
    [("10 minutes", "Every 10 minutes."), ("1 hour", "Every hour."), ("90 seconds", "Every 90 seconds.")],
)
def test_how_often_a_dag_runs_is_said_as_people_say_it(mappings: Mappings, every: str, words: str) -> None:
    file = mappings.file("salesforce_lead")
    polling = file.mapping.polling.model_copy(update={"every": parsed_duration(every)})

    changed = replace(file, mapping=file.mapping.model_copy(update={"polling": polling}))

    assert words in guide.document(changed, Direction.POLLING)


def parsed_duration(text: str) -> timedelta:
    return Polling.model_validate({"every": text}).every


def test_the_upkeep_dag_forgets_looks_again_and_refreshes_each_connection() -> None:
    dag = daily.upkeep_dag(SETTINGS)

    reconciled = {name for name in dag.task_ids if name.startswith("reconcile_salesforce_")}
    assert set(dag.task_ids) - reconciled == {
        "forget",
        "look_again",
        "refresh_salesforce",
        "reread_formulas_salesforce",
    }
    assert len(reconciled) == 9
    assert dag.task_dict["refresh_salesforce"].pool == "salesforce_api"


def test_the_upkeep_dag_waits_for_the_night_when_it_is_unpaused() -> None:
    dag = daily.upkeep_dag(SETTINGS)

    assert dag.start_date is None, "Airflow would make up for the night that has passed since"
    assert isinstance(dag.timetable, CronTriggerTimetable)
    assert dag.timetable.run_immediately == timedelta(minutes=5)
