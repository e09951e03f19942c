"""The small world of one seed: what happens in it, and how it comes to rest."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, text

from bench.chaos import variety
from bench.chaos.airflow import Airflow
from bench.chaos.chains import Chains
from bench.chaos.diary import MAPPINGS
from bench.chaos.fields import FIELDS
from bench.chaos.people import People
from bench.chaos.reckoning import reckon, refused
from bench.chaos.salesforce import Salesforce
from bench.chaos.scene import Journal
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
    ("salesforce_opportunity", "polling"): 0.3,
    ("salesforce_event", "pushing"): 5,
    **{(name, "pushing"): 1.2 for name in MAPPINGS if name != "salesforce_event"},
}
_PEOPLE: Final = ("salesforce_account", "salesforce_contact", "salesforce_lead")  # whom people edit
_ALL: Final = (*_PEOPLE, *MAPPINGS, "salesforce_opportunity")
_AT_ONCE: Final = 3
_PATIENCE: Final = 4  # times the seconds that were asked for, until enough was killed
_RUNS: Final = 4.0  # a second, if so many can be at work
_WITH_AIRFLOW: Final = {"people": 2.0, "trigger": 0.7, "kill": 0.25}
_SCHEDULERS: Final = 0.15  # of Airflow's kills
_AIRFLOW_PATIENCE: Final = 900.0  # tasks that failed are tried again after minutes
_ROUNDS: Final = 25  # at most, until nothing happens any more
_ROUND_PATIENCE: Final = 120.0
_QUIET: Final = 2  # rounds without a write
_WRITES: Final = ("created", "updated", "deleted", "again", "unanswered", "recovered", "linked", "revived", "ended")
# What waits for people who are being created is due within seconds; hidden records are due much later.
_OPEN: Final = """
SELECT (SELECT count(*) FROM sync_intents) + (SELECT count(*) FROM sync_pending
    WHERE not_before BETWEEN now() AND now() + :seconds * interval '1 second')
"""


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
    struck: Counter[str] = field(default_factory=Counter)
    happenings: Counter[str] = field(default_factory=Counter)
    accounted: Counter[str] = field(default_factory=Counter)
    reconciled: Counter[str] = field(default_factory=Counter)
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
    hidden: int = 0  # how often records had been hidden when both sides were last reconciled

    def begin(self) -> None:
        """Users and stages first, as records refer to them."""
        self._must(self.chains.do("prepare", 60))
        self._must(self._round())
        with self.engine.connect() as connection:
            self.people.scene.words.learn(connection)
        self.people.begin()

    def epoch(self, seconds: float, kills: int) -> None:
        """Let everything happen at once."""
        happenings = {
            "people": self.people.act,
            "fault": self.trouble.fault,
            "stall": self.trouble.stall,
            "command": self.trouble.command,
            "kill database": self.trouble.kill_database,
            "kill salesforce": self.trouble.kill_salesforce,
            "kill worker": self.trouble.kill_worker,
            "run": self._run,
        }
        self._let(happenings, {**self.variety.rates, "run": _RUNS}, seconds, kills)

    def airflow_epoch(self, folder: Path, seconds: float, kills: int) -> None:
        """The same with a whole Airflow, which is given some time to bring all to rest itself."""
        socket = str(self.engine.url.query["host"])
        self.trouble.server.make("airflow").dispose()
        airflow = Airflow(folder, socket, self.chains.environment, self.journal)

        def kill() -> None:
            scheduler = self.dice.random() < _SCHEDULERS
            if (airflow.kill_scheduler if scheduler else partial(airflow.kill_task, self.dice))():
                self.chains.kills["Airflow's scheduler" if scheduler else "Airflow's task"] += 1

        happenings: dict[str, Callable[[], object]] = {
            "people": self.people.act,
            "fault": self.trouble.fault,
            "kill salesforce": self.trouble.kill_salesforce,
            "trigger": partial(airflow.trigger, self.dice),
            "kill": kill,
        }
        rates = {**{name: self.variety.rates[name] for name in ("fault", "kill salesforce")}, **_WITH_AIRFLOW}
        try:
            airflow.start()
            self._let(happenings, rates, seconds, kills)
            self.people.editors.end_held(all_of_them=True)
            self.salesforce.clear_faults()
            rested = airflow.rest(_AIRFLOW_PATIENCE)
            self.journal.tell("Airflow is at rest" if rested else "Airflow is not at rest")
        finally:
            airflow.close()

    def _let(
        self, happenings: Mapping[str, Callable[[], object]], rates: Mapping[str, float], seconds: float, kills: int
    ) -> None:
        """Until the time is over and enough was killed; `rates` per second."""
        due = {name: time.monotonic() + self.dice.expovariate(rates[name]) for name in happenings}
        began, wanted = time.monotonic(), self.chains.kills.total() + kills
        while time.monotonic() < began + seconds or (
            self.chains.kills.total() < wanted and time.monotonic() < began + _PATIENCE * seconds
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
        if self.trouble.faults["hidden_records"] > self.hidden:
            self._reconcile()
            self._rest()
        if self._touch():
            self._rest()
        judge = Judge(self.people.scene, self.variety.policies)
        verdict = judge.judge()
        reckoning = reckon(self.people.scene, self.variety.policies)
        verdict.findings += reckoning.judge(self.people.scene.happenings)
        self.result.happenings += reckoning.compared
        self.result.accounted += reckoning.accounted
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

    def _reconcile(self) -> None:
        """A window that was read while records were hidden is behind us: the nightly comparison finds these (G12)."""
        self.hidden = self.trouble.faults["hidden_records"]
        done = self.chains.do("reconcile", _ROUND_PATIENCE, run_id=f"night-{self.rounds}", mappings=_PEOPLE)
        self.journal.tell("reconciled", **(done or {}))
        for counts in (done or {}).get("found", {}).values():
            self.result.reconciled.update(counts)

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
        refusals = refused(self.people.scene)
        for name, cause in refusals.items():
            self.result.touched[cause] += 1
            self.journal.tell("touch", record=name, cause=cause)
            self.people.touch(self.people.scene.happenings[name])
        return bool(waiting or refusals)

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
        wanted = None if self.rounds == 1 else _ALL
        done = self.chains.do("round", _ROUND_PATIENCE, run_id=f"round-{self.rounds}", mappings=wanted)
        self.journal.tell("round", number=self.rounds, runs=_brief(done))
        return done

    def _is_still(self, done: dict[str, Any]) -> bool:
        """No run failed, none wrote, and no answer is open."""
        wrote = any(run.get("counts", {}).get(name) for run in done["runs"] for name in _WRITES)
        return not wrote and not any("failed" in run for run in done["runs"]) and not self._waits()

    def _waits(self) -> bool:
        """Whether an answer is open, or something is soon to be looked at again."""
        with self.engine.connect() as connection:
            return bool(connection.execute(text(_OPEN), {"seconds": variety.ATTENDEE_WAIT + 1}).scalar())

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
