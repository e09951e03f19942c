"""Start everything, run the main job, and stay until somebody ends it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sandbox.stack import airflow, figures, postgresql, salesforce
from sandbox.stack.api import Api, DagRun, Question
from sandbox.stack.job import Pass
from sandbox.stack.places import HOST, Places, Secrets, StackError, read_secrets
from sandbox.stack.processes import run as run_module
from sandbox.stack.processes import wait_until

_READY: Final = 120.0  # seconds that Airflow may take to start
_POOL, _SLOTS = "salesforce_api", 4
_UPKEEP: Final = "modstamp_upkeep"
_BEGAN: Final = time.monotonic()


def run(places: Places, *, size: int, seed: int, port: int, detach: bool) -> int:
    """Returns the exit code: 1 when a run failed. Interrupted, or unless detached, it ends what it started."""
    try:
        return _run(places, size=size, seed=seed, port=port, detach=detach)
    except KeyboardInterrupt:
        stop(places)
        return 0
    except StackError:
        stop(places)
        raise


def _run(places: Places, *, size: int, seed: int, port: int, detach: bool) -> int:
    places.make()
    secrets = read_secrets(places)
    server = postgresql.start(places)
    url = server.url(postgresql.ENGAGEMENT)
    _say("PostgreSQL is up")
    environment = airflow.project_environment(places, server)
    _say(f"Sample org of {size:,} Leads: {_fill(places, environment, url, size, seed)}")
    salesforce.start(places)
    environment["AIRFLOW_CONN_SALESFORCE"] = salesforce.connection(places)
    _say("The local Salesforce is up")
    port = airflow.start(places, secrets, server, environment, port)
    api = _ready(places, secrets, port)
    api.unpause(_UPKEEP)  # it waits for the night
    failed = _main_job(places, api, environment, url)
    print(_farewell(places, secrets, port, failed, api.questions(), figures.linked_mail(url)), flush=True)
    if not detach:
        _stay(places)
    return 1 if failed else 0


def _fill(places: Places, environment: Mapping[str, str], url: str, size: int, seed: int) -> str:
    """Tables, triggers and the sample org; all of it only when it is not there yet."""
    run_module("modstamp", "migrate", environment=environment)
    words = ("--size", str(size), "--seed", str(seed), "--state", str(places.salesforce), "--engagement", url)
    return run_module("sandbox.org", *words, environment=environment).strip().splitlines()[-1]


def _ready(places: Places, secrets: Secrets, port: int) -> Api:
    """Wait for every part of Airflow, and for the DAGs."""
    _say("Airflow is starting")
    api = Api(f"http://{HOST}:{port}", airflow.USER, secrets.password)

    def healthy() -> bool:
        airflow.check(places)
        return api.takes_tasks() and airflow.health_problem(api.health()) is None

    if not wait_until(healthy, _READY):
        part = airflow.health_problem(api.health()) or "the API for tasks"
        raise airflow.failed(f"{part} of Airflow did not start within {_READY:g} s", places)
    api.log_in()
    if not wait_until(api.dags, _READY):
        raise StackError("\n".join(["Airflow found no DAG", *api.import_errors()]))
    api.make_pool(_POOL, _SLOTS, "Tasks that call Salesforce at once")
    _say(f"Airflow is up: {api.url}")
    return api


def _main_job(places: Places, api: Api, environment: Mapping[str, str], url: str) -> list[DagRun]:
    """Both rounds with their tables. Returns the runs that failed."""
    failed = _round(places, api, url, "First round")
    words = ("--fit", "--state", str(places.salesforce), "--engagement", url)
    said = run_module("sandbox.org.people", *words, environment=environment)
    _say("People have worked on both sides:\n" + "\n".join(f"    {line}" for line in said.splitlines()))
    return failed + _round(places, api, url, "Second round, after people's edits")


def _round(places: Places, api: Api, url: str, title: str) -> list[DagRun]:
    since = datetime.now(UTC)
    one = Pass(api, _say, partial(airflow.check, places))
    _say(f"{title}: polling")
    runs = one.go("_poll")
    _say(f"{title}: pushing")
    runs += one.go("_push")
    print(f"\n{title}\n\n{figures.table(figures.read(url, since))}\n", flush=True)
    return [each for each in runs if each.state != "success"]


def _farewell(  # noqa: PLR0913, PLR0917 - all that is told at the end
    places: Places, secrets: Secrets, port: int, failed: list[DagRun], questions: list[Question], mail: str
) -> str:
    lines = [f"✗ {each.dag_id} failed: its log is in Airflow and below {places.airflow / 'logs'}" for each in failed]
    lines += [
        f"? {each.dag_id} waits for an answer, and nothing of it was written: approve or reject it at"
        f" http://{HOST}:{port}/required_actions"
        for each in questions
    ]
    lines += [
        f"Airflow   http://{HOST}:{port}   user {airflow.USER}   password {secrets.password}",
        f"Edit a Lead:      .venv/bin/python -m sandbox.org.edit lead {mail} Phone=+4930123456",
        f"Edit a prospect:  .venv/bin/python -m sandbox.org.edit prospect {mail} phone=+4930123456",
    ]
    return "\n".join(lines)


def _stay(places: Places) -> None:
    """Until Ctrl-C, or until Airflow ends."""
    print("Ctrl-C ends everything; `make run` goes on from here.", flush=True)
    pause = threading.Event()
    while True:
        pause.wait(1.0)
        airflow.check(places)


def make_org(places: Places, *, size: int, seed: int) -> None:
    """Generate the sample org anew: both sides are emptied, state of the sync included. Raises `StackError`."""
    if salesforce.runs(places):
        raise StackError("the stack is running: make stop first")
    places.make()
    shutil.rmtree(places.salesforce)
    places.make()
    server = postgresql.start(places)
    try:
        postgresql.empty(server, postgresql.ENGAGEMENT)
        url = server.url(postgresql.ENGAGEMENT)
        _say(_fill(places, airflow.project_environment(places, server), url, size, seed))
    finally:
        postgresql.stop(places)


def stop(places: Places) -> None:
    """End everything that runs, in the order in which it needs each other."""
    for name, end in (("Airflow", airflow.stop), ("Salesforce", salesforce.stop), ("PostgreSQL", postgresql.stop)):
        if end(places):
            _say(f"{name} has ended")


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:5.1f} s] {text}", flush=True)
