"""One seed: its world is made, troubled and compared, in a folder of its own."""

from __future__ import annotations

import json
import random
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from bench.chaos import database, variety
from bench.chaos.chains import Chains
from bench.chaos.database import Server
from bench.chaos.fields import Words
from bench.chaos.nursery import Nursery
from bench.chaos.people import People
from bench.chaos.salesforce import Salesforce
from bench.chaos.scene import Journal, Scene
from bench.chaos.trouble import Trouble
from bench.chaos.worlds import Result, World

EPOCHS: Final = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """Where seeds are played. `kills` are wanted of each, `seconds` of trouble, at least.

    `airflow`: a whole one makes the runs.
    """

    nursery: Nursery
    server: Server
    kills: int
    seconds: float
    airflow: bool


def play(seed: int, stage: Stage, folder: Path) -> Result:
    """Play one seed in its own folder, where all of the story stays."""
    dice = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    drawn = variety.draw(dice)
    policies = {name: getattr(drawn.policies, name) for name in drawn.policies.__slots__}
    began, result = time.monotonic(), Result(seed, policies)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tasks").mkdir(parents=True)
    variety.write_mappings(drawn.policies, folder / "mappings")
    journal = Journal(folder / "journal.jsonl")
    journal.tell("seed", seed=seed, **policies, batch=drawn.batch)
    with ExitStack() as stack:
        world = _make(stack, stage, folder, drawn, Told(dice, journal, result))
        world.begin()
        world.quiet()
        for number in range(EPOCHS):
            share = stage.seconds / EPOCHS, stage.kills // EPOCHS
            if stage.airflow:
                world.airflow_epoch(folder / f"airflow-{number}", *share)
            else:
                world.epoch(*share)
            world.quiet()
        result.kills, result.ends, result.faults = world.chains.kills, world.chains.ends, world.trouble.faults
        result.struck = world.chains.struck
        result.deeds, result.seconds = world.people.deeds, round(time.monotonic() - began, 1)
        if result.findings or result.restless:
            _keep(world.engine, folder)
    return result


@dataclass(frozen=True, slots=True)
class Told:
    """What a seed is told by."""

    dice: random.Random
    journal: Journal
    result: Result


def _make(stack: ExitStack, stage: Stage, folder: Path, drawn: variety.Variety, told: Told) -> World:
    """Both systems, and everybody who works with them; they end with the stack."""
    name = f"chaos_{told.result.seed}"
    engine = stage.server.make(name)
    stack.callback(stage.server.drop, name)
    stack.callback(engine.dispose)
    salesforce = Salesforce(stage.nursery, folder / "salesforce", folder / "salesforce.log")
    stack.callback(salesforce.close)
    environment = _environment(drawn, engine, salesforce, folder)
    chains = Chains(stage.nursery, folder, environment, told.dice, told.journal, drawn.kill_share)
    stack.callback(chains.close)
    words = Words(salesforce.org.store, told.dice)
    people = People(Scene(salesforce.org, engine, told.dice, words, told.journal))
    trouble = Trouble(stage.server, salesforce, chains, told.dice, people.scene)
    return World(chains, people, trouble, salesforce, engine, drawn, told.journal, told.dice, told.result)


def _environment(drawn: variety.Variety, engine: Engine, salesforce: Salesforce, folder: Path) -> dict[str, str]:
    engagement = {
        "conn_type": "postgres",
        "login": engine.url.username,
        "schema": engine.url.database,
        "extra": {"host": engine.url.query["host"]},
    }
    return {
        **drawn.environment(),
        "MODSTAMP_MAPPINGS": str(folder / "mappings"),
        "MODSTAMP_STAGING_URL": (folder / "staging").as_uri(),
        "AIRFLOW_CONN_ENGAGEMENT": json.dumps(engagement),
        "AIRFLOW_CONN_SALESFORCE": salesforce.connection(),
    }


def _keep(engine: Engine, folder: Path) -> None:
    """Every table of the engagement database beside the journal, for whoever looks for the cause."""
    names = [
        row["name"]
        for row in database.rows(engine, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    ]
    for name in names:
        rows = database.rows(engine, f"SELECT * FROM {name}")  # noqa: S608
        lines = "".join(json.dumps(row, default=str) + "\n" for row in rows)
        (folder / f"table-{name}.jsonl").write_text(lines, encoding="utf-8")
