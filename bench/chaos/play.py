"""One seed: a small world, what happens in it, and what came of it."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, text

from bench.chaos import database, variety
from bench.chaos.chains import Chains
from bench.chaos.database import Server
from bench.chaos.fields import FIELDS, Words
from bench.chaos.nursery import Nursery
from bench.chaos.people import People
from bench.chaos.salesforce import Salesforce
from bench.chaos.scene import Journal, Scene
from bench.chaos.trouble import Trouble
from bench.chaos.verdict import Judge, Verdict, quarantined

_MAPPINGS: Final = {
    ("salesforce_lead", "polling"): 6,
    ("salesforce_lead", "pushing"): 6,
    ("salesforce_contact", "polling"): 3,
    ("salesforce_contact", "pushing"): 3,
    ("salesforce_account", "polling"): 1.5,
    ("salesforce_account", "pushing"): 1.5,
    ("salesforce_user", "polling"): 0.3,
}
_PEOPLE: Final = ("salesforce_account", "salesforce_contact", "salesforce_lead")  # whom people edit
_AT_ONCE: Final = 3
_EPOCHS: Final = 2
_ROUNDS: Final = 40  # at most, until nothing happens any more
_ROUND_PATIENCE: Final = 120.0
_QUIET: Final = 2  # rounds without a write
_WRITES: Final = ("created", "updated", "deleted", "again", "unanswered", "recovered", "linked", "revived", "ended")


@dataclass
class Result:
    """Of one seed, to be added to those of the others."""

    seed: int
    policies: dict[str, Any]
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, str]] = field(default_factory=list)
    waiting: Counter[str] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)
    deeds: int = 0
    compared: int = 0
    seconds: float = 0.0
    restless: int = 0


@dataclass
class World:
    """Everything of one seed that is running."""

    chains: Chains
    people: People
    trouble: Trouble
    salesforce: Salesforce
    engine: Engine
    variety: variety.Variety
    journal: Journal
    dice: random.Random
    result: Result
    rounds: int = 0

    def begin(self) -> None:
        """Users and stages first, as records refer to them."""
        self._must(self.chains.do("prepare", 60))
        self._must(self._round())
        with self.engine.connect() as connection:
            self.people.scene.words.learn(connection)
        self.people.begin()

    def epoch(self, seconds: float, kills: int) -> None:
        """Let everything happen at once, until the time is over and enough was killed."""
        rates = {**self.variety.rates, "run": 4.0}
        happenings: dict[str, Callable[[], None]] = {
            "people": self.people.act,
            "fault": self.trouble.fault,
            "stall": self.trouble.stall,
            "command": self.trouble.command,
            "kill database": self.trouble.kill_database,
            "kill salesforce": self.trouble.kill_salesforce,
            "kill worker": self.trouble.kill_worker,
            "run": self._run,
        }
        due = {name: time.monotonic() + self.dice.expovariate(rate) for name, rate in rates.items()}
        began, wanted = time.monotonic(), self.chains.kills.total() + kills
        while time.monotonic() < began + seconds or (
            self.chains.kills.total() < wanted and time.monotonic() < began + 4 * seconds
        ):
            for name, moment in due.items():
                if time.monotonic() >= moment:
                    happenings[name]()
                    due[name] = time.monotonic() + self.dice.expovariate(rates[name])
            self.people.editors.end_held()
            self.chains.look()
            time.sleep(0.004)

    def _run(self) -> None:
        if self.chains.running < _AT_ONCE:
            self.chains.begin(*self.dice.choices(list(_MAPPINGS), list(_MAPPINGS.values()))[0])

    def quiet(self) -> None:
        """Nobody edits, nothing breaks: go on until nothing is written, then compare."""
        self.people.editors.end_held(all_of_them=True)
        self.chains.end()
        self.salesforce.clear_faults()
        self.journal.tell("quiet")
        self._rest()
        if self._touch():
            self._rest()
        judge = Judge(self.people.scene, self.variety.policies)
        verdict = judge.judge()
        self._go_on_from(judge)
        self._add(verdict)

    def _rest(self) -> None:
        """Go on until two rounds in a row wrote nothing."""
        still = 0
        for _ in range(_ROUNDS):
            done = self._round()
            still = still + 1 if done is not None and self._is_still(done) else 0
            if still >= _QUIET:
                return
            time.sleep(0.5 if self._waits() else 0)
        self.result.restless += 1

    def _touch(self) -> bool:
        """Rules that are lifted again have left records in quarantine: people edit these once more (G26)."""
        waiting = quarantined(self.people.scene)
        for name, cause in waiting.items():
            record = self.people.scene.records.get(name)
            if record is None or record.loose or record.deletions:
                continue
            self.result.touched[cause] += 1
            self.journal.tell("touch", record=name, cause=cause)
            first, second = FIELDS[record.type][:2]
            self.people.editors.inside(record, first)
            self.people.editors.outside(record, second)
            self.people.editors.end_held(all_of_them=True)
        return bool(waiting)

    def _go_on_from(self, judge: Judge) -> None:
        """Records that agree are in step; the others are left alone from now on."""
        for each in judge.verdict.findings:
            self.journal.tell(each.kind.upper(), record=each.record, text=each.text)
        agreed, scene = judge.agreed(), self.people.scene
        for name in list(scene.records):
            if name in agreed:
                self.people.in_step(name, agreed[name])
            else:
                self.people.retire(name)
        scene.wrong.clear()

    def _add(self, verdict: Verdict) -> None:
        result = self.result
        result.conflicts += verdict.conflicts
        result.waiting = verdict.waiting
        result.compared += verdict.compared
        result.findings += [{"kind": each.kind, "record": each.record, "text": each.text} for each in verdict.findings]

    def _round(self) -> dict[str, Any] | None:
        self.rounds += 1
        wanted = None if self.rounds == 1 else _PEOPLE
        done = self.chains.do("round", _ROUND_PATIENCE, run_id=f"round-{self.rounds}", mappings=wanted)
        self.journal.tell("round", number=self.rounds, runs=_brief(done))
        return done

    def _is_still(self, done: dict[str, Any]) -> bool:
        """No run failed, none wrote, and no answer is open."""
        wrote = any(run.get("counts", {}).get(name) for run in done["runs"] for name in _WRITES)
        return not wrote and not any("failed" in run for run in done["runs"]) and not self._waits()

    def _waits(self) -> bool:
        with self.engine.connect() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM sync_intents")).scalar())

    @staticmethod
    def _must(done: dict[str, Any] | None) -> None:
        if done is None or "failed" in done:
            raise RuntimeError(f"the world could not be made: {done}")


def _brief(done: dict[str, Any] | None) -> Any:
    if done is None:
        return None
    left_out = {"seen", "unchanged", "seen before"}
    brief = {}
    for run in done["runs"]:
        counts = {name: count for name, count in run.get("counts", {}).items() if name not in left_out and count}
        if counts or "failed" in run:
            brief[run["run"]] = run.get("failed", counts)
    return brief


@dataclass(frozen=True, slots=True)
class Stage:
    """Where seeds are played. `kills`: wanted of each; `seconds`: of trouble, at least."""

    nursery: Nursery
    server: Server
    kills: int
    seconds: float


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
        for _ in range(_EPOCHS):
            world.epoch(stage.seconds / _EPOCHS, stage.kills // _EPOCHS)
            world.quiet()
        result.kills, result.ends, result.faults = world.chains.kills, world.chains.ends, world.trouble.faults
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
    trouble = Trouble(stage.server, salesforce, chains, told.dice, told.journal)
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
