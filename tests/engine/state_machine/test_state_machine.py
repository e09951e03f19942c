"""The promise, under stories that hypothesis invents: a few in the suite, thousands in the long run.

The long run goes by MODSTAMP_EXAMPLES (how many stories) and MODSTAMP_SEED, and prints what it played:
``pytest -m long -s tests/engine/state_machine``.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.state_machine.light import Ground
from tests.engine.state_machine.machine import SEEN, SyncMachine

FEW, MANY = 25, int(os.environ.get("MODSTAMP_EXAMPLES", "10000"))
SEED = os.environ.get("MODSTAMP_SEED")
STEPS = 30
_COMMON = settings(
    stateful_step_count=STEPS,
    deadline=None,
    print_blob=False,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(tmp_path)
    gc.collect()
    gc.freeze()  # what is there by now stays; each example makes much that is soon gone
    yield ground
    gc.unfreeze()
    ground.close()


def play(ground: Ground, examples: int, *, derandomize: bool) -> None:
    machine = type("Machine", (SyncMachine,), {"ground": ground})
    if SEED and not derandomize:
        machine = seed(SEED)(machine)
    SEEN.clear()
    try:
        run_state_machine_as_test(machine, settings=settings(_COMMON, max_examples=examples, derandomize=derandomize))
    finally:
        print(f"\n{SEEN['examples']} examples, {SEEN['steps']} steps")  # noqa: T201


@pytest.mark.timeout(600)
def test_the_promise_holds_in_every_story(ground: Ground) -> None:
    play(ground, FEW, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_the_promise_holds_in_thousands_of_stories(ground: Ground) -> None:
    play(ground, MANY, derandomize=False)
