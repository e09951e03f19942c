"""The main job, through Airflow's scheduler: poll and push every type, let people work, poll and push again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any, Final

from sandbox.stack.api import Api, DagRun, Question
from sandbox.stack.places import StackError

_PATIENCE: Final = 600.0
_QUESTIONS: Final = 4  # looks at the runs for each look for questions
_CALM: Final = 3  # looks in a row without a run under way: a run that sets off another does so in less time

Say = Callable[[str], None]


@dataclass(slots=True)
class Pass:
    """One round of the DAGs of one direction, with the runs that they set off."""

    api: Api
    say: Say
    check: Callable[[], None]  # raises when Airflow has ended
    tick: float = 0.5  # seconds between looks
    told: set[tuple[str, str]] = field(default_factory=set)
    held: dict[str, Question] = field(default_factory=dict)  # DAG id → what its run asks

    def go(self, ending: str) -> list[DagRun]:
        """Run all DAGs whose name ends so, and wait until they are at rest or ask a person. Raises `StackError`.

        Nothing is set off behind a run that asks: it would wait for the answer. One without a schedule is of a
        direction that its mapping switches off: it would end at once.
        """
        since = datetime.now(UTC)
        known = self.api.dags().items()
        names = {name: dag for name, dag in known if name.endswith(ending) and dag["timetable_summary"] is not None}
        begun: set[str] = set()
        runs: list[DagRun] = []
        self._look_for_questions()
        for generation in self._generations(names):
            free = [name for name in generation if name not in self.held]
            for name in free:
                self._set_off(name, names[name])
            begun |= set(free)
            runs = self._at_rest(begun, since)
        return runs

    def _generations(self, names: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, ...]]:
        """On the first load parents before children, which saves these a run per generation; later all at once."""
        if not any(dag["is_paused"] for dag in names.values()):
            yield tuple(names)
            return
        producers = {f"{name.removesuffix('_poll')}_links": name for name in names}
        # Besides links, a DAG may await what it left over itself.
        parents = {name: self.api.awaited(name) & producers.keys() for name in names}
        order = TopologicalSorter({name: {producers[each] for each in parents[name]} for name in names})
        order.prepare()
        while order.is_active():
            generation = order.get_ready()
            yield generation
            order.done(*generation)

    def _at_rest(self, names: set[str], since: datetime) -> list[DagRun]:
        """Wait until each of them has run or asks, and none is under way; returns those that ended, newest first."""
        until, calm, looks = time.monotonic() + _PATIENCE, 0, 0
        while calm < _CALM:
            if time.monotonic() > until:
                raise StackError(f"the runs of {', '.join(sorted(names))} did not end within {_PATIENCE:g} s")
            time.sleep(self.tick)
            self.check()
            runs = [run for run in self.api.runs_since(since) if run.dag_id in names]
            self._tell(runs)
            under_way = [run for run in runs if not run.ended]
            looks += 1
            if under_way and looks % _QUESTIONS == 0:
                self._look_for_questions()
            at_rest = {run.dag_id for run in runs} == names and all(run.dag_id in self.held for run in under_way)
            calm = calm + 1 if at_rest else 0
        return [run for run in runs if run.ended]

    def _look_for_questions(self) -> None:
        """Somebody may have answered meanwhile."""
        known, self.held = self.held, {each.dag_id: each for each in self.api.questions()}
        for name, question in self.held.items():
            if name not in known:
                self.say(f"  ? {name:<40} waits for an answer: {question.text}")

    def _set_off(self, name: str, dag: dict[str, Any]) -> None:
        if dag["is_paused"]:
            self.api.unpause(name)  # starts it, too
        else:
            self.api.trigger(name)

    def _tell(self, runs: Iterable[DagRun]) -> None:
        for run in reversed(list(runs)):
            if run.ended and (run.dag_id, run.run_id) not in self.told:
                self.told.add((run.dag_id, run.run_id))
                sign = "✓" if run.state == "success" else "✗"
                failed = "" if run.state == "success" else f"  failed in {', '.join(self.api.failed_tasks(run))}"
                self.say(f"  {sign} {run.dag_id:<40} {run.seconds:5.1f} s{failed}")
