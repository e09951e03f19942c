"""Processes that the stack starts are found again, end when asked, and are never taken for others."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stack.places import Places, StackError, free_port, read_secrets
from sandbox.stack.processes import Process, run

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORES_INTERRUPTS = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path)
    found.make()
    return found


@pytest.fixture
def process(places: Places) -> Iterator[Process]:
    made = Process(places, "sleeper")
    yield made
    made.stop(signal.SIGKILL, 5)


def test_a_later_command_finds_a_process_and_what_it_must_know(process: Process) -> None:
    process.start(SLEEPS, os.environ, port=8443)

    note = Process(process.places, "sleeper").note()

    assert note is not None
    assert note["port"] == 8443


def test_a_process_ends_when_asked(process: Process) -> None:
    process.start(SLEEPS, os.environ)

    assert process.stop(signal.SIGTERM, 5)
    assert process.note() is None
    assert not process.stop(signal.SIGTERM, 5)


def test_a_process_that_does_not_listen_is_ended_all_the_same(process: Process) -> None:
    process.start(IGNORES_INTERRUPTS, os.environ)
    while "ready" not in process.log.read_text():
        assert process.note()

    assert process.stop(signal.SIGINT, 0.2)
    # Nothing can outlive a kill, but the kernel takes a moment.
    assert process.note() is None


def test_an_id_that_another_process_has_now_is_left_alone(process: Process) -> None:
    note = {"pid": os.getpid(), "born": "1"}
    (process.places.processes / "sleeper.json").write_text(json.dumps(note))

    assert process.note() is None
    assert not process.stop(signal.SIGKILL, 1)


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(StackError, match="No module named"):
        run("no_such_module", environment=os.environ)


def test_secrets_are_made_once_and_nobody_else_can_read_them(places: Places) -> None:
    first = read_secrets(places)

    assert read_secrets(places) == first
    assert (places.state / "secrets.json").stat().st_mode & 0o077 == 0
    assert len({first.password, first.fernet_key, first.jwt_secret, first.secret_key}) == 4


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) > port
