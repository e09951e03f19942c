"""The rounds of the main job against a played Airflow: what is set off, in which order, and when a round is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from sandbox.stack.api import Api, DagRun, Question
from sandbox.stack.figures import Figures, table
from sandbox.stack.job import Pass
from sandbox.stack.places import StackError

PARENTS = {
    "user_poll": {"user_rest"},  # what it left over itself
    "account_poll": {"user_links"},
    "contact_poll": {"user_links", "account_links"},
}


@dataclass
class PlayedApi(Api):
    """A run ends at the second look. `off`: DAGs without a schedule."""

    paused: bool = True
    off: frozenset[str] = frozenset()
    outcome: str = "success"
    asked: list[tuple[str, str]] = field(default_factory=list)
    asking: frozenset[str] = frozenset()
    states: dict[str, str] = field(default_factory=dict)

    def dags(self) -> dict[str, dict[str, Any]]:
        names = [*PARENTS, "account_push"]
        return {
            name: {"is_paused": self.paused, "timetable_summary": None if name in self.off else "0:10:00"}
            for name in names
        }

    def awaited(self, dag_id: str) -> set[str]:
        return PARENTS.get(dag_id, set())

    def unpause(self, dag_id: str) -> None:
        self.asked.append(("unpause", dag_id))
        if dag_id not in self.off:
            self.states[dag_id] = "queued"

    def trigger(self, dag_id: str) -> None:
        self.asked.append(("trigger", dag_id))
        self.states[dag_id] = "queued"

    def runs_since(self, instant: datetime) -> list[DagRun]:
        assert instant.tzinfo is not None
        seen = [DagRun(dag_id=name, run_id="1", state=state, seconds=1.0) for name, state in self.states.items()]
        self.states = {name: "running" if name in self.asking else self.outcome for name in self.states}
        return seen

    def questions(self) -> list[Question]:
        return [
            Question(dag_id=name, run_id="1", text="it would create too much")
            for name in sorted(self.asking & self.states.keys())
        ]

    def failed_tasks(self, run: DagRun) -> list[str]:
        return [f"load of {run.dag_id}"]


def one_pass(api: Api, said: list[str]) -> Pass:
    return Pass(api, said.append, lambda: None, tick=0)


def test_the_first_load_takes_parents_before_children() -> None:
    api, said = PlayedApi(), list[str]()

    runs = one_pass(api, said).go("_poll")

    assert [name for _, name in api.asked] == ["user_poll", "account_poll", "contact_poll"]
    assert {run.dag_id for run in runs} == set(PARENTS)
    assert len(said) == len(PARENTS)


def test_later_all_types_are_triggered_at_once() -> None:
    api = PlayedApi(paused=False)

    one_pass(api, []).go("_poll")

    assert api.asked == [("trigger", name) for name in PARENTS]


def test_a_direction_that_is_off_has_no_schedule_and_is_left_alone() -> None:
    api = PlayedApi(off=frozenset({"user_poll"}))

    one_pass(api, []).go("_poll")

    assert [name for _, name in api.asked] == ["account_poll", "contact_poll"]


def test_a_failed_run_is_told_with_its_tasks() -> None:
    said: list[str] = []

    (run,) = one_pass(PlayedApi(outcome="failed"), said).go("_push")

    assert run.state == "failed"
    assert "failed in load of account_push" in said[0]


def test_a_run_that_asks_is_told_at_once_and_not_waited_for() -> None:
    said: list[str] = []
    played = PlayedApi(asking=frozenset({"account_poll"}))
    one = one_pass(played, said)

    runs = one.go("_poll")

    assert {run.dag_id for run in runs} == {"user_poll", "contact_poll"}
    assert [text for text in said if "account_poll" in text] == [
        f"  ? {'account_poll':<40} waits for an answer: it would create too much"
    ]
    played.asked.clear()
    one.go("_poll")
    assert "account_poll" not in {name for _, name in played.asked}, "its next run would wait for the answer, too"


def test_an_airflow_that_ended_ends_the_wait() -> None:
    def ended() -> None:
        raise StackError("Airflow ended")

    with pytest.raises(StackError, match="Airflow ended"):
        Pass(PlayedApi(), lambda _: None, ended, tick=0).go("_poll")


def test_the_table_adds_up_runs_and_names_the_commonest_reasons() -> None:
    figures = Figures()
    for _ in range(2):
        figures.add(
            {
                "counts": {"seen": 1_000, "withheld": 7},
                "reasons": {"withheld": {f"reason {number}": number for number in range(1, 7)}},
                "calls": 3,
                "document_calls": 6,
                "seconds": 4.0,
            }
        )

    lines = table({("salesforce_lead", "polling"): figures}).splitlines()

    shown = ["2", "2,000", "0", "0", "0", "0", "14", "0", "6", "12", "250"]
    assert lines[2].split() == ["salesforce_lead", "polling", *shown]
    assert lines[3].split() == ["all", *shown]
    assert lines[-1] == "salesforce_lead polling: 6 withheld for other reasons"
    assert "12 withheld: reason 6" in lines[5]
